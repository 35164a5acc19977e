#include "vault/broker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/errors.h"
#include "vault/broker_pending.h"

namespace tokenvault {
namespace {

// A connection that changes more often than that during one request is left.
constexpr int kMostLooks = 3;

absl::Status LivesTooShort(const AccessToken& token) {
  return errors::FieldInvalid(
      "min_ttl",
      absl::StrCat("tokens of this provider are good for ",
                   absl::ToInt64Seconds(token.lifetime), " s at most"));
}

// Failures that say nothing about a token which is still good.
bool IsPassing(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "PROVIDER_UNREACHABLE" ||
         reason == "PROVIDER_RATE_LIMITED" ||
         reason == "PROVIDER_ANSWER_INVALID" ||
         reason == "PROVIDER_MISCONFIGURED" || reason == "RATE_LIMITED";
}

// Of the optional scopes those that policy lets pass by themselves. Others are
// not offered to a person, since no token would have them; and with a request
// that needs an approval there are none: its token is the one that was shown.
ScopeSet OptionalScopesFor(const AccessRequest& request,
                           const Decision& decision, absl::Time now) {
  std::vector<std::string> passing;
  if (decision.effect != Effect::kAllow) return ScopeSet();
  PolicyRequest asked = PolicyRequestFor(request, now);
  for (const std::string& scope : request.optional_scopes) {
    asked.scopes = ScopeSet({scope});
    if (request.directory->policy.Decide(asked).effect == Effect::kAllow) {
      passing.push_back(scope);
    }
  }
  return ScopeSet(std::move(passing));
}

}  // namespace

Broker::Broker(const Clock& clock, Store& store, TokenCache& cache,
               Stops& stops, Interactions& interactions, Approvals& approvals,
               Refresher& refresher, WorkerPool& pool, HttpClient& http)
    : clock_(clock),
      store_(store),
      cache_(cache),
      stops_(stops),
      interactions_(interactions),
      approvals_(approvals),
      refresher_(refresher),
      pool_(pool),
      http_(http),
      access_(store, cache, stops) {}

void Broker::GetToken(AccessRequest request, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->request = std::move(request);
  pending->done = std::move(done);
  absl::Status erasing = interactions_.erasing().CheckNot(
      pending->request.tenant, pending->request.user);
  if (!erasing.ok()) return Refuse(std::move(pending), std::move(erasing));
  absl::Status stopped =
      CheckStops(pending->request, pending->request.connection);
  if (!stopped.ok()) return Refuse(std::move(pending), std::move(stopped));
  if (!TryNow(pending)) Enqueue(std::move(pending));
}

// The fast path: memory only, no lock held while anything is decided.
bool Broker::TryNow(std::shared_ptr<Pending> pending) {
  const AccessRequest& request = pending->request;
  const absl::Time now = clock_.Now();
  std::shared_ptr<const RememberedAnswers::Answer> known =
      remembered_.Find(request);
  if (known != nullptr && known->IsGoodFor(request, now)) {
    pending->decision.rule = known->rule;
    Give(std::move(pending), known->issued, known->validity);
    return true;
  }

  pending->decision =
      request.directory->policy.Decide(PolicyRequestFor(request, now));
  if (request.directory->decision_point.has_value()) {
    pending->decision.steady = false;
  }
  if (pending->decision.effect == Effect::kDeny) {
    absl::Status why = errors::PolicyDenied(pending->decision.rule);
    Refuse(std::move(pending), std::move(why));
    return true;
  }
  if (!request.optional_scopes.empty()) {
    pending->request.optional_scopes =
        OptionalScopesFor(request, pending->decision, now);
  }
  return false;
}

void Broker::Enqueue(std::shared_ptr<Pending> pending) {
  bool taken =
      pool_.Submit([this, pending]() mutable { Resolve(std::move(pending)); });
  if (!taken) {
    Refuse(std::move(pending),
           errors::RateLimited("waiting_requests", absl::Seconds(1)));
  }
}

// Whether the decision point lets pass what the rules do not deny.
absl::Status Broker::AskOutside(Pending& pending) {
  const AccessRequest& request = pending.request;
  const std::optional<DecisionPoint>& point = request.directory->decision_point;
  if (!point.has_value() || !pending.outside.empty()) return absl::OkStatus();
  absl::Status said =
      AskDecisionPoint(http_, *point, request, pending.decision, clock_.Now());
  if (said.ok()) {
    pending.outside = "decision_point: yes";
    return said;
  }
  const std::string problem = MetadataOf(said, "problem");
  pending.outside =
      absl::StrCat("decision_point: ", problem.empty() ? "no" : problem);
  pending.decision.rule = kDecisionPointRule;
  return said;
}

// Whether the token may have the optional scopes too that the person gave:
// `scopes` with those that are needed. They come out of the same budgets.
bool Broker::MayHave(Pending& pending, const ScopeSet& scopes) {
  if (scopes == pending.judged) return true;
  AccessRequest wider = pending.request;
  wider.scopes = scopes;
  const absl::Time now = clock_.Now();
  const Directory& directory = *wider.directory;
  Decision decision = directory.policy.Decide(PolicyRequestFor(wider, now));
  if (decision.effect != Effect::kAllow) return false;
  if (directory.decision_point.has_value()) {
    if (!AskDecisionPoint(http_, *directory.decision_point, wider, decision,
                          now)
             .ok()) {
      return false;
    }
    decision.steady = false;
  }
  if (pending.judged.empty()) pending.needed = std::move(pending.decision);
  pending.decision = std::move(decision);
  pending.judged = scopes;
  return true;
}

// What is needed is not lost by what is not: goes back to that alone. False
// when it was that alone.
bool Broker::DropOptional(Pending& pending) {
  if (pending.request.optional_scopes.empty()) return false;
  pending.request.optional_scopes = ScopeSet();
  if (!pending.judged.empty()) pending.decision = std::move(pending.needed);
  pending.judged = ScopeSet();
  return true;
}

// The slow path, top to bottom: which connection, may this agent, is there a
// token, and if not, fetch one.
void Broker::Resolve(std::shared_ptr<Pending> pending) {
  absl::Status outside = AskOutside(*pending);
  if (!outside.ok()) return Refuse(std::move(pending), std::move(outside));
  const AccessRequest& request = pending->request;
  absl::StatusOr<std::variant<Access, Question>> found =
      access_.Find(request, clock_.Now());
  if (!found.ok()) return Refuse(std::move(pending), found.status());
  // Of who waited too; and by now it is known which connection is meant.
  const auto* found_access = std::get_if<Access>(&*found);
  absl::Status stopped = CheckStops(
      request, found_access != nullptr ? found_access->connection.id
                                       : std::get<Question>(*found).connection);
  if (!stopped.ok()) return Refuse(std::move(pending), std::move(stopped));
  if (auto* question = std::get_if<Question>(&*found)) {
    return Ask(std::move(pending), std::move(*question));
  }
  const Access& access = std::get<Access>(*found);
  if (access.scopes != request.scopes && !MayHave(*pending, access.scopes)) {
    DropOptional(*pending);
    return Resolve(std::move(pending));
  }
  if (pending->decision.effect == Effect::kRequireApproval) {
    absl::StatusOr<std::variant<Approval, AskedQuestion>> word =
        approvals_.Find(request, access.connection.id, pending->decision);
    if (!word.ok()) return Refuse(std::move(pending), word.status());
    if (auto* asked = std::get_if<AskedQuestion>(&*word)) {
      return Tell(std::move(pending), std::move(*asked), "APPROVAL_REQUIRED");
    }
    pending->approval = std::get<Approval>(*std::move(word));
  }
  const TokenKey& key = access.key;
  std::shared_ptr<const AccessToken> held = cache_.Find(key, clock_.Now());
  if (held != nullptr && IsGoodEnough(request.min_ttl, *held, clock_.Now())) {
    return Answer(std::move(pending), access, std::move(held), true);
  }
  if (held != nullptr && MinTtl(request.min_ttl, *held) > held->lifetime) {
    // Another one would not live longer either.
    absl::Status why = LivesTooShort(*held);
    return Refuse(std::move(pending), std::move(why));
  }
  if (!pending->fetch_failure.ok()) {
    // Expiring is not expired.
    if (held != nullptr) {
      return Answer(std::move(pending), access, std::move(held), true);
    }
    absl::Status why = pending->fetch_failure;
    return Refuse(std::move(pending), std::move(why));
  }

  // Who comes while another fetches looks again when it has landed, and shares
  // its failure if it wanted the same token of the same connection.
  bool flying = flights_.TakeOff(
      access.connection.id,
      [this, pending, key, validity = access.validity](
          const TokenKey& fetched, const absl::Status& status) {
        if (!status.ok() && fetched == key && validity->load()) {
          // A token that is held may still be good.
          if (!IsPassing(status) || pending->request.min_ttl.has_value()) {
            return Refuse(pending, status);
          }
          pending->fetch_failure = status;
        }
        Enqueue(pending);
      });
  if (flying) Fetch(std::move(pending), access, std::move(held));
}

// This request's turn to ask the provider. `held` is a token that is not as
// good as was asked, or null.
void Broker::Fetch(std::shared_ptr<Pending> pending, const Access& access,
                   std::shared_ptr<const AccessToken> held) {
  const AccessRequest& request = pending->request;
  const ConnectionId& id = access.connection.id;
  // Between our look and our turn somebody may have landed with it.
  std::shared_ptr<const AccessToken> landed =
      cache_.Find(access.key, clock_.Now());
  if (landed != nullptr &&
      IsGoodEnough(request.min_ttl, *landed, clock_.Now())) {
    flights_.Land(id, access.key, absl::OkStatus());
    return Answer(std::move(pending), access, std::move(landed), true);
  }

  absl::StatusOr<Refresher::Fetched> fetched = refresher_.Fetch(
      *request.directory, *request.directory->FindProvider(request.provider),
      access.connection, {access.scopes, request.resource, request.min_ttl});
  if (fetched.ok()) {
    cache_.Put(access.key, fetched->token, access.validity, clock_.Now());
  }
  flights_.Land(id, access.key, fetched.status());

  if (!access.validity->load() && ++pending->looked_again < kMostLooks) {
    // Revoked, paused, reconnected, or less or nothing of it is granted any
    // more: that comes first.
    return Enqueue(std::move(pending));
  }
  if (HasReason(fetched.status(), "GRANT_GONE")) {
    Question question = QuestionFor(request, InteractionKind::kReconnect);
    question.connection = id;
    return Ask(std::move(pending), std::move(question));
  }
  if (!fetched.ok()) {
    // Expiring is not expired.
    if (held != nullptr && !request.min_ttl.has_value() &&
        IsPassing(fetched.status())) {
      return Answer(std::move(pending), access, std::move(held), true);
    }
    return Refuse(std::move(pending), fetched.status());
  }
  if (!IsGoodEnough(request.min_ttl, *fetched->token, clock_.Now())) {
    return Refuse(std::move(pending), LivesTooShort(*fetched->token));
  }
  Answer(std::move(pending), access, fetched->token, /*from_cache=*/false);
}

absl::Status Broker::UseRefreshToken(
    const std::shared_ptr<const Directory>& directory,
    const Connection& connection) {
  const Provider* provider = directory->FindProvider(connection.provider);
  if (provider == nullptr) return absl::OkStatus();
  const bool ours = flights_.TakeOff(
      connection.id, [](const TokenKey&, const absl::Status&) {});
  if (!ours) return absl::OkStatus();
  Validity validity = cache_.ValidityOf(connection.id);
  const ScopeSet scopes =
      connection.granted_scopes.Minus(provider->scope_not_echoed);
  const TokenKey key{connection.tenant, connection.id, scopes, ""};
  absl::StatusOr<Refresher::Fetched> fetched =
      refresher_.Fetch(*directory, *provider, connection, {scopes, "", {}});
  if (fetched.ok()) {
    cache_.Put(key, fetched->token, std::move(validity), clock_.Now());
  }
  flights_.Land(connection.id, key, fetched.status());
  return fetched.status();
}

void Broker::CommitLanded(const std::shared_ptr<const Directory>& directory) {
  for (const Connection& connection : refresher_.Uncommitted()) {
    const bool ours = flights_.TakeOff(
        connection.id, [](const TokenKey&, const absl::Status&) {});
    if (!ours) continue;
    absl::Status status = refresher_.Settle(*directory, connection);
    flights_.Land(connection.id, TokenKey(), status);
  }
}

void Broker::AwaitRefresh(const ConnectionId& connection) {
  Await([&](absl::AnyInvocable<void(absl::Status)> done) {
    // Called by the flight that lands, or here.
    auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(
        std::move(done));
    const bool ours = flights_.TakeOff(
        connection, [shared](const TokenKey&, const absl::Status&) {
          (*shared)(absl::OkStatus());
        });
    if (!ours) return;
    flights_.Land(connection, TokenKey(), absl::OkStatus());
    (*shared)(absl::OkStatus());
  }).IgnoreError();
}

void Broker::Forget(const TenantId& tenant, const UserId& user) {
  stops_.Forget(tenant, user);
  remembered_.Forget(tenant, user);
}

absl::Status Broker::CheckStops(const AccessRequest& request,
                                const ConnectionId& connection) const {
  return stops_.Check({request.tenant, request.agent, request.user, connection,
                       request.provider});
}

}  // namespace tokenvault
