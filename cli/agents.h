#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

// `tokenvault agent list`: who may ask, and how the vault knows them.
int RunAgentList(Session& session);
// `tokenvault agent show ID`.
int RunAgentShow(Session& session, const std::string& id);

}  // namespace tokenvault
