#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

// Which events. Empty fields do not restrict.
struct AuditQuery {
  std::string filter;  // action = "token.granted"
  std::string user;    // "users/u-…", or a person's id at their own provider
  std::string agent;   // with or without "agents/"
  std::string provider;
  std::string kind;   // "token.granted"
  std::string since;  // "2026-11-28", a time of RFC 3339, or "2h" ago
  std::string until;
};

struct AuditTailOptions {
  bool follow = false;
  int lines = 20;
  AuditQuery query;
};

struct AuditSearchOptions {
  AuditQuery query;
  int limit = 0;  // 0: all there are
};

// `tokenvault audit tail`: the newest events, one a line, oldest first. With
// `follow`, the ones to come too, until Ctrl-C. JSON is one object a line.
int RunAuditTail(Session& session, const AuditTailOptions& options);

// `tokenvault audit search`: from the oldest on, in the same form, and how far
// it is on stderr.
int RunAuditSearch(Session& session, const AuditSearchOptions& options);

}  // namespace tokenvault
