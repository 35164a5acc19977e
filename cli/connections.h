#pragma once

#include <string>

#include "cli/names.h"
#include "cli/session.h"

namespace tokenvault {

// `tokenvault connection list`: whose accounts the vault holds.
int RunConnectionList(Session& session, const ConnectionQuery& filter);
// `tokenvault connection show NAME`: what it can do, and for which agents.
int RunConnectionShow(Session& session, const std::string& name);
// `tokenvault connection pause|resume NAME`: no agent gets a token meanwhile.
int RunConnectionPause(Session& session, const std::string& name, bool paused);

struct RevokeOptions {
  std::string name;
  bool yes = false;  // do not ask
};

// `tokenvault connection revoke NAME`: ends it, here and at the provider.
int RunConnectionRevoke(Session& session, const RevokeOptions& options);

}  // namespace tokenvault
