#pragma once

#include <string>

namespace tokenvault {

// The yardstick: GetScopedToken answered with the same bytes every time, by the
// daemon's own gRPC listener and nothing behind it. `answer_file` holds an
// answer of the real daemon, so that the sizes are the same. Writes its address
// to `ready_fd` and serves until SIGTERM; returns the exit code.
int ServeEcho(const std::string& answer_file, int ready_fd);

}  // namespace tokenvault
