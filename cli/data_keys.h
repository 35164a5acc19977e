#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct RotateDekOptions {
  std::string subject;  // "users/u-…", or their id at their own provider
  std::string tenant;   // the id of one
  bool dry_run = false;
};

// `tokenvault key rotate-dek`: new data keys for a person, or for a tenant and
// all its people, and what the old ones sealed under them, while the vault
// serves. Ctrl-C stops between two; running it again goes on. 6 when some were
// left as they are.
int RunRotateDek(Session& session, const RotateDekOptions& options);

}  // namespace tokenvault
