#pragma once

#include "cli/session.h"

namespace tokenvault {

struct KeyRotateOptions {
  bool dry_run = false;
  bool rewrap_only = false;
  bool pause = false;
  int rows_per_second = 0;  // 0: no limit
};

// `tokenvault key status`: the master keys there are.
int RunKeyStatus(Session& session);

// `tokenvault key rotate`: a new master key, every data key under it, while the
// vault serves. Ctrl-C stops between two batches; running it again goes on.
// With `rewrap_only` it finishes what an earlier run left, and makes no key.
// With `pause` it stops the one that somebody else started, as Ctrl-C does
// there.
int RunKeyRotate(Session& session, const KeyRotateOptions& options);

}  // namespace tokenvault
