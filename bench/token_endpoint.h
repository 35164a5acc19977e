#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/web_server.h"

namespace tokenvault {

// The provider of the benchmark, on loopback: whoever brings the refresh token
// of a person gets an access token that names that person, good for an hour.
// Thread-safe.
class TokenEndpoint {
 public:
  static absl::StatusOr<std::unique_ptr<TokenEndpoint>> Start();

  std::string url() const;

  static std::string RefreshToken(int person);
  // What every access token of this person begins with.
  static std::string AccessPrefix(int person);

 private:
  explicit TokenEndpoint(std::unique_ptr<WebServer> server);

  const std::unique_ptr<WebServer> server_;
};

}  // namespace tokenvault
