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
// `tokenvault provider presets [ID]`: what is compiled in; needs no daemon.
int RunProviderPresets(Session& session, const std::string& id);

}  // namespace tokenvault
