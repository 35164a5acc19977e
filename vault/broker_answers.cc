// Broker, where an answer leaves: behind its leaf, whatever it is.
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "vault/audit_events.h"
#include "vault/broker_pending.h"

namespace tokenvault {
namespace {

// last_use_time is true to within this; a write for every use would double what
// the store has to do.
constexpr absl::Duration kUseTimeGrain = absl::Minutes(1);

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
    // In a minute, last_use_time is written again.
    remembered_.Put(request,
                    {request.directory, access.validity, issued, decision.rule,
                     std::min(access.end_time, now + kUseTimeGrain)},
                    now);
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

void Broker::TouchGrant(AgentGrant grant, absl::Time now) {
  if (now < grant.last_use_time + kUseTimeGrain) return;
  grant.last_use_time = now;
  WriteBatch batch;
  batch.Update(std::move(grant));
  // Nobody waits for it, and who loses a race loses nothing but a minute.
  store_.Commit(std::move(batch), [](absl::Status) {});
}

}  // namespace tokenvault
