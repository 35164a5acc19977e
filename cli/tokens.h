#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/agent_door.h"
#include "cli/session.h"

namespace tokenvault {

struct TokenGetOptions {
  AgentDoorOptions door;
  std::string provider;
  std::vector<std::string> scopes;
  std::string user;             // user_id, or
  std::string user_token_file;  // a file with the person's JWT
  std::string connection;
  std::string purpose;
  absl::Duration min_ttl;  // zero: the vault's default
  bool wait = false;       // for the person, when one must act
  bool raw = false;        // print the token, and only that
};

// `tokenvault token get`: what an agent would get. The token itself is shown
// only with `raw`. 3 when a person must act first.
int RunTokenGet(Session& session, const TokenGetOptions& options);

}  // namespace tokenvault
