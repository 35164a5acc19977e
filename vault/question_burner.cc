#include "vault/question_burner.h"

#include <utility>

#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

constexpr char kMismatch[] = "FAILED_USER_MISMATCH";

}  // namespace

QuestionBurner::QuestionBurner(const Clock& clock, Store& store,
                               Interactions& interactions)
    : clock_(clock),
      store_(store),
      interactions_(interactions),
      log_(clock, store) {}

absl::Status QuestionBurner::Burn(const OAuthFlow& flow,
                                  absl::string_view check,
                                  const std::string& actor) {
  absl::StatusOr<Interaction> interaction =
      store_.GetInteraction(flow.tenant, flow.interaction);
  // A trip of a sign-in is about no question, or about one that was not asked
  // on this way.
  if (flow.kind != FlowKind::kConnect ||
      HasReason(interaction.status(), "NOT_FOUND")) {
    return Note(flow, check, actor);
  }
  RETURN_IF_ERROR(interaction.status());
  return Burn(*interaction, check, actor);
}

absl::Status QuestionBurner::Burn(const Interaction& interaction,
                                  absl::string_view check,
                                  const std::string& actor) {
  const bool other_person = check == "user";
  AuditEvent event = InteractionEvent(
      interaction, other_person ? audit_kind::kConnectUserMismatch
                                : audit_kind::kConnectRefused);
  event.actor = actor;
  event.outcome = "denied";
  event.reason = other_person ? kMismatch : "CONNECT_REFUSED";
  event.detail = std::string(check);
  RETURN_IF_ERROR(End(interaction, event));
  return errors::ConnectRefused(check);
}

absl::Status QuestionBurner::BurnFor(const Interaction& interaction,
                                     const WebSession& stranger) {
  AuditEvent event =
      InteractionEvent(interaction, audit_kind::kConnectUserMismatch);
  event.actor = ActorOf(stranger.user);
  event.outcome = "denied";
  event.reason = kMismatch;
  RETURN_IF_ERROR(End(interaction, event));
  return errors::ConnectRefused("user_mismatch");
}

absl::Status QuestionBurner::Note(const OAuthFlow& flow,
                                  absl::string_view check,
                                  const std::string& actor) {
  AuditEvent event;
  event.kind = audit_kind::kConnectRefused;
  event.tenant = flow.tenant;
  event.actor = actor;
  event.provider = flow.provider;
  event.interaction = flow.interaction;
  return Write(std::move(event), check);
}

absl::Status QuestionBurner::Note(const TenantId& tenant,
                                  const std::string& actor,
                                  absl::string_view check) {
  AuditEvent event;
  event.kind = audit_kind::kConnectRefused;
  event.tenant = tenant;
  event.actor = actor;
  return Write(std::move(event), check);
}

absl::Status QuestionBurner::Write(AuditEvent event, absl::string_view check) {
  event.outcome = "denied";
  event.reason = "CONNECT_REFUSED";
  event.detail = std::string(check);
  RETURN_IF_ERROR(log_.Write(std::move(event)));
  return errors::ConnectRefused(check);
}

absl::Status QuestionBurner::End(Interaction interaction,
                                 const AuditEvent& event) {
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    if (interaction.state != InteractionState::kPending) {
      return log_.Write(event);
    }
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    status = interactions_.Settle(interaction, InteractionState::kRefused,
                                  event.reason, std::move(batch));
    if (!HasReason(status, "VERSION_CONFLICT")) return status;
    // Somebody was faster: what they said stands, and so does the leaf.
    ASSIGN_OR_RETURN(interaction,
                     store_.GetInteraction(interaction.tenant, interaction.id));
  }
  return status;
}

}  // namespace tokenvault
