#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

// `tokenvault provider list`: what is configured.
int RunProviderList(Session& session);
// `tokenvault provider show ID`: all of one, and what to register there.
int RunProviderShow(Session& session, const std::string& id);
// `tokenvault provider test ID`: asks the provider whether our client works.
// 6 when something is wrong.
int RunProviderTest(Session& session, const std::string& id);
struct CaptureFixtureOptions {
  std::string id;
  std::string out;  // "": to stdout
};

// `tokenvault provider capture-fixture ID`: what its endpoints answer, with all
// that is private taken out, as JSON. Never overwrites a file.
int RunProviderCaptureFixture(Session& session,
                              const CaptureFixtureOptions& options);
// `tokenvault provider presets [ID]`: what is compiled in; needs no daemon.
int RunProviderPresets(Session& session, const std::string& id);

}  // namespace tokenvault
