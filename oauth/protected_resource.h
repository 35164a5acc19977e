#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "oauth/discovery.h"
#include "oauth/http_client.h"
#include "oauth/metadata_cache.h"

// What an API says about who issues its tokens: RFC 9728. Remote MCP servers
// are known by this and nothing else.
namespace tokenvault {

struct ResourceMetadata {
  std::string resource;  // what to ask tokens for (RFC 8707)
  std::vector<std::string> authorization_servers;  // issuers; one at least
};

// The places on its own host where the document about `resource` may be, in the
// order to try. FIELD_INVALID when `resource` is not a URL.
absl::StatusOr<std::vector<std::string>> ResourceMetadataUrls(
    absl::string_view resource);

// The `resource_metadata` of a WWW-Authenticate challenge (RFC 9728 §5.1), or
// "".
std::string ResourceMetadataIn(absl::string_view challenge);

// Who may speak for how much of a host. kHost: found at a well-known place of
// the resource's host, so it may name something above the resource there.
// kResource: found where the resource said, so it names the resource itself or
// is not believed: another's part of the same host is not its to give.
enum class ResourceVoice { kHost, kResource };

// Pure. PROVIDER_ANSWER_INVALID with `problem` "not_json", "resource_mismatch",
// "no_authorization_server" or "not_https".
absl::StatusOr<ResourceMetadata> ParseResourceMetadata(
    absl::string_view body, absl::string_view resource, ResourceVoice voice,
    const MetadataRules& rules);

// Metadata by resource, kept as MetadataCache says. Thread-safe; Get may block
// on the network.
class ResourceDiscovery {
 public:
  explicit ResourceDiscovery(HttpClient& http) : http_(http) {}

  // The well-known places first; then the resource is asked, without a token,
  // where its document is. Errors of HttpClient::Send and
  // ParseResourceMetadata; PROVIDER_ANSWER_INVALID "no_resource_metadata" when
  // there is no document.
  absl::StatusOr<ResourceMetadata> Get(absl::string_view resource,
                                       const MetadataRules& rules,
                                       absl::Time now);

 private:
  absl::StatusOr<ResourceMetadata> Fetch(absl::string_view resource,
                                         const MetadataRules& rules);

  HttpClient& http_;
  MetadataCache<ResourceMetadata> cache_;
};

}  // namespace tokenvault
