#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace tokenvault {

// How agents reach a server.
enum class Transport { kTcp, kUnixSocket, kMtls };

// "TCP", as reports call it.
const char* NameOf(Transport transport);

// The certificates of one run: an authority of its own, a server on loopback
// and the agent of the benchmark.
struct Certificates {
  std::string folder;  // exists, mode 0700

  std::string authority() const { return folder + "/authority.pem"; }
  std::string server() const { return folder + "/server.pem"; }
  std::string server_key() const { return folder + "/server.key"; }
  std::string agent() const { return folder + "/agent.pem"; }
  std::string agent_key() const { return folder + "/agent.key"; }

  // Makes all of them with the openssl command. UNAVAILABLE when that is not
  // there, or fails.
  absl::Status Make() const;
};

// The only name in the agent's certificate, and the domain it is of.
inline constexpr char kBenchTrustDomain[] = "bench.test";
inline constexpr char kBenchSpiffeId[] =
    "spiffe://bench.test/agents/bench-agent";

// What a client shows to a server. UNAVAILABLE when the certificates cannot be
// read.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> CredentialsFor(
    Transport transport, const Certificates& certificates);

// A channel with a connection of its own, which is made when it is used. Null
// credentials are plain text.
std::shared_ptr<grpc::Channel> ConnectTo(
    const std::string& address,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace tokenvault
