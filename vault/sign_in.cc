#include "vault/sign_in.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "oauth/pkce.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kIdleGrain = absl::Minutes(1);
constexpr size_t kMaxDisplayName = 128;

std::string RedirectUri(const Directory& directory, const Tenant& tenant) {
  return absl::StrCat(directory.public_url, SignInPath(tenant.id));
}

std::string CookieName(const std::string& state_hash) {
  return absl::StrCat("tv_login_", HexEncode(state_hash.substr(0, 4)));
}

std::string DisplayName(const JwtClaims& claims) {
  const std::string& name = !claims.email.empty() ? claims.email
                            : !claims.preferred_username.empty()
                                ? claims.preferred_username
                            : !claims.name.empty() ? claims.name
                                                   : claims.subject;
  return name.substr(0, kMaxDisplayName);
}

}  // namespace

std::string CallbackQuery::Get(const std::string& name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return "";
}

std::string SignInPath(const TenantId& tenant) {
  return absl::StrCat("/signin/", tenant.value);
}

SignIn::SignIn(const Clock& clock, Store& store, KeyKeeper& keys,
               ProviderAccess& providers)
    : clock_(clock), store_(store), keys_(keys), providers_(providers) {}

absl::StatusOr<BrowserTrip> SignIn::Begin(const Directory& directory,
                                          const Tenant& tenant,
                                          const InteractionId& interaction) {
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.ForSignIn(tenant, directory.dev_mode));
  const absl::Time now = clock_.Now();
  const std::string state = RandomToken();
  const std::string cookie = RandomToken();
  Pkce pkce = NewPkce(RandomBytes(32));

  OAuthFlow flow;
  flow.state_hash = keys_.Lookup("state", state);
  flow.tenant = tenant.id;
  flow.kind = FlowKind::kLogin;
  flow.interaction = interaction;
  flow.context = tenant.id.value;
  flow.cookie_hash = keys_.Lookup("flow-cookie", cookie);
  flow.create_time = now;
  flow.expire_time = now + kFlowLifetime;
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(tenant.id, ""));
  ASSIGN_OR_RETURN(
      flow.sealed_verifier,
      sealer.Seal(pkce.verifier,
                  FlowVerifierBinding(keys_.deployment_id(), flow)));
  BrowserTrip trip;
  trip.cookie_name = CookieName(flow.state_hash);
  trip.cookie_value = cookie;
  trip.cookie_age = kFlowLifetime;
  WriteBatch batch;
  batch.Insert(std::move(flow));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));

  AuthorizationRequest request;
  request.scopes = tenant.identity.scopes;
  request.redirect_uri = RedirectUri(directory, tenant);
  request.state = state;
  request.code_challenge = pkce.challenge;
  request.nonce = keys_.Derive("nonce", state);
  trip.url = providers_.oauth().AuthorizationUrl(provider, request);
  return trip;
}

absl::StatusOr<SignIn::SignedIn> SignIn::Finish(
    const Directory& directory, const Tenant& tenant,
    const CallbackQuery& query, const CookieReader& read_cookie) {
  const absl::Time now = clock_.Now();
  if (query.malformed) return errors::ConnectRefused("query");
  const std::string state = query.Get("state");
  absl::StatusOr<OAuthFlow> flow = store_.GetFlow(keys_.Lookup("state", state));
  if (HasReason(flow.status(), "NOT_FOUND")) {
    return errors::ConnectRefused("state");
  }
  RETURN_IF_ERROR(flow.status());
  if (now >= flow->expire_time) return errors::ConnectRefused("expired");
  if (flow->state != FlowState::kRedirected) {
    return errors::ConnectRefused("replayed");
  }

  // One winner, before anything the browser sent is believed.
  flow->state = FlowState::kReturned;
  WriteBatch taken;
  taken.Update(*flow);
  absl::Status status = store_.Commit(std::move(taken));
  if (HasReason(status, "VERSION_CONFLICT")) {
    return errors::ConnectRefused("replayed");
  }
  RETURN_IF_ERROR(status);

  auto refuse = [&](absl::string_view check) -> absl::Status {
    AuditEvent event;
    event.kind = audit_kind::kSignInRefused;
    event.tenant = tenant.id;
    event.actor = "browser";
    event.interaction = flow->interaction;
    event.outcome = "denied";
    event.reason = "CONNECT_REFUSED";
    event.detail = std::string(check);
    WriteBatch batch;
    batch.Append(MakeAuditEntry(event, now));
    RETURN_IF_ERROR(store_.Commit(std::move(batch)));
    return errors::ConnectRefused(check);
  };
  std::optional<std::string> cookie = read_cookie(CookieName(flow->state_hash));
  if (!cookie.has_value() ||
      !EqualInConstantTime(keys_.Lookup("flow-cookie", *cookie),
                           flow->cookie_hash)) {
    return refuse("cookie");
  }
  if (flow->kind != FlowKind::kLogin || flow->tenant != tenant.id) {
    return refuse("context");
  }
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.ForSignIn(tenant, directory.dev_mode));
  const std::string iss = query.Get("iss");
  if (iss.empty() ? provider.authorization_response_iss
                  : iss != provider.issuer) {
    return refuse("iss");
  }
  if (!query.Get("error").empty()) return refuse("provider_error");
  if (query.Get("code").empty()) return refuse("code");

  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(tenant.id, ""));
  ASSIGN_OR_RETURN(
      Secret verifier,
      sealer.Open(flow->sealed_verifier,
                  FlowVerifierBinding(keys_.deployment_id(), *flow)));
  ASSIGN_OR_RETURN(TokenResponse response,
                   providers_.oauth().ExchangeCode(
                       provider, Secret::Copy(query.Get("code")), verifier,
                       RedirectUri(directory, tenant)));
  absl::StatusOr<JwtClaims> claims = providers_.VerifyIdToken(
      provider, response.id_token, keys_.Derive("nonce", state),
      directory.dev_mode);
  if (HasReason(claims.status(), "CONNECT_REFUSED")) {
    return refuse(MetadataOf(claims.status(), "check"));
  }
  RETURN_IF_ERROR(claims.status());

  SignedIn signed_in;
  signed_in.interaction = flow->interaction;
  signed_in.flow_cookie_name = CookieName(flow->state_hash);
  signed_in.cookie = RandomToken();
  WebSession& session = signed_in.session;
  session.id_hash = keys_.Lookup("session", signed_in.cookie);
  session.tenant = tenant.id;
  session.user = keys_.UserOf(tenant.id, provider.issuer, claims->subject);
  session.display_name = DisplayName(*claims);
  session.auth_time = now;
  session.create_time = now;
  session.idle_expire_time = now + kIdle;
  session.expire_time = now + kAbsolute;
  AuditEvent event;
  event.kind = audit_kind::kSignedIn;
  event.tenant = tenant.id;
  event.actor = absl::StrCat("users/", session.user.value);
  event.user = session.user;
  event.interaction = flow->interaction;
  WriteBatch batch;
  batch.Insert(session);
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  return signed_in;
}

absl::StatusOr<std::optional<WebSession>> SignIn::Find(
    const std::string& cookie) {
  if (cookie.empty()) return std::nullopt;
  absl::StatusOr<WebSession> session =
      store_.GetSession(keys_.Lookup("session", cookie));
  if (HasReason(session.status(), "NOT_FOUND")) return std::nullopt;
  RETURN_IF_ERROR(session.status());
  const absl::Time now = clock_.Now();
  if (now >= session->idle_expire_time || now >= session->expire_time) {
    return std::nullopt;
  }
  if (session->idle_expire_time - now < kIdle - kIdleGrain) {
    session->idle_expire_time = now + kIdle;
    WriteBatch batch;
    batch.Update(*session);
    absl::Status status = store_.Commit(std::move(batch));
    // Another tab prolonged it, or signed out: the next request will see.
    if (!status.ok() && !HasReason(status, "VERSION_CONFLICT")) return status;
  }
  return *std::move(session);
}

absl::Status SignIn::SignOut(const std::string& cookie) {
  WriteBatch batch;
  batch.Remove(WriteBatch::RemoveSession{keys_.Lookup("session", cookie)});
  absl::Status status = store_.Commit(std::move(batch));
  return HasReason(status, "NOT_FOUND") ? absl::OkStatus() : status;
}

std::string SignIn::CsrfToken(const WebSession& session,
                              const std::string& action) const {
  return keys_.Derive("csrf",
                      absl::StrCat(HexEncode(session.id_hash), " ", action));
}

}  // namespace tokenvault
