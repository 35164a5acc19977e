#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct DemoOptions {
  std::string person = "ana";
  std::string provider = "demo";  // or "demo-google"
};

// `tokenvault demo run`: walks through the built-in demo as agent, person and
// operator, without a browser, and says what happens. 6 when something was not
// as it should be.
int RunDemo(Session& session, const DemoOptions& options);

// `tokenvault demo open`: the links and commands to do the same by hand. The
// link to consent is a fresh one.
int RunDemoOpen(Session& session, const DemoOptions& options);

}  // namespace tokenvault
