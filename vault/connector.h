#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/held_codes.h"
#include "vault/interactions.h"
#include "vault/key_keeper.h"
#include "vault/provider_access.h"
#include "vault/stray_grants.h"
#include "vault/token_cache.h"

namespace tokenvault {

// What a person allowed, beside what was needed.
struct ConsentChoice {
  absl::Time end_time = absl::InfiniteFuture();
  ScopeSet optional_scopes;  // of those that were offered
  // The task alone that the agent is let in for, by its own id; "" for any.
  std::string task_id;
};
// As it was chosen before the trip.
ConsentChoice ChoiceOf(const OAuthFlow& flow);

// The end of a consent: from an authorization code, every check behind it, to a
// sealed refresh token and an agent that may use it. Blocks; thread-safe.
class Connector {
 public:
  Connector(const Clock& clock, Store& store, KeyKeeper& keys,
            ProviderAccess& providers, Interactions& interactions,
            TokenCache& cache);

  // Redeems the code that `flow` came back with, and learns whose account it
  // is. One commit then holds the connection with its sealed token, what the
  // agent may do with it, the answer to the question and the leaf that says so.
  //
  // A question about one account is never answered with another: that other
  // account is kept as a connection which no agent was let into, `flow` names
  // it, and the question stays open (`other_account`).
  //
  // CONNECT_REFUSED with the check "code", "id_token_…", "settled" or
  // "revoked": nothing is stored, burning the question is up to the caller.
  // PROVIDER_*, KEY_*, STORAGE_*. Whatever fails once the code was exchanged,
  // the grant that came with it is ended at the provider
  // (vault/stray_grants.h).
  struct Connected {
    ConnectionId connection;
    bool other_account = false;
  };
  absl::StatusOr<Connected> Redeem(const Directory& directory,
                                   const Provider& provider,
                                   const OAuthFlow& flow,
                                   const ReturnedCode& returned);

  // Lets the agent that asked into `connection`, with as much of what it asked
  // for and was given as the account granted, and settles the question, in
  // `batch`'s commit. An agent has one access to a connection: one for a task
  // ends when another is given, and is never put over one that no task binds.
  // VERSION_CONFLICT if somebody settled it first.
  absl::Status LetIn(Interaction interaction, const Connection& connection,
                     const ConsentChoice& choice, WriteBatch batch);

 private:
  struct Redeemed;  // what the provider gave
  struct Target;    // which connection it goes to

  absl::StatusOr<Connected> Keep(const Directory& directory,
                                 const Provider& provider,
                                 const OAuthFlow& flow,
                                 const std::string& nonce, Redeemed& redeemed);
  absl::StatusOr<Account> LearnAccount(const Directory& directory,
                                       const Provider& provider,
                                       const std::string& nonce,
                                       const TokenResponse& response);
  absl::StatusOr<Target> FindTarget(const Provider& provider,
                                    const Interaction& interaction,
                                    const Redeemed& redeemed);
  absl::StatusOr<Connected> Connect(const Provider& provider,
                                    const OAuthFlow& flow,
                                    const Redeemed& redeemed);
  absl::Status PutGrant(const Connection& connection,
                        const Interaction& interaction,
                        const ConsentChoice& choice, WriteBatch& batch);
  absl::Status Settle(Interaction interaction, const Connection& connection,
                      WriteBatch batch);

  const Clock& clock_;
  Store& store_;
  KeyKeeper& keys_;
  ProviderAccess& providers_;
  Interactions& interactions_;
  TokenCache& cache_;
  StrayGrants strays_;
};

}  // namespace tokenvault
