#pragma once

#include "cli/session.h"

namespace tokenvault {

struct StatusOptions {
  bool deep = false;  // also reads the whole database and checks it
};

// `tokenvault status`: how the vault is, and what to do next. Returns 0 ready,
// 1 error, 2 sealed or not initialized.
int RunStatus(Session& session, const StatusOptions& options);

}  // namespace tokenvault
