#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct RestoreOptions {
  std::string file;
  std::string config;
  bool replace = false;
  bool trust_tokens = false;
  bool yes = false;
};

// `tokenvault restore FILE`: puts a backup in the place of the database that
// the configuration names, while no daemon serves it. What was there is set
// aside. Opens all of the backup first, with the root key that the
// configuration names.
int RunRestore(Session& session, const RestoreOptions& options);

}  // namespace tokenvault
