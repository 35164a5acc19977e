// ConsentFlow, to the provider and back.
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "oauth/callback_capture.h"
#include "oauth/pkce.h"
#include "vault/audit_events.h"
#include "vault/consent_flow.h"
#include "vault/provider_call.h"

namespace tokenvault {
namespace {

// What the provider says when a person presses "deny" there, and what it says
// when something is wrong with it or with us (RFC 6749 §4.1.2.1).
absl::Status ProviderError(const Provider& provider, const std::string& code) {
  if (code == "server_error" || code == "temporarily_unavailable") {
    return errors::ProviderUnreachable(provider.id.value, code,
                                       /*maybe_sent=*/true);
  }
  static constexpr const char* kOurs[] = {
      "invalid_request", "unauthorized_client", "unsupported_response_type",
      "invalid_scope"};
  for (const char* known : kOurs) {
    if (code == known) {
      return errors::ProviderMisconfigured(provider.id.value, known);
    }
  }
  return errors::ProviderAnswerInvalid(provider.id.value, "unknown_error");
}

// Whose callback it is by its address; nobody's when there is no such one.
TenantId TenantOf(const Directory& directory, const std::string& context) {
  const TenantId tenant(context.substr(0, context.find('.')));
  return directory.FindTenant(tenant) == nullptr ? TenantId() : tenant;
}

// Why this is not the browser of the person who was asked; "" when it is. Where
// an application says who people are, the cookie of the trip has said all that
// can be known here.
absl::string_view FailedPersonCheck(const OAuthFlow& flow,
                                    const Interaction& interaction,
                                    const std::optional<WebSession>& session) {
  if (!interaction.confirmer.empty()) return "";
  if (!session.has_value() || session->id_hash != flow.session_hash) {
    return "session";
  }
  return session->tenant == interaction.tenant &&
                 session->user == interaction.user
             ? ""
             : "user";
}

}  // namespace

absl::StatusOr<ConsentFlow::Leaving> ConsentFlow::Destination(
    const Directory& directory, const std::string& flow_id,
    const std::optional<WebSession>& session, const CookieReader& read_cookie) {
  ASSIGN_OR_RETURN(const std::string state, keys_.Derive("state", flow_id));
  ASSIGN_OR_RETURN(const std::string hash, keys_.Lookup("state", state));
  absl::StatusOr<OAuthFlow> flow = store_.GetFlow(hash);
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return session.has_value()
               ? burner_.Note(session->tenant, ActorOf(session->user), "state")
               : burner_.Note(TenantId(), QuestionBurner::kBrowser, "state");
  }
  RETURN_IF_ERROR(flow.status());
  if (flow->session_hash.empty()) {
    ASSIGN_OR_RETURN(const bool same_browser,
                     flows_.IsSameBrowser(*flow, read_cookie));
    if (!same_browser) return burner_.Note(*flow, "cookie");
  } else if (!session.has_value()) {
    // Who is not signed in proves nothing, and so takes nothing from a person.
    return burner_.Note(*flow, "session");
  } else if (flow->session_hash != session->id_hash) {
    return burner_.Burn(*flow, "session");
  }
  // They have been there, and went back to this page.
  if (flow->state != FlowState::kRedirected) {
    return burner_.Note(*flow, "replayed");
  }
  if (clock_.Now() >= flow->expire_time) {
    return burner_.Burn(*flow, "expired");
  }
  const Provider* configured = directory.FindProvider(flow->provider);
  if (configured == nullptr) {
    return errors::ResourceDenied(
        absl::StrCat("providers/", flow->provider.value));
  }
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.WithEndpoints(*configured, directory.dev_mode));
  if (provider.discovery && flow->issuer != provider.issuer) {
    flow->issuer = provider.issuer;
    WriteBatch batch;
    batch.Update(*flow);
    RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  }
  ASSIGN_OR_RETURN(Secret verifier, flows_.OpenVerifier(*flow));
  AuthorizationRequest request;
  request.scopes = flow->scopes;
  request.redirect_uri = CallbackUrl(directory, flow->tenant, flow->provider);
  request.state = state;
  request.code_challenge = PkceChallenge(verifier.Reveal());
  if (flow->scopes.Contains("openid")) {
    ASSIGN_OR_RETURN(request.nonce, keys_.Derive("nonce", state));
  }
  Leaving leaving;
  leaving.url = providers_.oauth().AuthorizationUrl(provider, request);
  ASSIGN_OR_RETURN(leaving.interaction,
                   store_.GetInteraction(flow->tenant, flow->interaction));
  return leaving;
}

// The checks of who came back. Those that a person's own browser can fail by
// going back or a reload take nothing from them; any other burns the question.
absl::StatusOr<ConsentFlow::Arrival> ConsentFlow::CheckArrival(
    const Directory& directory, const std::string& context,
    const CallbackQuery& query, const std::optional<WebSession>& session,
    const CookieReader& read_cookie) {
  ASSIGN_OR_RETURN(OAuthFlows::Taken taken, flows_.Take(query));
  if (!taken.flow.has_value()) {
    return burner_.Note(TenantOf(directory, context), QuestionBurner::kBrowser,
                        taken.failed);
  }
  Arrival arrival;
  arrival.flow = *std::move(taken.flow);
  const OAuthFlow& flow = arrival.flow;
  ASSIGN_OR_RETURN(const bool same_browser,
                   flows_.IsSameBrowser(flow, read_cookie));
  if (taken.failed == "replayed" && same_browser) {
    return burner_.Note(flow, taken.failed);
  }
  if (!taken.failed.empty()) return burner_.Burn(flow, taken.failed);
  if (flow.kind != FlowKind::kConnect || !same_browser) {
    return burner_.Burn(flow, "cookie");
  }
  ASSIGN_OR_RETURN(arrival.interaction,
                   store_.GetInteraction(flow.tenant, flow.interaction));
  if (auto failed = FailedPersonCheck(flow, arrival.interaction, session);
      !failed.empty()) {
    return burner_.Burn(flow, failed);
  }
  if (arrival.interaction.state != InteractionState::kPending) {
    return burner_.Burn(flow, "settled");
  }
  if (context != flow.context) return burner_.Burn(flow, "context");
  return arrival;
}

// What the provider gave the browser for us, with what is needed to use it.
absl::StatusOr<ReturnedCode> ConsentFlow::ReadCode(const Provider& provider,
                                                   const OAuthFlow& flow,
                                                   const CallbackQuery& query) {
  ReturnedCode came;
  came.code = Secret::Copy(query.Get("code"));
  if (flow.scopes.Contains("openid")) {
    ASSIGN_OR_RETURN(came.nonce, keys_.Derive("nonce", query.Get("state")));
  }
  absl::StatusOr<std::map<std::string, std::string>> captured =
      CaptureCallback(provider, query.parameters);
  if (!captured.ok()) {
    return burner_.Burn(flow, MetadataOf(captured.status(), "check"));
  }
  came.hints = *std::move(captured);
  ASSIGN_OR_RETURN(came.verifier, flows_.OpenVerifier(flow));
  return came;
}

absl::StatusOr<ConsentFlow::Returned> ConsentFlow::Return(
    const Directory& directory, const std::string& context,
    const CallbackQuery& query, const std::optional<WebSession>& session,
    const CookieReader& read_cookie) {
  ASSIGN_OR_RETURN(
      const Arrival arrival,
      CheckArrival(directory, context, query, session, read_cookie));
  const auto& [flow, interaction] = arrival;
  Returned returned;
  returned.interaction = flow.interaction;
  returned.flow_cookie_name = OAuthFlows::CookieName(flow);
  const Provider* configured = directory.FindProvider(flow.provider);
  if (configured == nullptr) return burner_.Burn(flow, "context");
  absl::StatusOr<Provider> reachable =
      providers_.WithEndpoints(*configured, directory.dev_mode);
  if (!reachable.ok()) {
    return NotConnected(interaction, returned, reachable.status());
  }
  const Provider& provider = *reachable;
  // Another server than the one that the browser was sent to gets no code, even
  // where none of them says who it is.
  if (!IsIssuedBy(provider, query) ||
      (provider.discovery && flow.issuer != provider.issuer)) {
    return burner_.Burn(flow, "iss");
  }
  if (!interaction.confirmer.empty()) {
    returned.return_uri = interaction.return_uri;
  }
  const std::string error = query.Get("error");
  if (error == "access_denied") {
    RETURN_IF_ERROR(SettleDenied(interaction, "PROVIDER_DENIED"));
    return returned;
  }
  if (!error.empty()) {
    return NotConnected(interaction, returned, ProviderError(provider, error));
  }
  if (query.Get("code").empty()) return burner_.Burn(flow, "code");
  // An unused code ends by itself; a used one would be a grant at the provider.
  if (absl::Status stopped = CheckStops(interaction); !stopped.ok()) {
    return NotConnected(interaction, returned, std::move(stopped));
  }
  ASSIGN_OR_RETURN(ReturnedCode came, ReadCode(provider, flow, query));
  if (!interaction.confirmer.empty()) {
    ASSIGN_OR_RETURN(returned.connect_code, held_.Hold(flow, came));
    return returned;
  }
  absl::StatusOr<Connector::Connected> connected =
      Redeem(directory, provider, interaction, flow, came);
  if (absl::StartsWith(ReasonOf(connected.status()), "PROVIDER_")) {
    returned.not_connected = connected.status();
    return returned;
  }
  RETURN_IF_ERROR(connected.status());
  if (connected->other_account) returned.trip_id = HexEncode(flow.state_hash);
  return returned;
}

// After the last check of the way there and back. What fails is written down:
// PROVIDER_* leaves the question open, CONNECT_REFUSED has burnt it.
absl::StatusOr<Connector::Connected> ConsentFlow::Redeem(
    const Directory& directory, const Provider& provider,
    const Interaction& interaction, const OAuthFlow& flow,
    const ReturnedCode& came) {
  absl::StatusOr<Connector::Connected> connected =
      connector_.Redeem(directory, provider, flow, came);
  if (absl::StartsWith(ReasonOf(connected.status()), "PROVIDER_")) {
    RETURN_IF_ERROR(NoteFailure(interaction, connected.status()));
  } else if (HasReason(connected.status(), "CONNECT_REFUSED")) {
    return burner_.Burn(flow, MetadataOf(connected.status(), "check"));
  }
  return connected;
}

// The question stays open: the person may try again. Written down before they
// are told.
absl::StatusOr<ConsentFlow::Returned> ConsentFlow::NotConnected(
    const Interaction& interaction, Returned returned, absl::Status why) {
  RETURN_IF_ERROR(NoteFailure(interaction, why));
  returned.not_connected = std::move(why);
  return returned;
}

absl::Status ConsentFlow::NoteFailure(const Interaction& interaction,
                                      const absl::Status& why) {
  AuditEvent event = InteractionEvent(interaction, audit_kind::kConnectFailed);
  event.outcome = "error";
  event.reason = ReasonOf(why);
  event.detail = MetadataOf(why, "problem");
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status written = store_.Commit(std::move(batch));
  return written.ok() ? written : NotAudited(written);
}

}  // namespace tokenvault
