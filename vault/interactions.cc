#include "vault/interactions.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/random.h"

namespace tokenvault {
namespace {

bool IsSameQuestion(const Interaction& asked, const Question& question) {
  // Whichever the task: a yes to the one may be a yes to all of them, and who
  // is asked once for each is asked too often. Only, there must be one to
  // allow.
  return asked.kind == question.kind && asked.scopes == question.scopes &&
         asked.optional_scopes == question.optional_scopes &&
         asked.task_id.empty() == question.task_id.empty() &&
         asked.connection == question.connection &&
         asked.return_uri == question.return_uri &&
         asked.confirmer == question.confirmer;
}

}  // namespace

InteractionState StateAt(const Interaction& interaction, absl::Time now) {
  return interaction.state == InteractionState::kPending &&
                 now >= interaction.expire_time
             ? InteractionState::kExpired
             : interaction.state;
}

absl::Status CheckOpen(const Interaction& question, absl::Time now) {
  switch (StateAt(question, now)) {
    case InteractionState::kPending:
      return absl::OkStatus();
    case InteractionState::kCompleted:
      return errors::InteractionUsed(question.id.value);
    case InteractionState::kExpired:
      return errors::InteractionExpired(question.id.value);
    case InteractionState::kDenied:
    case InteractionState::kCancelled:
    case InteractionState::kRefused:
      break;
  }
  return errors::InteractionDenied(question.id.value);
}

Interactions::Interactions(Store& store, const KeyKeeper& keys)
    : store_(store), keys_(keys) {}

absl::StatusOr<std::string> Interactions::LinkIdOf(
    const InteractionId& id) const {
  return keys_.Derive("link", id.value);
}

absl::StatusOr<std::string> Interactions::LinkTo(
    const InteractionId& id, const std::string& public_url) const {
  ASSIGN_OR_RETURN(std::string link_id, LinkIdOf(id));
  return absl::StrCat(public_url, "/c/", link_id);
}

absl::StatusOr<AskedQuestion> Interactions::New(const Question& question,
                                                absl::Duration lifetime,
                                                const std::string& public_url,
                                                absl::Time now) const {
  Interaction interaction;
  interaction.tenant = question.tenant;
  interaction.id = InteractionId(NewUlid(now));
  interaction.kind = question.kind;
  interaction.agent = question.agent;
  interaction.user = question.user;
  interaction.provider = question.provider;
  interaction.connection = question.connection;
  interaction.scopes = question.scopes;
  interaction.missing_scopes = question.missing_scopes;
  interaction.purpose = question.purpose;
  interaction.return_uri = question.return_uri;
  interaction.optional_scopes = question.optional_scopes;
  interaction.task_id = question.task_id;
  interaction.confirmer = question.confirmer;
  interaction.user_code = NewUserCode();
  interaction.create_time = now;
  interaction.expire_time = now + lifetime;
  ASSIGN_OR_RETURN(std::string link_id, LinkIdOf(interaction.id));
  ASSIGN_OR_RETURN(interaction.link_hash, keys_.Lookup("link", link_id));
  ASSIGN_OR_RETURN(std::string url, LinkTo(interaction.id, public_url));
  return AskedQuestion{std::move(interaction), std::move(url)};
}

absl::StatusOr<AskedQuestion> Interactions::Ask(const Question& question,
                                                const std::string& public_url,
                                                absl::Time now) {
  // Who asks at the same time waits, and then finds the question asked.
  const Topic topic(question.tenant, question.agent, question.user,
                    question.provider);
  Turns<Topic>::Turn turn(turns_, topic);
  return AskAlone(question, public_url, now);
}

absl::StatusOr<AskedQuestion> Interactions::AskAlone(
    const Question& question, const std::string& public_url, absl::Time now) {
  RETURN_IF_ERROR(erasing_.CheckNot(question.tenant, question.user));
  ASSIGN_OR_RETURN(
      std::vector<Interaction> pending,
      store_.ListPendingInteractions(question.tenant, question.agent,
                                     question.user, question.provider, now));
  size_t open = pending.size();
  for (Interaction& asked : pending) {
    if (!IsSameQuestion(asked, question)) continue;
    // Its link belongs to a browser, and the application sends off another one,
    // or the same anew.
    if (!asked.browser_hash.empty()) {
      RETURN_IF_ERROR(
          Cancel(asked.tenant, asked.agent, asked.id, question.request_id, now)
              .status());
      --open;
      continue;
    }
    // One that ends in a moment is no help to a person who reads a message.
    if (asked.expire_time - now < kLifetime / 5) continue;
    ASSIGN_OR_RETURN(std::string url, LinkTo(asked.id, public_url));
    return AskedQuestion{std::move(asked), std::move(url)};
  }
  if (open >= kMaxPending) {
    return errors::RateLimited("pending_interactions",
                               pending.back().expire_time - now);
  }

  ASSIGN_OR_RETURN(AskedQuestion asked,
                   New(question, kLifetime, public_url, now));
  AuditEvent event;
  event.kind = audit_kind::kConsentAsked;
  event.tenant = question.tenant;
  event.actor = absl::StrCat("agents/", question.agent.value);
  event.user = question.user;
  event.provider = question.provider;
  event.connection = question.connection;
  event.interaction = asked.interaction.id;
  event.scopes = question.scopes;
  event.purpose = question.purpose;
  event.request_id = question.request_id;
  WriteBatch batch;
  batch.Insert(asked.interaction);
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  return asked;
}

absl::StatusOr<AskedQuestion> Interactions::Get(const TenantId& tenant,
                                                const AgentId& agent,
                                                const InteractionId& id,
                                                const std::string& public_url,
                                                absl::Time now) const {
  absl::StatusOr<Interaction> found = store_.GetInteraction(tenant, id);
  if (HasReason(found.status(), "NOT_FOUND") ||
      (found.ok() && found->agent != agent)) {
    return errors::ResourceDenied(absl::StrCat("interactions/", id.value));
  }
  RETURN_IF_ERROR(found.status());
  found->state = StateAt(*found, now);
  std::string url;
  if (found->state == InteractionState::kPending) {
    ASSIGN_OR_RETURN(url, LinkTo(id, public_url));
  }
  return AskedQuestion{*std::move(found), std::move(url)};
}

absl::StatusOr<AskedQuestion> Interactions::Cancel(
    const TenantId& tenant, const AgentId& agent, const InteractionId& id,
    const std::string& request_id, absl::Time now) {
  ASSIGN_OR_RETURN(AskedQuestion asked, Get(tenant, agent, id, "", now));
  if (asked.interaction.state != InteractionState::kPending) return asked;
  AuditEvent event;
  event.kind = asked.interaction.kind == InteractionKind::kApproval
                   ? audit_kind::kApprovalCancelled
                   : audit_kind::kConsentCancelled;
  event.request_id = request_id;
  event.tenant = tenant;
  event.actor = absl::StrCat("agents/", agent.value);
  event.user = asked.interaction.user;
  event.provider = asked.interaction.provider;
  event.interaction = id;
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, now));
  absl::Status status = Settle(asked.interaction, InteractionState::kCancelled,
                               "", std::move(batch));
  // The person was faster: what they said stands.
  if (!status.ok() && !HasReason(status, "VERSION_CONFLICT")) return status;
  return Get(tenant, agent, id, "", now);
}

absl::StatusOr<Interaction> Interactions::FindByLink(
    const std::string& link_id) const {
  ASSIGN_OR_RETURN(std::string hash, keys_.Lookup("link", link_id));
  return store_.FindInteractionByLink(hash);
}

absl::Status Interactions::Settle(Interaction interaction,
                                  InteractionState state,
                                  std::string denial_reason, WriteBatch batch) {
  const InteractionId id = interaction.id;
  interaction.state = state;
  interaction.denial_reason = std::move(denial_reason);
  batch.Update(std::move(interaction));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  Wake(id);
  return absl::OkStatus();
}

Interactions::WaitId Interactions::Wait(const InteractionId& id,
                                        absl::AnyInvocable<void()> wake) {
  MutexLock lock(mutex_);
  WaitId wait = next_wait_++;
  waiters_.emplace(wait, Waiter{id, std::move(wake)});
  return wait;
}

void Interactions::StopWaiting(WaitId id) {
  MutexLock lock(mutex_);
  waiters_.erase(id);
}

void Interactions::Wake(const InteractionId& id) {
  std::vector<absl::AnyInvocable<void()>> woken;
  {
    MutexLock lock(mutex_);
    for (auto it = waiters_.begin(); it != waiters_.end();) {
      if (it->second.interaction == id) {
        woken.push_back(std::move(it->second.wake));
        it = waiters_.erase(it);
      } else {
        ++it;
      }
    }
  }
  for (auto& wake : woken) wake();
}

AuditEvent InteractionEvent(const Interaction& interaction,
                            absl::string_view kind) {
  AuditEvent event;
  event.kind = kind;
  event.tenant = interaction.tenant;
  event.actor = ActorOf(interaction.user);
  event.user = interaction.user;
  event.provider = interaction.provider;
  event.connection = interaction.connection;
  event.interaction = interaction.id;
  event.scopes = interaction.scopes;
  return event;
}

}  // namespace tokenvault
