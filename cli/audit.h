#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct AuditTailOptions {
  bool follow = false;
  int lines = 20;
  std::string filter;  // action = "token.granted"
  std::string user;    // "users/u-…", or a person's id at their own provider
};

// `tokenvault audit tail`: the newest events, one a line, oldest first. With
// `follow`, the ones to come too, until Ctrl-C. JSON is one object a line.
int RunAuditTail(Session& session, const AuditTailOptions& options);

}  // namespace tokenvault
