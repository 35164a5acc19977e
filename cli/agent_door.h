#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/clock.h"
#include "cli/channel.h"

namespace tokenvault {

// How to come in where agents come in.
struct AgentDoorOptions {
  std::string address;    // "host:port" or "unix:/path"
  std::string cert_file;  // the agent's certificate, with key_file
  std::string key_file;
  std::string ca_file;     // who vouches for the vault; makes the line TLS
  std::string token_file;  // a workload's JWT
  std::string dev_agent;   // an agent's id: only at `tokenvaultd --dev`
};

// FIELD_INVALID for options that do not fit together, for files that cannot be
// read, and for a token that would travel in clear to another machine.
absl::StatusOr<std::unique_ptr<Channel>> OpenAgentDoor(
    const AgentDoorOptions& options, const Clock& clock);

// Whether the address is on this machine: a Unix socket or loopback.
bool IsLocalAddress(absl::string_view address);

// A file's text without the line break at its end: a token, a PEM file.
// FIELD_INVALID, naming `flag`, when it cannot be read or is too long.
absl::StatusOr<std::string> ReadSmallFile(absl::string_view flag,
                                          const std::string& path);

}  // namespace tokenvault
