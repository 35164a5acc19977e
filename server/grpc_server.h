#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tokenvault {

// One gRPC listener with its services, health and limits (server/limits.h).
//
// gRPC of this age must not be reached by strangers: who opens a TCP connection
// outside dev mode shows a client certificate first
// (docs/architecture.md). Certificates are read again when their files change.
//
//   GrpcServer::Options options;
//   options.listen = "unix:/run/tokenvault/agents.sock";
//   auto server = GrpcServer::Start(options, {&tokens, &connections});
//   (*server)->SetServing(true);
//
// Thread-safe. The services outlive it.
class GrpcServer {
 public:
  struct Options {
    // "unix:/path" or "127.0.0.1:8443"; port 0 lets the system choose.
    std::string listen;
    // PEM files; all three, or none for plain text.
    std::string tls_cert_file;
    std::string tls_key_file;
    std::string client_ca_file;
    // Lets plain TCP be, on loopback only.
    bool dev = false;
    bool reflection = false;
    // Of a Unix socket.
    int socket_mode = 0660;
  };

  struct NamedService {
    grpc::Service* service;
    std::string name;  // "tokenvault.v1.TokenService"
  };

  // Listens and serves when it returns; every service but "" is NOT_SERVING
  // until SetServing(true). CONFIG_INVALID: TCP without all three files outside
  // dev, files that cannot be read, an address that cannot be used.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(
      const Options& options, const std::vector<NamedService>& services);
  ~GrpcServer();

  // "127.0.0.1:43121" or "unix:/path".
  const std::string& address() const { return address_; }

  // What grpc.health.v1.Health says of the named services.
  void SetServing(bool serving);

  // Takes no more calls, lets those under way end for at most `grace`.
  void Stop(absl::Duration grace);

 private:
  GrpcServer(std::unique_ptr<grpc::Server> server, std::string address,
             std::vector<std::string> names);

  const std::unique_ptr<grpc::Server> server_;
  const std::string address_;
  const std::vector<std::string> names_;
};

// gRPC writes header values of strangers into its log. After this, what it logs
// is one constant line, a few times a minute. Once, before any server or
// channel.
void SilenceGrpcLog();

}  // namespace tokenvault
