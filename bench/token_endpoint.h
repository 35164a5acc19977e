#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/web_server.h"

namespace tokenvault {

// The provider of the benchmark, on loopback: whoever brings the refresh token
// of a person gets an access token that names that person, good for an hour. At
// once, unless it is told to take its time. As an issuer of OpenID Connect it
// says where that is.
// Thread-safe.
class TokenEndpoint {
 public:
  static absl::StatusOr<std::unique_ptr<TokenEndpoint>> Start();
  ~TokenEndpoint();

  std::string url() const;

  // Requests that come from now on are answered so much later, each by its own
  // draw between the two.
  void SetDelay(absl::Duration least, absl::Duration most);
  // Requests seen so far, good ones and others.
  int64_t requests() const;

  static std::string RefreshToken(int person);
  // What every access token of this person begins with.
  static std::string AccessPrefix(int person);

 private:
  class Desk;
  TokenEndpoint(std::shared_ptr<Desk> desk, std::unique_ptr<WebServer> server);

  const std::shared_ptr<Desk> desk_;  // outlives what the server runs
  const std::unique_ptr<WebServer> server_;
};

}  // namespace tokenvault
