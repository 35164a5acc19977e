#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "bench/child_process.h"
#include "bench/transport.h"
#include "tokenvault/v1/token_service.pb.h"

namespace tokenvault {

// The yardstick: GetScopedToken answered with the same bytes every time, by the
// daemon's own gRPC listener and nothing behind it, or at most a hand-made log.
struct Echo {
  // An answer of the real daemon, so that the sizes are the same.
  std::string answer_file;
  std::string listen = "127.0.0.1:0";
  std::string certificates;  // the folder of Certificates, for mTLS; or ""
  // At most one of them: where a leaf goes before each answer.
  std::string naive_file;
  std::string log_file;
};

// Serves, and writes its address to `ready_fd`, until SIGTERM; returns the exit
// code.
int ServeEcho(const Echo& echo, int ready_fd);

// Starts this program anew as an echo of `answer`, which it writes into
// `folder`.
absl::StatusOr<std::unique_ptr<ChildProcess>> StartEcho(
    const v1::GetScopedTokenResponse& answer, const std::string& folder,
    Echo echo);

// Of what StartEcho needs, that by which agents reach it.
Echo EchoBy(Transport transport, const std::string& folder,
            const Certificates& certificates);

}  // namespace tokenvault
