#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "base/errors.h"
#include "oauth/adapter.h"

namespace tokenvault {
namespace {

constexpr char kHint[] = "instance_url";
constexpr const char* kDomains[] = {".salesforce.com", ".force.com"};

// A refresh token works only at the host that gave it, which the first answer
// names as `instance_url`. That comes from outside, and our secret and the
// refresh token would follow it: so it must be https, on the usual port, at
// Salesforce. Before any answer the preset's own host is asked.
class SalesforceAdapter : public Adapter {
 public:
  absl::StatusOr<std::string> EndpointOf(const Provider& provider,
                                         const std::string& url,
                                         const TokenCall& call) const override {
    auto hint = call.hints.find(kHint);
    if (hint == call.hints.end()) return url;
    auto instance = ParseUrl(hint->second);
    auto endpoint = ParseUrl(url);
    const bool good =
        instance.ok() && endpoint.ok() && instance->scheme == "https" &&
        (instance->port == 0 || instance->port == 443) &&
        std::any_of(std::begin(kDomains), std::end(kDomains),
                    [&](const char* domain) {
                      return absl::EndsWith(instance->host, domain);
                    });
    if (!good) {
      return errors::ProviderAnswerInvalid(provider.id.value, kHint);
    }
    endpoint->host = instance->host;
    return endpoint->ToString();
  }
};

}  // namespace

const Adapter& SalesforceIntrospect() {
  static const auto* const kAdapter = new SalesforceAdapter;
  return *kAdapter;
}

}  // namespace tokenvault
