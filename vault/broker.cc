#include "vault/broker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

constexpr size_t kMaxRemembered = 100'000;
// last_use_time is true to within this; a write for every use would double what
// the store has to do.
constexpr absl::Duration kUseTimeGrain = absl::Minutes(1);
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

// The token that `use` counts, in the window that is open now.
WriteBatch::Spend SpendFor(const AccessRequest& request, const BudgetUse& use,
                           absl::Time now) {
  WriteBatch::Spend spend;
  spend.tenant = request.tenant;
  spend.rule = use.rule;
  if (use.budget.of == BudgetOf::kAgent) spend.agent = request.agent;
  if (use.budget.of == BudgetOf::kPerson) spend.user = request.user;
  spend.window_start = WindowStart(use.budget, now);
  spend.window = use.budget.per;
  spend.most = use.budget.tokens;
  return spend;
}

// BUDGET_SPENT of a commit, with when the next window opens.
absl::Status SpentUntilNextWindow(const absl::Status& spent,
                                  const std::vector<BudgetUse>& budgets,
                                  absl::Time now) {
  const std::string rule = MetadataOf(spent, "rule");
  for (const BudgetUse& use : budgets) {
    if (use.rule != rule) continue;
    return errors::BudgetSpent(
        rule, WindowStart(use.budget, now) + use.budget.per - now);
  }
  return spent;
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

AuditEvent EventFor(const AccessRequest& request, absl::string_view kind) {
  AuditEvent event;
  event.kind = kind;
  event.tenant = request.tenant;
  event.actor = absl::StrCat("agents/", request.agent.value);
  event.user = request.user;
  event.provider = request.provider;
  event.connection = request.connection;
  event.scopes = request.scopes;
  event.request_id = request.request_id;
  event.purpose = request.purpose;
  return event;
}

}  // namespace

struct Broker::Pending {
  AccessRequest request;
  Done done;
  Decision decision;
  std::optional<Approval> approval;  // by which it gets a token
  // What the decision point said: once for each request, "" until then.
  std::string outside;
  // Once the token is to have optional scopes too: with these `decision` is
  // about it, and `needed` about what it was without them.
  ScopeSet judged;
  Decision needed;
  // What the fetch that it waited for ended with, when that was the provider's
  // failure and a token that is still good will do.
  absl::Status fetch_failure;
  // How often the connection changed while a token was fetched.
  int looked_again = 0;
  // What it would have got, had it not been stopped behind its leaf; and when
  // that was counted, and its approval spent.
  std::string withheld_token_id;
  absl::Time withheld_time;
};

struct Broker::RememberedAnswer {
  std::shared_ptr<const Directory> directory;  // the policy it was judged by
  Validity validity;
  IssuedToken issued;   // from the cache, whoever is next
  absl::Time end_time;  // by the person's choice
  absl::Time touched;   // when last_use_time was last written
  std::string rule;
};

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
  std::shared_ptr<const RememberedAnswer> known;
  if (request.optional_scopes.empty()) {
    MutexLock lock(mutex_);
    auto it = remembered_.find(request);
    if (it != remembered_.end()) known = it->second;
  }
  if (known != nullptr && known->directory == request.directory &&
      known->validity->load() && now < known->end_time &&
      now < known->touched + kUseTimeGrain &&
      IsGoodEnough(request.min_ttl, *known->issued.token, now)) {
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
  MutexLock lock(mutex_);
  absl::erase_if(remembered_, [&](const auto& entry) {
    return entry.first.tenant == tenant && entry.first.user == user;
  });
}

void Broker::Ask(std::shared_ptr<Pending> pending, Question question) {
  const AccessRequest& request = pending->request;
  absl::StatusOr<AskedQuestion> asked =
      interactions_.Ask(question, request.directory->public_url, clock_.Now());
  if (!asked.ok()) return Refuse(std::move(pending), asked.status());
  Tell(std::move(pending), *std::move(asked), "CONSENT_REQUIRED");
}

void Broker::Tell(std::shared_ptr<Pending> pending, AskedQuestion asked,
                  absl::string_view reason) {
  // Asked is audited with the question itself; asking again for the same link
  // is an answer too.
  AuditEvent event = EventFor(pending->request, audit_kind::kTokenDenied);
  event.connection = asked.interaction.connection;
  event.interaction = asked.interaction.id;
  event.outcome = "denied";
  event.reason = std::string(reason);
  event.rule = pending->decision.rule;
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  store_.Commit(std::move(batch), [pending, asked = std::move(asked)](
                                      absl::Status status) mutable {
    if (!status.ok()) return pending->done(NotAudited(status));
    pending->done(AccessAnswer(std::move(asked)));
  });
}

void Broker::Answer(std::shared_ptr<Pending> pending, const Access& access,
                    std::shared_ptr<const AccessToken> token, bool from_cache) {
  const AccessRequest& request = pending->request;
  ScopeEnforcement enforcement = ScopeEnforcement::kPolicyOnly;
  if (token->scopes.IsSubsetOf(access.scopes)) {
    enforcement =
        access.narrows ? ScopeEnforcement::kProvider : ScopeEnforcement::kGrant;
  }
  const absl::Time now = clock_.Now();
  const Decision& decision = pending->decision;
  if (token->expire_time - now > decision.max_lifetime) {
    if (DropOptional(*pending)) return Enqueue(std::move(pending));
    absl::Status why = errors::ProviderTokenNotShortLived(
        request.provider.value, decision.lifetime_rule);
    return Refuse(std::move(pending), std::move(why));
  }
  TouchGrant(access.grant, now);
  IssuedToken issued{std::move(token),
                     std::make_shared<const Connection>(access.connection),
                     enforcement, /*from_cache=*/true};
  // By what a request names alone, without its task and its optional scopes.
  const bool plain =
      request.optional_scopes.empty() && access.grant.task_id.empty();
  if (plain && decision.steady && decision.effect == Effect::kAllow) {
    Remember(request, {request.directory, access.validity, issued,
                       access.end_time, now, decision.rule});
  }
  issued.from_cache = from_cache;
  Give(std::move(pending), std::move(issued), access.validity);
}

void Broker::Give(std::shared_ptr<Pending> pending, IssuedToken issued,
                  Validity validity) {
  AuditEvent event = EventFor(pending->request, audit_kind::kTokenGranted);
  event.connection = issued.connection->id;
  event.scopes = issued.token->scopes;
  event.rule = pending->decision.rule;
  event.token_id = issued.token->token_id;
  event.detail = pending->outside;
  event.expires = issued.token->expire_time;
  if (issued.enforcement == ScopeEnforcement::kPolicyOnly) {
    absl::StrAppend(&event.detail, event.detail.empty() ? "" : ", ",
                    "policy_only");
  }
  absl::Status stopped = CheckStops(pending->request, event.connection);
  if (!stopped.ok()) return Refuse(std::move(pending), std::move(stopped));
  const absl::Time now = clock_.Now();
  WriteBatch batch;
  if (pending->approval.has_value()) {
    event.interaction = pending->approval->id;
    Approvals::AddSpending(*pending->approval, now, batch);
  }
  for (const BudgetUse& use : pending->decision.budgets) {
    batch.Count(SpendFor(pending->request, use, now));
  }
  batch.Append(MakeAuditEntry(event, now));
  store_.Commit(
      std::move(batch),
      [this, pending, now, validity = std::move(validity),
       issued = std::move(issued)](absl::Status status) mutable {
        if (pending->approval.has_value() &&
            HasReason(status, "VERSION_CONFLICT")) {
          // Another call used it up: this one asks again.
          return Enqueue(std::move(pending));
        }
        if (HasReason(status, "BUDGET_SPENT")) {
          if (DropOptional(*pending)) return Enqueue(std::move(pending));
          absl::Status why =
              SpentUntilNextWindow(status, pending->decision.budgets, now);
          return Refuse(std::move(pending), std::move(why));
        }
        // The token leaves here and nowhere else: not when the leaf
        // is not there, nor when the connection was revoked, paused
        // or changed while it was written. Asked again, the answer is
        // about what holds now.
        if (!status.ok()) return pending->done(NotAudited(status));
        absl::Status stop = CheckStops(pending->request, issued.connection->id);
        if (!stop.ok()) {
          // The log says that it was granted, so it has to say too
          // that nobody got it.
          pending->withheld_token_id = issued.token->token_id;
          pending->withheld_time = now;
          return Refuse(std::move(pending), std::move(stop));
        }
        if (!validity->load()) {
          return pending->done(
              errors::RateLimited("connection_changed", absl::Seconds(1)));
        }
        pending->done(AccessAnswer(std::move(issued)));
      });
}

void Broker::Refuse(std::shared_ptr<Pending> pending, absl::Status why) {
  AuditEvent event = EventFor(pending->request, audit_kind::kTokenDenied);
  event.outcome = absl::IsPermissionDenied(why) ? "denied" : "error";
  event.reason = ReasonOf(why);
  event.rule = pending->decision.rule;
  event.detail = pending->outside;
  event.token_id = pending->withheld_token_id;
  WriteBatch batch;
  const bool withheld = !pending->withheld_token_id.empty();
  // A person's word for one token is not used up by none, nor is a budget.
  const bool unspends = withheld && pending->approval.has_value();
  if (unspends) Approvals::AddUnspending(*pending->approval, batch);
  if (withheld) {
    for (const BudgetUse& use : pending->decision.budgets) {
      batch.Uncount(SpendFor(pending->request, use, pending->withheld_time));
    }
  }
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  store_.Commit(
      std::move(batch), [this, pending, unspends,
                         why = std::move(why)](absl::Status status) mutable {
        if (unspends && HasReason(status, "VERSION_CONFLICT")) {
          // Gone with the person: the leaf is written all the same.
          pending->approval.reset();
          return Refuse(std::move(pending), std::move(why));
        }
        pending->done(status.ok() ? std::move(why) : NotAudited(status));
      });
}

absl::Status Broker::CheckStops(const AccessRequest& request,
                                const ConnectionId& connection) const {
  return stops_.Check({request.tenant, request.agent, request.user, connection,
                       request.provider});
}

void Broker::ForgetAnswers() {
  MutexLock lock(mutex_);
  remembered_.clear();
}

void Broker::Remember(const AccessRequest& request, RememberedAnswer answer) {
  auto shared = std::make_shared<const RememberedAnswer>(std::move(answer));
  const absl::Time now = clock_.Now();
  MutexLock lock(mutex_);
  if (remembered_.size() >= kMaxRemembered) {
    absl::erase_if(remembered_, [now](const auto& entry) {
      return !entry.second->validity->load() ||
             entry.second->issued.token->expire_time <= now;
    });
    if (remembered_.size() >= kMaxRemembered) {
      remembered_.erase(remembered_.begin());
    }
  }
  AnswerKey key{request.tenant,   request.agent,      request.user,
                request.provider, request.connection, request.scopes,
                request.resource};
  remembered_.insert_or_assign(std::move(key), std::move(shared));
}

void Broker::TouchGrant(AgentGrant grant, absl::Time now) {
  if (now < grant.last_use_time + kUseTimeGrain) return;
  grant.last_use_time = now;
  WriteBatch batch;
  batch.Update(std::move(grant));
  // Nobody waits for it, and who loses a race loses nothing but a minute.
  store_.Commit(std::move(batch), [](absl::Status) {});
}

}  // namespace tokenvault
