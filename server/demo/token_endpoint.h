#pragma once

#include <string>

#include "absl/time/time.h"
#include "oauth/jwt_signer.h"
#include "server/demo/clients.h"
#include "server/demo/fields.h"
#include "server/demo/grants.h"
#include "server/demo/persona.h"
#include "server/demo/resources.h"
#include "server/http_types.h"

namespace tokenvault {

// POST /token of one persona: RFC 6749 §4.1.3 and §6, RFC 8693, in the
// persona's words (server/demo/wording.h).
//
// Not thread-safe: the provider has one lock for all of it.
class DemoTokenEndpoint {
 public:
  DemoTokenEndpoint(const DemoPersona& persona, const DemoPlace& place,
                    const DemoClients& clients, DemoGrants& grants,
                    const JwtSigner& signer)
      : persona_(persona),
        place_(place),
        clients_(clients),
        grants_(grants),
        signer_(signer) {}

  // `fields` are those of the request's body.
  WebResponse Answer(const WebRequest& request, const DemoFields& fields,
                     absl::Time now);

 private:
  DemoGrants::Result Exchange(const std::string& client,
                              const DemoFields& fields, absl::Time now);
  std::string IdToken(const DemoTokens& tokens, absl::Time now) const;
  WebResponse Fail(const WebRequest& request, DemoError error) const;

  const DemoPersona& persona_;
  const DemoPlace& place_;
  const DemoClients& clients_;
  DemoGrants& grants_;
  const JwtSigner& signer_;
};

}  // namespace tokenvault
