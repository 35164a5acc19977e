#pragma once

#include <string>

#include "cli/passphrase.h"
#include "cli/session.h"

namespace tokenvault {

// `tokenvault key source …`: the ways to open the master keys.

int RunKeySourceList(Session& session);

struct KeySourceAddOptions {
  std::string id;
  bool renew = false;
  PassphraseOptions passphrase;
};
int RunKeySourceAdd(Session& session, const KeySourceAddOptions& options);

struct KeySourceRemoveOptions {
  std::string id;
  bool yes = false;
};
int RunKeySourceRemove(Session& session, const KeySourceRemoveOptions& options);

}  // namespace tokenvault
