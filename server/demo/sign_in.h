#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/demo/clients.h"
#include "server/demo/fields.h"
#include "server/demo/grants.h"
#include "server/demo/pages.h"
#include "server/demo/persona.h"
#include "server/demo/resources.h"
#include "server/http_types.h"

namespace tokenvault {

// The browser's side of one persona: from an authorization request by way of
// its pages to a code.
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
  DemoSignIn(const DemoPersona& persona, const DemoPlace& place,
             const DemoClients& clients, DemoGrants& grants)
      : persona_(persona), place_(place), clients_(clients), grants_(grants) {}

  WebResponse Begin(const WebRequest& request, absl::Time now);
  WebResponse Continue(const WebRequest& request, absl::Time now);

 private:
  struct Request {
    std::string redirect_uri;
    std::string state;
    std::string challenge;
    std::string cookie;
    bool wants_offline = false;  // access_type=offline
    bool wants_consent = false;  // prompt=consent
    DemoGrant grant;
    absl::Time expires;
  };

  // What RFC 6749 §4.1.2.1 calls the first thing wrong with it; "" if nothing
  // is.
  std::string Problem(const DemoFields& query) const;
  ScopeSet AskedScopes(const DemoFields& query) const;
  WebResponse AskWho(const Request& request, const std::string& id) const;
  WebResponse AskWhether(const Request& request, const std::string& id) const;
  DemoForm FormOf(const Request& request, const std::string& id) const;
  // What the person left of the scopes.
  ScopeSet LeftScopes(const ScopeSet& asked, const DemoFields& form) const;
  bool IsOffline(const Request& request) const;
  // Back to the client with these parameters, `state` and `iss`.
  WebResponse Back(
      const Request& request,
      const std::vector<std::pair<std::string, std::string>>& parameters) const;
  WebResponse Refuse(const std::string& id);
  WebResponse Finish(const std::string& id, absl::Time now);
  void Forget(const std::string& id);

  const DemoPersona& persona_;
  const DemoPlace& place_;
  const DemoClients& clients_;
  DemoGrants& grants_;
  std::map<std::string, Request> requests_;
  std::deque<std::string> order_;  // of requests_, oldest first
};

// The scopes of a persona, and what each lets a client do, for people.
std::map<std::string, std::string> DemoScopes(const DemoPersona& persona);

}  // namespace tokenvault
