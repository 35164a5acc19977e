#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "oauth/http_client.h"
#include "oauth/metadata_cache.h"
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
  // A client may be the URL of a document about it (CIMD).
  bool client_documents = false;
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

// The document at `url`; nothing where there is none (404 and its like). Errors
// of HttpClient::Send; PROVIDER_UNREACHABLE for other answers than a document.
absl::StatusOr<std::optional<std::string>> FetchMetadata(
    HttpClient& http, const std::string& url);

// Whether metadata may send us there: https, or what the rules allow besides.
bool IsAllowedUrl(const std::string& text, const MetadataRules& rules);

// Metadata by issuer, kept as MetadataCache says. Thread-safe; Get may block on
// the network.
class DiscoveryCache {
 public:
  explicit DiscoveryCache(HttpClient& http) : http_(http) {}

  // Errors of FetchMetadata and ParseServerMetadata; PROVIDER_ANSWER_INVALID
  // "no_metadata" when there is no document.
  absl::StatusOr<ServerMetadata> Get(absl::string_view issuer,
                                     const MetadataRules& rules,
                                     absl::Time now);

 private:
  absl::StatusOr<ServerMetadata> Fetch(absl::string_view issuer,
                                       const MetadataRules& rules);

  HttpClient& http_;
  MetadataCache<ServerMetadata> cache_;
};

}  // namespace tokenvault
