#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "oauth/jwt_signer.h"
#include "server/demo/clients.h"
#include "server/demo/faults.h"
#include "server/demo/fields.h"
#include "server/demo/grants.h"
#include "server/demo/ledger.h"
#include "server/demo/persona.h"
#include "server/demo/resources.h"
#include "server/demo/sign_in.h"
#include "server/demo/token_endpoint.h"
#include "server/http_types.h"

namespace tokenvault {

// What a request gets, and when.
struct DemoAnswer {
  WebResponse response;
  bool late = false;  // the fault "slow"
};

// One persona: an OAuth server with its own clients' redirect URIs, people's
// grants and API, under a prefix of its own. Told the time; knows no sockets.
//
// Not thread-safe: the provider has one lock for all of it.
class DemoServer {
 public:
  DemoServer(DemoPersona persona, absl::Duration access_token_ttl,
             const JwtSigner& signer, DemoLedger& ledger, DemoFaults& faults);
  DemoServer(const DemoServer&) = delete;  // its parts know one another
  DemoServer& operator=(const DemoServer&) = delete;

  void SetOrigin(absl::string_view origin) {
    place_.origin = std::string(origin);
  }
  DemoClients& clients() { return clients_; }
  const DemoPersona& persona() const { return persona_; }

  // `path` is that of `request` without the prefix.
  DemoAnswer Answer(const WebRequest& request, absl::string_view path,
                    absl::Time now);
  // The documents that stand at the origin's /.well-known/, before the prefix.
  // Nothing when the persona has none of that name.
  std::optional<WebResponse> WellKnown(absl::string_view name) const;

 private:
  // A call of the token endpoint, with the fault that strikes it if there is
  // one.
  DemoAnswer TokenCall(const WebRequest& request, absl::Time now);
  WebResponse Revoke(const WebRequest& request, absl::Time now);
  WebResponse RevokeByCall(const WebRequest& request, absl::Time now);
  WebResponse Introspect(const WebRequest& request, absl::Time now) const;
  WebResponse Api(const WebRequest& request, absl::string_view path,
                  absl::Time now);

  std::optional<DemoFields> Body(const WebRequest& request) const;
  WebResponse Error(const WebRequest& request, DemoError error) const;
  // The fault, if it strikes, and a line about it in the ledger.
  std::optional<DemoFault> Strike(std::initializer_list<DemoFault> possible,
                                  absl::Time now);

  const DemoPersona persona_;
  const JwtSigner& signer_;
  DemoLedger& ledger_;
  DemoFaults& faults_;
  DemoPlace place_;
  DemoClients clients_;
  DemoGrants grants_;
  DemoSignIn sign_in_;
  DemoTokenEndpoint tokens_;
};

}  // namespace tokenvault
