#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "oauth/token_request.h"
#include "oauth/token_response.h"
#include "storage/store.h"
#include "vault/provider_access.h"

namespace tokenvault {

// Ends grants that came with a code and could not be kept: the id_token was
// not the right one, the disk took nothing, the question was settled meanwhile.
// Nobody holds such a grant, so nobody could end it later, and the provider
// would list it for ever.
//
// A provider may end all that an account allowed our client, whatever token it
// is shown. So a stray grant is left alone where the person has a connection
// that it could be part of: that one is worth more.
//
// Best effort: what came of it is logged and audited
// ("connection.revoked_upstream" without a connection, as of the question), and
// never fails the caller. Blocks; thread-safe.
class StrayGrants {
 public:
  StrayGrants(const Clock& clock, Store& store, ProviderAccess& providers)
      : clock_(clock), store_(store), providers_(providers) {}

  // `account_id` is "" while nobody knows whose grant it is; `why` is what it
  // could not be kept for.
  void End(const Provider& provider, const OAuthFlow& flow,
           const TokenResponse& response, const std::string& account_id,
           const TokenCall& call, const absl::Status& why);

 private:
  // UPSTREAM_…, or "" when the provider ended it. `interaction` may be null.
  absl::StatusOr<std::string> Tell(const Provider& provider,
                                   const Interaction* interaction,
                                   const TokenResponse& response,
                                   const std::string& account_id,
                                   const TokenCall& call);
  absl::StatusOr<bool> MayBePartOfAnother(const Provider& provider,
                                          const Interaction& interaction,
                                          const std::string& account_id) const;

  const Clock& clock_;
  Store& store_;
  ProviderAccess& providers_;
};

}  // namespace tokenvault
