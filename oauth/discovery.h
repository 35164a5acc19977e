#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"

// What an authorization server says about itself: OpenID Connect Discovery and
// RFC 8414.
namespace tokenvault {

struct ServerMetadata {
  std::string issuer;
  std::string authorization_endpoint;
  std::string token_endpoint;
  std::string revocation_endpoint;     // may be ""
  std::string introspection_endpoint;  // may be ""
  std::string userinfo_endpoint;       // may be ""
  std::string jwks_uri;                // may be ""
  std::vector<std::string> scopes_supported;
  std::vector<std::string> token_endpoint_auth_methods;
  std::vector<std::string> code_challenge_methods;
  std::vector<std::string> id_token_algorithms;
  bool authorization_response_iss = false;  // RFC 9207
};

struct MetadataRules {
  // PkceUse::kRequired: a document that does not list S256 is refused.
  PkceUse pkce = PkceUse::kRequired;
  // Plain http on loopback: development only.
  bool allow_http_loopback = false;
};

// The places where the document of this issuer may be, in the order to try:
// OpenID's, then RFC 8414's with the well-known part before the path.
// FIELD_INVALID when the issuer is not a URL without a query.
absl::StatusOr<std::vector<std::string>> MetadataUrls(absl::string_view issuer);

// Pure. `issuer` must equal the document's byte by byte; every endpoint must be
// https. PROVIDER_ANSWER_INVALID with `problem` "not_json", "issuer_mismatch",
// "not_https", "no_endpoint" or "no_s256".
absl::StatusOr<ServerMetadata> ParseServerMetadata(absl::string_view body,
                                                   absl::string_view issuer,
                                                   const MetadataRules& rules);

// Fills the endpoints that the provider's preset and configuration left empty,
// and takes over what the server says about `iss`.
void ApplyMetadata(Provider& provider, const ServerMetadata& metadata);

// Metadata by issuer. Fresh for an hour; while the issuer cannot be reached, a
// document up to a day old is used. After a failure an issuer is left alone for
// thirty seconds. Thread-safe; Get may block on the network, outside its lock.
class DiscoveryCache {
 public:
  explicit DiscoveryCache(HttpClient& http) : http_(http) {}

  // Errors of HttpClient::Send and ParseServerMetadata;
  // PROVIDER_ANSWER_INVALID "no_metadata" when there is no document.
  absl::StatusOr<ServerMetadata> Get(absl::string_view issuer,
                                     const MetadataRules& rules,
                                     absl::Time now);

 private:
  struct Entry {
    ServerMetadata metadata;
    absl::Time fetched = absl::InfinitePast();
    absl::Time tried = absl::InfinitePast();
    absl::Status failure;
  };

  static absl::StatusOr<ServerMetadata> AfterFailure(const Entry& entry,
                                                     absl::Time now);
  absl::StatusOr<ServerMetadata> Fetch(absl::string_view issuer,
                                       const MetadataRules& rules);

  HttpClient& http_;
  Mutex mutex_;
  std::map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
