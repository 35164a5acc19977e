#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

// `tokenvault config check`: whether the configuration on this machine is good;
// needs no daemon. "" for the usual places.
int RunConfigCheck(Session& session, const std::string& file);
// `tokenvault config show`: what is in force, and where each value comes from.
int RunConfigShow(Session& session);
// `tokenvault config reload`: all of it, or nothing.
int RunConfigReload(Session& session, bool dry_run);

}  // namespace tokenvault
