#include "vault/approvals.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/approval_request.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

// Of one person, looked through at once: more than can be open.
constexpr int kMostLookedAt = 100;
// Rows of a tenant, looked through for an approver of others.
constexpr int kMostOfTenant = 500;

AuditEvent ApprovalEvent(const AskedApproval& asked, absl::string_view kind,
                         const Approver& approver) {
  AuditEvent event = InteractionEvent(asked.question, kind);
  event.actor = ActorOf(approver.user);
  event.rule = asked.approval.rule;
  return event;
}

// What a decision was about and how it was made, for who checks it later.
std::string DecisionDetail(const Approval& approval, const Approver& approver,
                           const std::string& comment) {
  std::string detail = absl::StrCat(
      "request ", HexEncode(approval.request_hash), "; by ", approver.how);
  if (approval.reach != ApprovalReach::kNone) {
    absl::StrAppend(&detail, "; reach ", ReachName(approval.reach));
  }
  if (!approver.acr.empty()) absl::StrAppend(&detail, "; acr ", approver.acr);
  absl::StrAppend(&detail, "; signed in ",
                  absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", approver.auth_time,
                                   absl::UTCTimeZone()));
  if (!comment.empty()) absl::StrAppend(&detail, "; says ", comment);
  return detail;
}

std::string RulesOf(const Decision& decision) {
  return absl::StrJoin(decision.asking, ",");
}

bool IsUsable(const AskedApproval& asked, const AccessRequest& request,
              const Decision& decision, absl::Time now) {
  const Approval& approval = asked.approval;
  if (asked.question.state != InteractionState::kCompleted ||
      approval.rule != RulesOf(decision) || now >= approval.end_time) {
    return false;
  }
  switch (approval.reach) {
    case ApprovalReach::kNone:
      return false;
    case ApprovalReach::kHour:
      return true;
    case ApprovalReach::kOnce:
    case ApprovalReach::kTask:
      return approval.task_id == request.task_id;
  }
  return false;
}

absl::Duration HoldsFor(ApprovalReach reach) {
  switch (reach) {
    case ApprovalReach::kNone:
      break;
    case ApprovalReach::kOnce:
      return Approvals::kOnce;
    case ApprovalReach::kTask:
      return Approvals::kTask;
    case ApprovalReach::kHour:
      return Approvals::kHour;
  }
  return absl::ZeroDuration();
}

// Whether a rule lets anybody decide but the person whose account it is.
bool AsksOthers(const Directory& directory) {
  const std::vector<PolicyRule>& rules = directory.policy.rules();
  return std::any_of(rules.begin(), rules.end(), [](const PolicyRule& rule) {
    return !rule.approval.approvers.empty() ||
           !rule.approval.approver_groups.empty();
  });
}

}  // namespace

Approvals::Approvals(const Clock& clock, Store& store, const KeyKeeper& keys,
                     Interactions& interactions, TokenCache& cache)
    : clock_(clock),
      store_(store),
      approvers_(keys),
      interactions_(interactions),
      cache_(cache),
      refusals_(clock, store) {}

// ------------------------------------------------------------------- asking --

absl::StatusOr<std::variant<Approval, AskedQuestion>> Approvals::Find(
    const AccessRequest& request, const ConnectionId& connection,
    const Decision& decision) {
  // Who asks at the same time waits, and then finds the question asked.
  Turns<Topic>::Turn turn(turns_,
                          {request.tenant, request.agent, request.user});
  return FindAlone(request, connection, decision);
}

absl::StatusOr<std::variant<Approval, AskedQuestion>> Approvals::FindAlone(
    const AccessRequest& request, const ConnectionId& connection,
    const Decision& decision) {
  const absl::Time now = clock_.Now();
  Approval wanted;
  wanted.tenant = request.tenant;
  wanted.agent = request.agent;
  wanted.user = request.user;
  wanted.provider = request.provider;
  wanted.connection = connection;
  wanted.request_hash =
      ApprovalRequestHash(request, connection, decision.max_lifetime);

  ApprovalFilter same;
  same.tenant = request.tenant;
  same.request_hash = wanted.request_hash;
  ASSIGN_OR_RETURN(std::vector<AskedApproval> asked,
                   store_.ListApprovals(same, InteractionId(), kMostLookedAt));
  for (AskedApproval& one : asked) {
    if (IsUsable(one, request, decision, now)) return std::move(one.approval);
  }
  for (AskedApproval& one : asked) {
    if (StateAt(one.question, now) == InteractionState::kPending &&
        one.approval.rule == RulesOf(decision) &&
        one.approval.task_id == request.task_id) {
      ASSIGN_OR_RETURN(
          std::string url,
          interactions_.LinkTo(one.question.id, request.directory->public_url));
      return AskedQuestion{std::move(one.question), std::move(url)};
    }
  }
  RETURN_IF_ERROR(CheckNotDenied(request, connection, decision, now));
  ASSIGN_OR_RETURN(wanted.quiet, CountAsked(request, now));

  wanted.resource = request.resource;
  if (decision.max_lifetime != absl::InfiniteDuration()) {
    wanted.max_lifetime = decision.max_lifetime;
  }
  wanted.details = request.details;
  wanted.task_id = request.task_id;
  wanted.rule = RulesOf(decision);
  wanted.create_time = now;
  return Ask(request, std::move(wanted), decision, now);
}

absl::Status Approvals::CheckNotDenied(const AccessRequest& request,
                                       const ConnectionId& connection,
                                       const Decision& decision,
                                       absl::Time now) const {
  ApprovalFilter denied;
  denied.tenant = request.tenant;
  denied.agent = request.agent;
  denied.user = request.user;
  denied.state = InteractionState::kDenied;
  ASSIGN_OR_RETURN(
      const std::vector<AskedApproval> found,
      store_.ListApprovals(denied, InteractionId(), kMostLookedAt));
  for (const AskedApproval& one : found) {
    if (one.approval.connection == connection &&
        one.approval.rule == RulesOf(decision) && now < one.approval.end_time) {
      return errors::ApprovalDenied(decision.rule, one.approval.end_time - now);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Approvals::CountAsked(const AccessRequest& request,
                                           absl::Time now) const {
  ApprovalFilter of_person;
  of_person.tenant = request.tenant;
  of_person.user = request.user;
  // Longer ago than any question can be open.
  of_person.since = now - absl::Hours(24);
  of_person.state = InteractionState::kPending;
  ASSIGN_OR_RETURN(
      const std::vector<AskedApproval> open,
      store_.ListApprovals(of_person, InteractionId(), kMostLookedAt));
  int pending = 0;
  absl::Time soonest = absl::InfiniteFuture();
  for (const AskedApproval& one : open) {
    if (one.approval.agent != request.agent ||
        StateAt(one.question, now) != InteractionState::kPending) {
      continue;
    }
    ++pending;
    soonest = std::min(soonest, one.question.expire_time);
  }
  if (pending >= kMaxPending) {
    return errors::ApprovalRateLimited("pending_approvals", soonest - now);
  }
  of_person.state = std::nullopt;
  of_person.since = now - absl::Minutes(1);
  ASSIGN_OR_RETURN(
      const std::vector<AskedApproval> recent,
      store_.ListApprovals(of_person, InteractionId(), kLoudPerMinute));
  return recent.size() >= kLoudPerMinute;
}

absl::StatusOr<AskedQuestion> Approvals::Ask(const AccessRequest& request,
                                             Approval approval,
                                             const Decision& decision,
                                             absl::Time now) {
  RETURN_IF_ERROR(
      interactions_.erasing().CheckNot(request.tenant, request.user));
  Question question = QuestionFor(request, InteractionKind::kApproval);
  question.connection = approval.connection;
  // The acts are shown apart, for they bind.
  question.purpose = request.summary;
  ASSIGN_OR_RETURN(AskedQuestion asked,
                   interactions_.New(question, decision.approval.expires,
                                     request.directory->public_url, now));
  approval.id = asked.interaction.id;

  AuditEvent event =
      InteractionEvent(asked.interaction, audit_kind::kApprovalAsked);
  event.actor = absl::StrCat("agents/", request.agent.value);
  event.purpose = request.purpose;
  event.request_id = request.request_id;
  event.rule = decision.rule;
  event.detail = absl::StrCat("request ", HexEncode(approval.request_hash));
  WriteBatch batch;
  batch.Insert(asked.interaction);
  batch.Insert(approval);
  if (!approval.quiet) {
    Notice notice;
    notice.tenant = approval.tenant;
    notice.approval = approval.id;
    notice.next_try = now;
    if (channels_.webhook) {
      notice.channel = "webhook";
      batch.Insert(notice);
    }
    // With approvers of its own, the person whose address this is does not
    // decide.
    if (channels_.email && !request.email.empty() &&
        decision.approval.approvers.empty() &&
        decision.approval.approver_groups.empty()) {
      notice.channel = "email";
      notice.address = request.email;
      batch.Insert(notice);
    }
  }
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  channels_.wake();
  return asked;
}

void Approvals::AddSpending(Approval approval, absl::Time now,
                            WriteBatch& batch) {
  if (approval.reach != ApprovalReach::kOnce) return;
  approval.end_time = now;
  batch.Update(std::move(approval));
}

void Approvals::AddUnspending(Approval approval, WriteBatch& batch) {
  if (approval.reach != ApprovalReach::kOnce) return;
  ++approval.version;  // that of the row since it was spent
  batch.Update(std::move(approval));
}

// ----------------------------------------------------------------- deciding --

absl::StatusOr<AskedApproval> Approvals::Get(const Directory& directory,
                                             const InteractionId& id,
                                             const Approver& approver) const {
  absl::StatusOr<AskedApproval> asked = store_.GetApproval(approver.tenant, id);
  if (HasReason(asked.status(), "NOT_FOUND")) {
    return errors::ResourceDenied(absl::StrCat("approvals/", id.value));
  }
  RETURN_IF_ERROR(asked.status());
  RETURN_IF_ERROR(approvers_.CheckMaySee(directory, asked->approval, approver));
  asked->question.state = StateAt(asked->question, clock_.Now());
  return asked;
}

absl::StatusOr<AskedApproval> Approvals::Open(const Directory& directory,
                                              const Interaction& question,
                                              const Approver& reader) {
  absl::StatusOr<AskedApproval> asked = Get(directory, question.id, reader);
  if (!HasReason(asked.status(), "RESOURCE_DENIED")) return asked;
  AuditEvent event = InteractionEvent(question, audit_kind::kApprovalRefused);
  // Not of their own tenant, perhaps: whose question it is says the event.
  event.actor = ActorOf(reader.user);
  event.outcome = "denied";
  event.reason = ReasonOf(asked.status());
  event.detail = "opened the link";
  RETURN_IF_ERROR(refusals_.Write(std::move(event)));
  return asked;
}

absl::StatusOr<std::vector<AskedApproval>> Approvals::List(
    const Directory& directory, const Approver& approver,
    std::optional<InteractionState> state, const InteractionId& before,
    int limit) const {
  // Who may decide for others sees rows of others: the filter is ours.
  ApprovalFilter filter;
  filter.tenant = approver.tenant;
  if (!AsksOthers(directory)) filter.user = approver.user;
  filter.state = state;
  std::vector<AskedApproval> seen;
  InteractionId last = before;
  while (static_cast<int>(seen.size()) < limit) {
    ASSIGN_OR_RETURN(std::vector<AskedApproval> page,
                     store_.ListApprovals(filter, last, kMostOfTenant));
    if (page.empty()) break;
    last = page.back().approval.id;
    for (AskedApproval& asked : page) {
      asked.question.state = StateAt(asked.question, clock_.Now());
      if (state.has_value() && asked.question.state != *state) continue;
      if (!approvers_.CheckMaySee(directory, asked.approval, approver).ok())
        continue;
      seen.push_back(std::move(asked));
      if (static_cast<int>(seen.size()) == limit) break;
    }
  }
  return seen;
}

absl::StatusOr<int> Approvals::CountToDecide(const Directory& directory,
                                             const Approver& approver) const {
  // At the top of every page: what was decided long ago costs nothing here.
  std::vector<AskedApproval> waiting;
  if (AsksOthers(directory)) {
    ASSIGN_OR_RETURN(
        waiting,
        store_.ListOpenApprovals(approver.tenant, clock_.Now(), kMostOfTenant));
  } else {
    ASSIGN_OR_RETURN(waiting,
                     List(directory, approver, InteractionState::kPending,
                          InteractionId(), kMostOfTenant));
  }
  return static_cast<int>(std::count_if(
      waiting.begin(), waiting.end(), [&](const AskedApproval& asked) {
        return approvers_.CheckMayDecide(directory, asked.approval, approver)
            .ok();
      }));
}

absl::Status Approvals::Refuse(const AskedApproval& asked,
                               const Approver& approver, absl::Status why) {
  AuditEvent event =
      ApprovalEvent(asked, audit_kind::kApprovalRefused, approver);
  event.outcome = "denied";
  event.reason = ReasonOf(why);
  event.detail = MetadataOf(why, "problem");
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  return why;
}

absl::Status Approvals::AddPause(const Approval& approval, absl::Time now,
                                 WriteBatch& batch) const {
  absl::StatusOr<AgentGrant> grant = store_.GetAgentGrant(
      approval.tenant, approval.connection, approval.agent);
  if (HasReason(grant.status(), "NOT_FOUND")) return absl::OkStatus();
  RETURN_IF_ERROR(grant.status());
  grant->end_time = std::min(grant->end_time, now);
  batch.Update(*std::move(grant));
  return absl::OkStatus();
}

absl::StatusOr<AskedApproval> Approvals::Decide(const Directory& directory,
                                                const AskedApproval& asked,
                                                const Approver& approver,
                                                const Ruling& ruling) {
  absl::Status may =
      approvers_.CheckMayDecide(directory, asked.approval, approver);
  const absl::Time now = clock_.Now();
  if (may.ok() && now - approver.auth_time > kFreshSignIn) {
    may = errors::ApproverNotAllowed("stale_sign_in");
  }
  if (may.ok() &&
      approver.how == absl::StrCat("agents/", asked.approval.agent.value)) {
    may = errors::ApproverNotAllowed("own_request");
  }
  if (!may.ok()) return Refuse(asked, approver, std::move(may));
  RETURN_IF_ERROR(CheckOpen(asked.question, now));

  AskedApproval decided = asked;
  Approval& approval = decided.approval;
  const bool yes = ruling.verdict == Verdict::kApprove;
  if (yes) {
    const std::vector<ApprovalReach> offered =
        OfferedReaches(directory, approval);
    if (std::find(offered.begin(), offered.end(), ruling.reach) ==
        offered.end()) {
      return errors::FieldInvalid(
          "reach", "must be one that the rule which asks offers");
    }
    approval.reach = ruling.reach;
  }
  approval.decided_by = approver.user;
  approval.decided_how = approver.how;
  approval.decide_time = now;
  approval.end_time = now + (yes ? HoldsFor(ruling.reach) : kDenialHolds);
  AuditEvent event = ApprovalEvent(
      asked, yes ? audit_kind::kApprovalGiven : audit_kind::kApprovalDenied,
      approver);
  event.outcome = yes ? "ok" : "denied";
  event.request_id = ruling.request_id;
  event.detail = DecisionDetail(approval, approver, ruling.comment);

  const bool pauses = ruling.verdict == Verdict::kRejectAndPause;
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    WriteBatch batch;
    batch.Update(approval);
    if (pauses) RETURN_IF_ERROR(AddPause(approval, now, batch));
    batch.Append(MakeAuditEntry(event, now));
    status = interactions_.Settle(
        decided.question,
        yes ? InteractionState::kCompleted : InteractionState::kDenied,
        yes ? "" : "ACCESS_DENIED", std::move(batch));
    if (status.ok()) break;
    if (!HasReason(status, "VERSION_CONFLICT")) return status;
    // Decided by somebody else, put off, or the grant was used meanwhile.
    ASSIGN_OR_RETURN(const AskedApproval moved,
                     store_.GetApproval(approval.tenant, approval.id));
    RETURN_IF_ERROR(CheckOpen(moved.question, now));
    decided.question = moved.question;
    approval.version = moved.approval.version;
    approval.extensions = moved.approval.extensions;
  }
  RETURN_IF_ERROR(status);
  if (pauses) cache_.Invalidate(approval.connection);
  return store_.GetApproval(approval.tenant, approval.id);
}

absl::StatusOr<AskedApproval> Approvals::AskForMoreTime(
    const Directory& directory, const AskedApproval& asked,
    const Approver& approver) {
  absl::Status may =
      approvers_.CheckMayDecide(directory, asked.approval, approver);
  if (!may.ok()) return Refuse(asked, approver, std::move(may));
  const absl::Time now = clock_.Now();
  RETURN_IF_ERROR(CheckOpen(asked.question, now));
  AskedApproval longer = asked;
  if (longer.approval.extensions >= kMaxExtensions) {
    return errors::FieldInvalid("expire_time",
                                "cannot be put off again: ask the agent anew");
  }
  ++longer.approval.extensions;
  // CheckMayDecide found the rules.
  longer.question.expire_time =
      now + TermsOf(directory, asked.approval)->expires;
  AuditEvent event =
      ApprovalEvent(asked, audit_kind::kApprovalExtended, approver);
  WriteBatch batch;
  batch.Update(longer.question);
  batch.Update(longer.approval);
  batch.Append(MakeAuditEntry(event, now));
  absl::Status status = store_.Commit(std::move(batch));
  // Decided meanwhile, or put off by somebody else: that stands.
  if (!status.ok() && !HasReason(status, "VERSION_CONFLICT")) return status;
  return store_.GetApproval(asked.approval.tenant, asked.approval.id);
}

}  // namespace tokenvault
