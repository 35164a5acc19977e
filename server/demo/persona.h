#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tokenvault {

// How the answers of a token endpoint are worded, good and bad.
enum class DemoWording {
  kPlain,       // RFC 6749 §5
  kGithub,      // a form unless JSON is asked for; errors with status 200
  kSlack,       // {"ok": false} with status 200; the token inside authed_user
  kSalesforce,  // no expires_in; instance_url
  kNotion,      // whose workspace it is; no scope, no expires_in
  kBox,         // restricted_to
};

// When a grant comes with a refresh token.
enum class DemoOffline {
  kByScope,       // with DemoPersona::offline_scope
  kAlways,        // without being asked
  kNever,         // the access token is all there is
  kFirstConsent,  // access_type=offline, and only while no earlier grant has
                  // one, or with prompt=consent
};

// How a client gives a token back.
enum class DemoRevocation {
  kRfc7009,      // POST /revoke; a refresh token ends its family
  kWholeGrant,   // the same, but any token ends all that its person gave
  kTokenCall,    // POST /auth.revoke, the token as bearer
  kGrantDelete,  // DELETE /applications/{client_id}/grant, and what else an
                 // application can do (server/demo/application.h)
};

enum class DemoMetadata { kNone, kOpenId, kMcp };

// One way of being an OAuth provider: a row of server/demo/persona.cc. What a
// row does not say is as RFC 6749, 7636 and 9700 want it.
struct DemoPersona {
  std::string name;   // "demo-slack", as in the URL
  std::string title;  // "Demo Slack", for people
  DemoWording wording = DemoWording::kPlain;
  DemoMetadata metadata = DemoMetadata::kNone;

  // The authorization request.
  std::string scope_parameter = "scope";  // "": scopes cannot be asked for
  char scope_delimiter = ' ';
  bool pkce_required = true;
  bool returns_issuer = false;     // RFC 9207
  bool person_may_untick = false;  // on the page, scope by scope
  // RFC 8707: `resource` with every request, and tokens for it alone.
  bool needs_resource = false;

  // The client's part.
  bool takes_basic = true;
  bool takes_post = true;
  bool takes_json = false;  // bodies are JSON, and nothing else is
  // A client may be the URL of a document that describes it.
  bool takes_client_documents = false;
  bool signs_people_in = false;  // the vault's own sign-in client is known here

  // Its tokens.
  DemoOffline offline = DemoOffline::kByScope;
  std::string offline_scope = "offline_access";
  bool tells_offline_scope = true;  // in `scope` of the answers
  bool expires = true;
  bool rotates = true;  // a refresh gives a new refresh token
  bool refresh_ends_access_tokens = false;
  bool narrows_on_refresh = false;  // else `scope` of a refresh is not read
  bool exchanges = false;           // RFC 8693, with `scope` and `resource`
  bool introspects = false;
  DemoRevocation revocation = DemoRevocation::kRfc7009;

  // "" for the one at the root, else "/demo-slack".
  std::string Prefix() const;
};

// All of them, the well-behaved "demo" first.
const std::vector<DemoPersona>& DemoPersonas();

}  // namespace tokenvault
