// ConsentFlow, where an application says who its people are.
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"
#include "vault/consent_flow.h"
#include "vault/limits.h"

namespace tokenvault {

absl::StatusOr<WebSession> ConsentFlow::AdmitBrowser(
    const Interaction& interaction, const std::string& cookie) {
  WebSession browser;
  browser.tenant = interaction.tenant;
  ASSIGN_OR_RETURN(browser.id_hash, keys_.Lookup("browser", cookie));
  Interaction asked = interaction;
  // Of two browsers that open it at once, one is the first.
  for (int i = 0; i < kCommitTries && asked.browser_hash.empty(); ++i) {
    asked.browser_hash = browser.id_hash;
    WriteBatch batch;
    batch.Update(asked);
    absl::Status status = store_.Commit(std::move(batch));
    if (status.ok()) return browser;
    if (!HasReason(status, "VERSION_CONFLICT")) return status;
    ASSIGN_OR_RETURN(asked, store_.GetInteraction(asked.tenant, asked.id));
  }
  if (asked.browser_hash == browser.id_hash) return browser;
  return burner_.Burn(asked, "browser");
}

absl::StatusOr<ConnectionId> ConsentFlow::Confirm(
    const Directory& directory, const Confirmation& confirmation) {
  const std::string actor = absl::StrCat("agents/", confirmation.agent.value);
  absl::StatusOr<Interaction> interaction =
      store_.GetInteraction(confirmation.tenant, confirmation.interaction);
  if (HasReason(interaction.status(), "NOT_FOUND") ||
      (interaction.ok() && (interaction->confirmer.empty() ||
                            interaction->confirmer != confirmation.agent))) {
    return errors::ResourceDenied(
        absl::StrCat("interactions/", confirmation.interaction.value));
  }
  RETURN_IF_ERROR(interaction.status());
  ASSIGN_OR_RETURN(HeldCodes::Taken taken,
                   held_.Take(*interaction, confirmation.connect_code));
  const OAuthFlow& flow = taken.flow;
  if (taken.failed == "connect_code") {
    return burner_.Note(confirmation.tenant, actor, taken.failed);
  }
  if (taken.failed == "replayed") {
    return burner_.Note(flow, taken.failed, actor);
  }
  // From here on the code is dropped, and a failed check burns the question.
  if (!taken.failed.empty()) return burner_.Burn(flow, taken.failed, actor);
  if (confirmation.user != interaction->user) {
    return burner_.Burn(flow, "user", actor);
  }
  if (interaction->state != InteractionState::kPending) {
    return burner_.Burn(flow, "settled", actor);
  }
  const Provider* configured = directory.FindProvider(flow.provider);
  if (configured == nullptr) return burner_.Burn(flow, "context", actor);
  absl::StatusOr<Provider> provider =
      providers_.WithEndpoints(*configured, directory.dev_mode);
  absl::Status stopped = CheckStops(*interaction);
  if (const absl::Status& why = provider.ok() ? stopped : provider.status();
      !why.ok()) {
    RETURN_IF_ERROR(NoteFailure(*interaction, why));
    return why;
  }
  // Another server than the one that gave the code, since the browser came
  // back.
  if (provider->discovery && flow.issuer != provider->issuer) {
    return burner_.Burn(flow, "iss", actor);
  }
  AuditEvent event =
      InteractionEvent(*interaction, audit_kind::kConnectConfirmed);
  event.actor = actor;
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  if (absl::Status written = store_.Commit(std::move(batch)); !written.ok()) {
    return NotAudited(written);
  }
  ASSIGN_OR_RETURN(
      const Connector::Connected connected,
      Redeem(directory, *provider, *interaction, flow, taken.code));
  return connected.connection;
}

}  // namespace tokenvault
