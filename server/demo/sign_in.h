#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/demo/grants.h"
#include "server/http_types.h"

namespace tokenvault {

// The browser's side of the demo provider: from an authorization request by way
// of its pages to a code.
//
//   GET /authorize  ->  Sign in as…  -person->  Allow?  -decision->  303 back
//
// The client that signs people in to the vault is asked no "Allow?": it learns
// who they are and nothing else. A request in progress belongs to the browser
// that began it, by a cookie.
//
// Not thread-safe: the provider has one lock for all of it.
class DemoSignIn {
 public:
  explicit DemoSignIn(DemoGrants& grants) : grants_(grants) {}

  // Known from then on, for the answers' `iss`.
  void SetIssuer(absl::string_view issuer) { issuer_ = std::string(issuer); }
  void SetRedirectUris(absl::string_view client, std::vector<std::string> uris);

  WebResponse Begin(const WebRequest& request, absl::Time now);
  WebResponse Continue(const WebRequest& request, absl::Time now);

 private:
  struct Request {
    std::string client;
    std::string redirect_uri;
    std::string state;
    std::string challenge;
    std::string cookie;
    DemoGrant grant;
    absl::Time expires;
  };

  // Back to the client with these parameters, `state` and `iss`.
  WebResponse Back(
      const Request& request,
      const std::vector<std::pair<std::string, std::string>>& parameters) const;
  WebResponse Finish(const std::string& id, absl::Time now);
  void Forget(const std::string& id);

  DemoGrants& grants_;
  std::string issuer_;
  std::map<std::string, std::vector<std::string>> redirect_uris_;
  std::map<std::string, Request> requests_;
  std::deque<std::string> order_;  // of requests_, oldest first
};

// The scopes of the demo provider, and what each lets a client do, for people.
const std::map<std::string, std::string>& DemoScopes();

}  // namespace tokenvault
