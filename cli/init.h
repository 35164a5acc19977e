#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct InitOptions {
  std::string config;           // "" for the usual places
  bool check = false;           // only say whether it is done already
  std::string passphrase_file;  // for seal type "passphrase"
  int passphrase_fd = -1;
};

// `tokenvault init`: makes the database and the root key that the configuration
// names. Never overwrites: a vault that is there stays, and a root key file
// that is there and valid is used. When a step fails, what this run made is
// removed.
//
// With `check`: 0 initialized, 1 error, 2 not initialized.
//
// InitCrypto() has run.
int RunInit(Session& session, const InitOptions& options);

}  // namespace tokenvault
