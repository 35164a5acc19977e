#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/ids.h"
#include "oauth/http_client.h"
#include "storage/store.h"
#include "vault/access_finder.h"
#include "vault/approvals.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/refresher.h"
#include "vault/remembered_answers.h"
#include "vault/single_flight.h"
#include "vault/stops.h"
#include "vault/token_cache.h"
#include "vault/worker_pool.h"

namespace tokenvault {

using AccessAnswer = std::variant<IssuedToken, AskedQuestion>;

// Decides every request for a token, and lets no answer out before its audit
// leaf is durable: not a token, not a denial, not a question. Of what an
// operator stopped it hands out no token, also not one whose leaf is there.
//
//   TryNow   never blocks: judges policy, looks in the cache, and either has an
//            answer or says "slow".
//   Resolve  may block on a provider or a commit; runs on the pool and reads
//            top to bottom. One refresh per connection is under way at a time;
//            who else wants that connection waits without a thread.
//
// Thread-safe.
class Broker {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<AccessAnswer>)>;

  Broker(const Clock& clock, Store& store, TokenCache& cache, Stops& stops,
         Interactions& interactions, Approvals& approvals, Refresher& refresher,
         WorkerPool& pool, HttpClient& http);

  // `done` runs once: on this thread, the store's, or one of the pool's.
  // Errors as in TokenService.GetScopedToken.
  void GetToken(AccessRequest request, Done done);

  // Uses the connection's refresh token though nobody asks for a token; the
  // access token is kept for who asks next. OK without doing anything while a
  // refresh is under way. Errors as of Refresher::Fetch. Blocks.
  absl::Status UseRefreshToken(
      const std::shared_ptr<const Directory>& directory,
      const Connection& connection);

  // Commits the answers that landed while the disk took no commit. Calls no
  // provider; blocks on the disk.
  void CommitLanded(const std::shared_ptr<const Directory>& directory);

  // Forgets every token that it could answer with at once.
  void ForgetAnswers() { remembered_.Clear(); }
  // Returns when no refresh of this connection is under way. Blocks.
  void AwaitRefresh(const ConnectionId& connection);
  // Of somebody of whom nothing is kept any more.
  void Forget(const TenantId& tenant, const UserId& user);

  AccessFinder& access() { return access_; }

 private:
  struct Pending;  // a request and its `done`

  bool TryNow(std::shared_ptr<Pending> pending);
  void Resolve(std::shared_ptr<Pending> pending);
  absl::Status AskOutside(Pending& pending);
  bool MayHave(Pending& pending, const ScopeSet& scopes);
  bool DropOptional(Pending& pending);
  void Fetch(std::shared_ptr<Pending> pending, const Access& access,
             std::shared_ptr<const AccessToken> held);
  void Ask(std::shared_ptr<Pending> pending, Question question);
  // Answers with a question that a person has to answer first.
  void Tell(std::shared_ptr<Pending> pending, AskedQuestion asked,
            absl::string_view reason);
  void Answer(std::shared_ptr<Pending> pending, const Access& access,
              std::shared_ptr<const AccessToken> token, bool from_cache);
  void Give(std::shared_ptr<Pending> pending, IssuedToken issued,
            Validity validity);
  void Refuse(std::shared_ptr<Pending> pending, absl::Status why);
  absl::Status CheckStops(const AccessRequest& request,
                          const ConnectionId& connection) const;
  void Enqueue(std::shared_ptr<Pending> pending);
  void TouchGrant(AgentGrant grant, absl::Time now);

  const Clock& clock_;
  Store& store_;
  TokenCache& cache_;
  Stops& stops_;
  Interactions& interactions_;
  Approvals& approvals_;
  Refresher& refresher_;
  WorkerPool& pool_;
  HttpClient& http_;
  AccessFinder access_;
  SingleFlight flights_;
  RememberedAnswers remembered_;
};

}  // namespace tokenvault
