#pragma once

#include <string>

#include "cli/session.h"

namespace tokenvault {

struct BackupForgetOptions {
  std::string id;
  bool yes = false;
};

// `tokenvault backup create FILE`: the daemon writes it while it serves; Ctrl-C
// stops it, and nothing is left behind.
int RunBackupCreate(Session& session, const std::string& file);
// `tokenvault backup verify FILE`: the daemon opens all of it, and notes when.
int RunBackupVerify(Session& session, const std::string& file);
// `tokenvault backup list`: those that were made and not forgotten.
int RunBackupList(Session& session);
// `tokenvault backup forget ID`: its file is gone, and its keys need not be
// kept.
int RunBackupForget(Session& session, const BackupForgetOptions& options);

}  // namespace tokenvault
