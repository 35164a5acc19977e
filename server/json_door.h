#pragma once

#include <functional>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "base/clock.h"
#include "server/answer.h"
#include "server/approval_api.h"
#include "server/connection_api.h"
#include "server/http_types.h"
#include "server/token_api.h"
#include "vault/directory.h"

namespace tokenvault {

// The same API for those who have HTTP and JSON only, in the shape of the
// Connect protocol's unary calls:
//
//   POST /tokenvault.v1.TokenService/GetScopedToken
//   Content-Type: application/json
//   Connect-Timeout-Ms: 5000
//   {"provider": "providers/google", …}
//
// Success is 200 with the message as proto3 JSON. An error has the HTTP status
// of its code and {"code", "message", "details"}; 401 says where to read who
// issues credentials (RFC 9728). Credentials and limits are as by gRPC. Unknown
// fields are refused: a misspelt `min_ttl` must not be silently dropped.
//
// Thread-safe; never blocks.
class JsonDoor {
 public:
  JsonDoor(const Clock& clock, const DirectoryHolder& directory,
           TokenApi& tokens, ConnectionApi& connections,
           ApprovalApi& approvals);

  // Whether the path is ours: "/tokenvault.v1.…".
  static bool Serves(const std::string& path);

  void Handle(WebRequest request, WebRespond respond);

 private:
  using Method =
      std::function<void(ApiCall call, const std::string& body, WebRespond)>;

  template <typename Request, typename Response, typename Api>
  void Add(const std::string& path, Api& api,
           void (Api::*method)(ApiCall, Request,
                               typename Answer<Response>::Done));
  WebResponse ErrorResponse(const absl::Status& status) const;

  const Clock& clock_;
  const DirectoryHolder& directory_;
  std::map<std::string, Method> methods_;  // by path; constant once built
};

}  // namespace tokenvault
