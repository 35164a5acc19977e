#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/closed_loop.h"
#include "bench/quiet_program.h"

namespace tokenvault {

// Debian's oidc-agent with one account of a provider in its memory, on a Unix
// socket. It is asked as its documentation allows any program to: one JSON
// object on a connection of its own, not encrypted, which is the quickest way
// there is.
//
// Not thread-safe. It ends with this object.
class OidcAgentProcess {
 public:
  static bool IsInstalled();

  // In `folder`, which exists; for the person of that number at the issuer, of
  // whom the refresh token is all it is given. UNAVAILABLE when it does not
  // take the account.
  static absl::StatusOr<std::unique_ptr<OidcAgentProcess>> Start(
      const std::string& folder, const std::string& issuer, int person);

  // As ClosedLoop::Run. DATA_LOSS at the first answer that is not this person's
  // token.
  absl::StatusOr<LoopResult> Run(int in_flight, absl::Duration length);
  // Of all its processes.
  absl::Duration CpuTime() const { return agent_->CpuTime(); }

 private:
  OidcAgentProcess(std::string socket, int person)
      : socket_(std::move(socket)), person_(person) {}
  absl::StatusOr<int> Ask() const;

  const std::string socket_;
  const int person_;
  std::unique_ptr<QuietProgram> agent_;
};

}  // namespace tokenvault
