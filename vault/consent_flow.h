#pragma once

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"
#include "vault/provider_access.h"
#include "vault/sign_in.h"
#include "vault/token_cache.h"

namespace tokenvault {

// A person connects an account: from the link to the sealed refresh token.
//
//   /c/<link>            Look      whose question is it, is it still open
//     sign-in            SignIn    who is this
//                        Admit     is it that person; anyone else burns it
//   POST allow/deny      Allow     our consent, durable, before the provider's
//   /go/<flow>           Destination  names the host, then a plain link
//   (the provider)
//   /cb/<tenant>.<provider>  Return   every check, then the code, then one
//   commit /done/<interaction>  Outcome   a clean address that may be reloaded
//
// What a link, a state or a code proves: nothing alone. The callback is taken
// only from the browser that pressed the button (flow cookie), in the session
// that pressed it, of the person who was asked; and all of that is checked
// before the code is used. A missing session is a failure, never a reason to
// sign in and go on. Every failure after the button burns the question.
//
// Blocks; thread-safe.
class ConsentFlow {
 public:
  ConsentFlow(const Clock& clock, Store& store, KeyKeeper& keys,
              ProviderAccess& providers, Interactions& interactions,
              TokenCache& cache);

  // The open question behind a link. NOT_FOUND, INTERACTION_USED,
  // INTERACTION_EXPIRED, INTERACTION_DENIED (also for cancelled and refused).
  absl::StatusOr<Interaction> Look(const std::string& link_id);

  // The question, if this session's person is the one who was asked. Otherwise
  // CONNECT_REFUSED "user_mismatch": the question is burnt and audited.
  absl::Status Admit(const Interaction& interaction, const WebSession& session);

  // The person said yes. Either everything needed is connected already, and the
  // question is completed (`trip` is empty); or the browser goes to the
  // provider by way of /go/<flow_id>.
  struct Allowed {
    std::string flow_id;
    std::optional<BrowserTrip> trip;  // its url is not for this response
  };
  absl::StatusOr<Allowed> Allow(const Directory& directory,
                                const Interaction& interaction,
                                const WebSession& session,
                                absl::Time access_end_time);
  // The person said no.
  absl::Status Deny(const Interaction& interaction, const WebSession& session);

  // Where /go/<flow_id> leads: the authorization URL. For the session that
  // pressed the button only. CONNECT_REFUSED, PROVIDER_*.
  struct Leaving {
    Interaction interaction;
    std::string url;
  };
  absl::StatusOr<Leaving> Destination(const Directory& directory,
                                      const std::string& flow_id,
                                      const WebSession& session);

  // The callback of /cb/<context>. Ok: the question is settled, and its Outcome
  // tells how; or the provider failed (`provider_error`: PROVIDER_*), the
  // question is still open, and a new try is a new round trip. CONNECT_REFUSED
  // with the failed check: "query", "state", "expired", "replayed", "cookie",
  // "session", "user", "settled", "context", "iss", "code", "id_token_…",
  // "account_mismatch", "revoked". STORAGE_*.
  struct Returned {
    InteractionId interaction;
    std::string flow_cookie_name;  // of no use any more
    absl::Status provider_error;
  };
  absl::StatusOr<Returned> Return(const Directory& directory,
                                  const std::string& context,
                                  const CallbackQuery& query,
                                  const std::optional<WebSession>& session,
                                  const CookieReader& read_cookie);

  // How it ended, for the person who was asked. RESOURCE_DENIED for others.
  struct Outcome {
    Interaction interaction;
    std::optional<Connection> connection;
    std::optional<AgentGrant> grant;
  };
  absl::StatusOr<Outcome> GetOutcome(const InteractionId& id,
                                     const WebSession& session);

 private:
  absl::StatusOr<OAuthFlow> TakeFlow(const CallbackQuery& query);
  absl::Status Burn(const OAuthFlow& flow, absl::string_view check);
  absl::Status Redeem(const Directory& directory, const Provider& provider,
                      const OAuthFlow& flow, const std::string& nonce,
                      const Secret& code);
  absl::StatusOr<Account> LearnAccount(const Directory& directory,
                                       const Provider& provider,
                                       const std::string& nonce,
                                       const TokenResponse& response);
  absl::StatusOr<Connection> ConnectionFor(const Interaction& interaction,
                                           const Account& account);
  absl::Status Connect(const Provider& provider, const OAuthFlow& flow,
                       Interaction interaction, Connection connection,
                       const TokenResponse& response, const Account& account,
                       const ScopeSet& granted, ConnectionId& id);
  absl::Status PutGrant(const Connection& connection,
                        const Interaction& interaction, const ScopeSet& scopes,
                        absl::Time end_time, WriteBatch& batch);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;
  Interactions& interactions_;
  TokenCache& cache_;
};

// "default.google": the <ctx> of /cb/<ctx>, one for each tenant and provider,
// so that a code meant for one context is worth nothing in another.
std::string CallbackContext(const TenantId& tenant, const ProviderId& provider);
// "/cb/default.google": register public_url + this at the provider.
std::string CallbackPath(const TenantId& tenant, const ProviderId& provider);

}  // namespace tokenvault
