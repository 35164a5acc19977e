#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "oauth/provider.h"
#include "oauth/token_request.h"

namespace tokenvault {

// What no field of a preset can say about a provider. One file each, and as few
// as can be: a quirk that two providers share becomes a field instead.
//
// Each method has what RFC 6749 and 8693 say as its default. Without state, so
// thread-safe. For this floor's own .cc files.
class Adapter {
 public:
  virtual ~Adapter() = default;

  // The URL to ask in place of `url`, for a refresh or an introspection.
  // INTERNAL, PROVIDER_ANSWER_INVALID: there is none that may be asked.
  virtual absl::StatusOr<std::string> EndpointOf(const Provider& provider,
                                                 const std::string& url,
                                                 const TokenCall& call) const;

  // Puts what a good answer has elsewhere to where RFC 6749 has it. `now` is
  // InfinitePast where nobody told.
  virtual void Normalize(nlohmann::json& root, absl::Time now) const;

  // What has to be asked once more before the tokens that came with a code can
  // be kept; its answer replaces theirs. Errors of MakeRefreshRequest.
  virtual absl::StatusOr<std::optional<HttpRequest>> AfterCode(
      const Provider& provider, const Secret& access_token,
      const TokenCall& call) const;

  // Whether Narrow could do it, asked before a refresh is spent on it.
  // FIELD_INVALID.
  virtual absl::Status CheckNarrowing(const ScopeSet& scopes,
                                      absl::string_view resource) const;

  // How to get a token that can do no more than `narrowing` says. Nothing when
  // `subject_token` is that already. Errors of CheckNarrowing,
  // MakeExchangeRequest.
  virtual absl::StatusOr<std::optional<HttpRequest>> Narrow(
      const Provider& provider, const Secret& subject_token,
      const TokenNarrowing& narrowing, const TokenCall& call) const;
};

// By the name that presets use; null when there is none.
const Adapter* FindAdapter(absl::string_view name);
std::vector<std::string> AdapterNames();

// Each in the file of its name.
const Adapter& GithubAppScoped();
const Adapter& MetaLongLived();
const Adapter& SalesforceIntrospect();
const Adapter& SlackV2();

}  // namespace tokenvault
