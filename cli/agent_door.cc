#include "cli/agent_door.h"

#include <fcntl.h>
#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr size_t kLargestFile = 256 * 1024;

absl::Status CheckOptions(const AgentDoorOptions& options) {
  if (options.address.empty()) {
    return errors::FieldInvalid("--address",
                                "say where agents reach the vault, or set "
                                "TOKENVAULT_ADDRESS");
  }
  if (options.cert_file.empty() != options.key_file.empty()) {
    return errors::FieldInvalid("--cert", "--cert and --key belong together");
  }
  if (!options.cert_file.empty() && options.ca_file.empty()) {
    return errors::FieldInvalid("--ca", "a certificate needs TLS: give --ca");
  }
  const int credentials = (options.cert_file.empty() ? 0 : 1) +
                          (options.token_file.empty() ? 0 : 1) +
                          (options.dev_agent.empty() ? 0 : 1);
  if (credentials != 1) {
    return errors::FieldInvalid(
        "--cert", "give exactly one of --cert, --token-file, --dev-agent");
  }
  if (options.ca_file.empty() && !IsLocalAddress(options.address)) {
    return errors::FieldInvalid(
        "--ca", "tokens would travel in clear to another machine: give --ca");
  }
  return absl::OkStatus();
}

}  // namespace

bool IsLocalAddress(absl::string_view address) {
  return absl::StartsWith(address, "unix:") ||
         absl::StartsWith(address, "127.0.0.1:") ||
         absl::StartsWith(address, "[::1]:") ||
         absl::StartsWith(address, "localhost:");
}

absl::StatusOr<std::string> ReadSmallFile(absl::string_view flag,
                                          const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return errors::FieldInvalid(flag, absl::StrCat("cannot read ", path));
  }
  std::string text;
  text.resize(kLargestFile + 1);
  size_t size = 0;
  ssize_t got = 0;
  while (size < text.size() &&
         (got = read(descriptor, &text[size], text.size() - size)) > 0) {
    size += static_cast<size_t>(got);
  }
  close(descriptor);
  if (got < 0) {
    return errors::FieldInvalid(flag, absl::StrCat("cannot read ", path));
  }
  if (size > kLargestFile) {
    return errors::FieldInvalid(flag, absl::StrCat(path, " is too long"));
  }
  text.resize(size);
  absl::string_view trimmed = text;
  absl::ConsumeSuffix(&trimmed, "\n");
  absl::ConsumeSuffix(&trimmed, "\r");
  return std::string(trimmed);
}

absl::StatusOr<std::unique_ptr<Channel>> OpenAgentDoor(
    const AgentDoorOptions& options, const Clock& clock) {
  RETURN_IF_ERROR(CheckOptions(options));
  auto credentials = grpc::InsecureChannelCredentials();
  if (!options.ca_file.empty()) {
    grpc::SslCredentialsOptions tls;
    ASSIGN_OR_RETURN(tls.pem_root_certs,
                     ReadSmallFile("--ca", options.ca_file));
    if (!options.cert_file.empty()) {
      ASSIGN_OR_RETURN(tls.pem_cert_chain,
                       ReadSmallFile("--cert", options.cert_file));
      ASSIGN_OR_RETURN(tls.pem_private_key,
                       ReadSmallFile("--key", options.key_file));
    }
    credentials = grpc::SslCredentials(tls);
  }
  std::string authorization;
  if (!options.token_file.empty()) {
    ASSIGN_OR_RETURN(std::string token,
                     ReadSmallFile("--token-file", options.token_file));
    authorization = absl::StrCat("Bearer ", token);
  } else if (!options.dev_agent.empty()) {
    authorization = absl::StrCat("Bearer ", options.dev_agent);
  }
  for (char c : authorization) {
    if (c < 0x20 || c > 0x7E) {
      return errors::FieldInvalid("--token-file", "holds no token");
    }
  }
  return std::make_unique<Channel>(options.address, credentials, authorization,
                                   clock);
}

}  // namespace tokenvault
