#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct UserEraseOptions {
  std::string user;  // "users/u-…", or their id at their own provider
  bool yes = false;  // do not ask
};

// `tokenvault user erase`: ends a person's connections, here and at the
// providers, and removes all that is kept of them, from the files too. 6 when a
// provider did not confirm, so that something is left that a person must do.
int RunUserErase(Session& session, const UserEraseOptions& options);

}  // namespace tokenvault
