#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct IncidentRevokeOptions {
  std::string provider;  // with or without "providers/"
  std::string agent;     // with or without "agents/"
  std::string subject;   // "users/u-…"
  bool all = false;
  bool dry_run = false;
  bool yes = false;  // do not ask
};

// `tokenvault incident revoke`: ends many connections at once, here and at
// their providers, and says of each provider's part what is known. 6 when
// something is left that a person must do, or that the provider has yet to
// confirm.
int RunIncidentRevoke(Session& session, const IncidentRevokeOptions& options);

}  // namespace tokenvault
