#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "oauth/http_client.h"
#include "vault/directory.h"

namespace tokenvault {

// What a connection and a request show of who is calling.
struct PeerCredential {
  // The URI names of a client certificate that TLS verified, in its order.
  std::vector<std::string> verified_uris;
  bool has_certificate = false;
  std::string authorization;  // the header's value, or ""
  // It came in by the admin socket, whose file mode is the credential.
  bool admin_socket = false;
  // The IP address it came from, without a port; "" where that is not known or
  // says nothing of the caller: a Unix socket, a proxy in between.
  std::string peer;
};

struct Caller {
  bool is_operator = false;
  // The generation under which the whole request is served.
  std::shared_ptr<const Directory> directory;
  const Agent* agent = nullptr;  // into *directory; null for the operator
  std::string method;            // "mtls", "jwt", "dev", "socket"
};

// As in the API's Subject: exactly one is set.
struct SubjectRef {
  std::string user_token;
  std::string user_id;
};

// A human being, as the tenant's identity provider knows them.
struct Person {
  std::string issuer;
  std::string subject;
  std::string display;  // a name for pages, never an identity
  // What the identity provider vouches for besides, in a token. Nothing in
  // `groups`: it says of none, nor that there are none.
  std::optional<std::vector<std::string>> groups = {};
  std::string email = {};
};

// Says who calls and for whom, or refuses. The caller's directory generation is
// taken once, here, and goes with the request.
//
// Agents: a client certificate with exactly one URI name, a SPIFFE ID that the
// configuration gives to an agent; or a JWT of a configured issuer. Both at
// once must name the same agent. The configuration has already bound every
// SPIFFE ID to a trusted domain, so that a foreign domain is an unknown agent.
//
// People: a token of the tenant's identity provider; or a bare user_id, from
// agents that may_assert_user. Names are compared byte by byte, never trimmed
// or folded.
//
// Thread-safe.
class Authenticator {
 public:
  Authenticator(const DirectoryHolder& directory, HttpClient& http,
                const Clock& clock);
  ~Authenticator();

  // May fetch keys, so it may block.
  // AGENT_CREDENTIAL_INVALID: "missing", "no_uri_san", "two_uri_sans",
  // "not_spiffe", "malformed", "unknown_agent", "unknown_issuer",
  // "lives_too_long", "mismatch" (certificate and token name two agents), or a
  // problem of oauth/jwt_verifier.h. When the issuer's keys cannot be had, the
  // errors of JwksCache and DiscoveryCache: the credential may be good.
  absl::StatusOr<Caller> Identify(const PeerCredential& credential);
  // Never blocks: nothing when the answer is not known yet, and then Identify
  // finds it.
  std::optional<absl::StatusOr<Caller>> TryIdentify(
      const PeerCredential& credential);

  // May fetch keys, so it may block.
  // FIELD_INVALID: none or both are set, a user_id that is not canonical, or an
  // operator, who has no tenant and names people as users/{user}.
  // SUBJECT_ASSERTION_NOT_ALLOWED, USER_TOKEN_INVALID, and the errors of
  // JwksCache and DiscoveryCache.
  absl::StatusOr<Person> IdentifyPerson(const Caller& caller,
                                        const SubjectRef& subject);
  // Never blocks, as TryIdentify.
  std::optional<absl::StatusOr<Person>> TryIdentifyPerson(
      const Caller& caller, const SubjectRef& subject);

  // Drops what it remembers of tokens that verified: who presents one is
  // verified anew. For whoever is erased.
  void Forget();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tokenvault
