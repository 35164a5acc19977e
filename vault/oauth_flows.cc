#include "vault/oauth_flows.h"

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "oauth/pkce.h"
#include "vault/bindings.h"
#include "vault/limits.h"

namespace tokenvault {

std::string CallbackQuery::Get(const std::string& name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return "";
}

OAuthFlows::OAuthFlows(const Clock& clock, Store& store, KeyKeeper& keys)
    : clock_(clock), store_(store), keys_(keys) {}

absl::StatusOr<OAuthFlows::Begun> OAuthFlows::Begin(OAuthFlow flow,
                                                    const std::string& state,
                                                    const WriteBatch& batch) {
  Begun begun;
  Pkce pkce = NewPkce(RandomBytes(32));
  begun.code_challenge = std::move(pkce.challenge);
  ASSIGN_OR_RETURN(flow.state_hash, keys_.Lookup("state", state));
  flow.create_time = clock_.Now();
  flow.expire_time = flow.create_time + kLifetime;
  begun.trip.cookie_name = CookieName(flow);
  begun.trip.cookie_value = RandomToken();
  begun.trip.cookie_age = kLifetime;
  ASSIGN_OR_RETURN(flow.cookie_hash,
                   keys_.Lookup("flow-cookie", begun.trip.cookie_value));
  begun.flow = std::move(flow);
  absl::Status status;
  // Again when the tenant's data key was replaced between sealing and commit.
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(begun.flow.tenant, ""));
    ASSIGN_OR_RETURN(
        begun.flow.sealed_verifier,
        sealer.Seal(pkce.verifier,
                    FlowVerifierBinding(keys_.deployment_id(), begun.flow)));
    WriteBatch inserted = batch;
    inserted.Insert(begun.flow);
    status = store_.Commit(std::move(inserted));
    if (!HasReason(status, "VERSION_CONFLICT")) break;
    keys_.Forget(begun.flow.tenant, "");
  }
  RETURN_IF_ERROR(status);
  return begun;
}

absl::StatusOr<OAuthFlows::Taken> OAuthFlows::Take(const CallbackQuery& query) {
  // Of two states nobody can say which one is meant.
  if (query.malformed) return Taken{"query", std::nullopt};
  ASSIGN_OR_RETURN(std::string hash, keys_.Lookup("state", query.Get("state")));
  absl::StatusOr<OAuthFlow> flow = store_.GetFlow(hash);
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return Taken{"state", std::nullopt};
  }
  RETURN_IF_ERROR(flow.status());
  if (flow->state != FlowState::kRedirected) return Taken{"replayed", *flow};
  if (clock_.Now() >= flow->expire_time) return Taken{"expired", *flow};
  OAuthFlow taken = *flow;
  taken.state = FlowState::kReturned;
  WriteBatch batch;
  batch.Update(taken);
  absl::Status status = store_.Commit(std::move(batch));
  if (HasReason(status, "VERSION_CONFLICT")) return Taken{"replayed", *flow};
  RETURN_IF_ERROR(status);
  taken.version += 1;
  return Taken{"", std::move(taken)};
}

absl::StatusOr<bool> OAuthFlows::IsSameBrowser(
    const OAuthFlow& flow, const CookieReader& read_cookie) const {
  std::optional<std::string> cookie = read_cookie(CookieName(flow));
  if (!cookie.has_value()) return false;
  ASSIGN_OR_RETURN(std::string hash, keys_.Lookup("flow-cookie", *cookie));
  return EqualInConstantTime(hash, flow.cookie_hash);
}

absl::StatusOr<Secret> OAuthFlows::OpenVerifier(const OAuthFlow& flow) const {
  absl::StatusOr<Secret> verifier = OpenVerifierOf(flow);
  if (!HasReason(verifier.status(), "KEY_UNKNOWN")) return verifier;
  // Read before it was sealed under a new data key.
  ASSIGN_OR_RETURN(const OAuthFlow now, store_.GetFlow(flow.state_hash));
  return OpenVerifierOf(now);
}

absl::StatusOr<Secret> OAuthFlows::OpenVerifierOf(const OAuthFlow& flow) const {
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(flow.tenant, ""));
  return sealer.Open(flow.sealed_verifier,
                     FlowVerifierBinding(keys_.deployment_id(), flow));
}

std::string OAuthFlows::CookieName(const OAuthFlow& flow) {
  return absl::StrCat(flow.kind == FlowKind::kLogin ? "tv_login_" : "tv_flow_",
                      HexEncode(flow.state_hash.substr(0, 4)));
}

bool IsIssuedBy(const Provider& provider, const CallbackQuery& query) {
  const std::string iss = query.Get("iss");
  return iss.empty() ? !provider.authorization_response_iss
                     : provider.issuer.empty() || iss == provider.issuer;
}

}  // namespace tokenvault
