#include "vault/sign_in.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kIdleGrain = absl::Minutes(1);
constexpr size_t kMaxDisplayName = 128;
// Behind the tenant in the context of a flow; ids have no slash.
constexpr char kToOperatorPage[] = "/operator";

std::string ContextOf(const TenantId& tenant, SignIn::Home home) {
  return absl::StrCat(
      tenant.value, home == SignIn::Home::kOperatorPage ? kToOperatorPage : "");
}

std::string RedirectUri(const Directory& directory, const Tenant& tenant) {
  return absl::StrCat(directory.public_url, SignInPath(tenant.id));
}

}  // namespace

std::string DisplayNameOf(const JwtClaims& claims) {
  const std::string& name = !claims.email.empty() ? claims.email
                            : !claims.preferred_username.empty()
                                ? claims.preferred_username
                            : !claims.name.empty() ? claims.name
                                                   : claims.subject;
  return name.substr(0, kMaxDisplayName);
}

std::string SignInPath(const TenantId& tenant) {
  return absl::StrCat("/signin/", tenant.value);
}

SignIn::SignIn(const Clock& clock, Store& store, KeyKeeper& keys,
               ProviderAccess& providers)
    : clock_(clock),
      store_(store),
      keys_(keys),
      providers_(providers),
      flows_(clock, store, keys),
      refusals_(clock, store) {}

absl::StatusOr<BrowserTrip> SignIn::Begin(const Directory& directory,
                                          const Tenant& tenant,
                                          const InteractionId& interaction,
                                          absl::Duration max_age, Home home) {
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.ForSignIn(tenant, directory.dev_mode));
  const std::string state = RandomToken();
  OAuthFlow flow;
  flow.tenant = tenant.id;
  flow.kind = FlowKind::kLogin;
  flow.interaction = interaction;
  flow.context = ContextOf(tenant.id, home);
  ASSIGN_OR_RETURN(OAuthFlows::Begun begun,
                   flows_.Begin(std::move(flow), state, WriteBatch()));

  AuthorizationRequest request;
  request.scopes = tenant.identity.scopes;
  request.redirect_uri = RedirectUri(directory, tenant);
  request.state = state;
  request.code_challenge = begun.code_challenge;
  if (max_age != absl::InfiniteDuration()) {
    request.extra.emplace_back("max_age",
                               absl::StrCat(absl::ToInt64Seconds(max_age)));
  }
  ASSIGN_OR_RETURN(request.nonce, keys_.Derive("nonce", state));
  begun.trip.url = providers_.oauth().AuthorizationUrl(provider, request);
  return std::move(begun.trip);
}

absl::StatusOr<SignIn::SignedIn> SignIn::Finish(
    const Directory& directory, const Tenant& tenant,
    const CallbackQuery& query, const CookieReader& read_cookie) {
  ASSIGN_OR_RETURN(const OAuthFlows::Taken taken, flows_.Take(query));
  if (!taken.flow.has_value()) return Refuse(tenant.id, {}, taken.failed);
  const OAuthFlow& flow = *taken.flow;
  auto refuse = [&](absl::string_view check) {
    return Refuse(flow.tenant, flow.interaction, check);
  };
  if (!taken.failed.empty()) return refuse(taken.failed);
  ASSIGN_OR_RETURN(const bool same_browser,
                   flows_.IsSameBrowser(flow, read_cookie));
  if (!same_browser) return refuse("cookie");
  if (flow.kind != FlowKind::kLogin || flow.tenant != tenant.id) {
    return refuse("context");
  }
  ASSIGN_OR_RETURN(Provider provider,
                   providers_.ForSignIn(tenant, directory.dev_mode));
  if (!IsIssuedBy(provider, query)) return refuse("iss");
  if (!query.Get("error").empty()) return refuse("provider_error");
  if (query.Get("code").empty()) return refuse("code");

  ASSIGN_OR_RETURN(Secret verifier, flows_.OpenVerifier(flow));
  TokenCall call;
  call.now = clock_.Now();
  absl::StatusOr<TokenResponse> response = providers_.oauth().ExchangeCode(
      provider, Secret::Copy(query.Get("code")), verifier,
      RedirectUri(directory, tenant), call);
  // Another trip's, or used up.
  if (HasReason(response.status(), "GRANT_GONE")) return refuse("code");
  RETURN_IF_ERROR(response.status());
  ASSIGN_OR_RETURN(std::string nonce,
                   keys_.Derive("nonce", query.Get("state")));
  absl::StatusOr<JwtClaims> claims = providers_.VerifyIdToken(
      provider, response->id_token, nonce, directory.dev_mode,
      tenant.identity.groups_claim);
  if (HasReason(claims.status(), "CONNECT_REFUSED")) {
    return refuse(MetadataOf(claims.status(), "check"));
  }
  RETURN_IF_ERROR(claims.status());

  const absl::Time now = clock_.Now();
  SignedIn signed_in;
  signed_in.interaction = flow.interaction;
  if (flow.context == ContextOf(tenant.id, Home::kOperatorPage)) {
    signed_in.home = Home::kOperatorPage;
  }
  signed_in.flow_cookie_name = OAuthFlows::CookieName(flow);
  signed_in.cookie = RandomToken();
  WebSession& session = signed_in.session;
  ASSIGN_OR_RETURN(session.id_hash, keys_.Lookup("session", signed_in.cookie));
  session.tenant = tenant.id;
  ASSIGN_OR_RETURN(session.user,
                   keys_.UserOf(tenant.id, provider.issuer, claims->subject));
  session.display_name = DisplayNameOf(*claims);
  session.groups = claims->groups.value_or(std::vector<std::string>());
  session.acr = claims->acr;
  // Who was signed in there before us was not there just now. Without a word
  // about it, they were.
  session.auth_time = claims->auth_time == absl::InfinitePast()
                          ? now
                          : std::min(now, claims->auth_time);
  session.create_time = now;
  session.idle_expire_time = now + kIdle;
  session.expire_time = now + kAbsolute;
  AuditEvent event;
  event.kind = audit_kind::kSignedIn;
  event.tenant = tenant.id;
  event.actor = ActorOf(session.user);
  event.user = session.user;
  event.interaction = flow.interaction;
  WriteBatch batch;
  batch.Insert(session);
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  return signed_in;
}

// Anybody can begin to sign in, and fail: so these leaves are limited too.
absl::Status SignIn::Refuse(const TenantId& tenant,
                            const InteractionId& interaction,
                            absl::string_view check) {
  AuditEvent event;
  event.kind = audit_kind::kSignInRefused;
  event.tenant = tenant;
  event.actor = "browser";
  event.interaction = interaction;
  event.detail = std::string(check);
  return Refuse(std::move(event), check);
}

absl::Status SignIn::Refuse(AuditEvent event, absl::string_view check) {
  event.outcome = "denied";
  event.reason = "CONNECT_REFUSED";
  RETURN_IF_ERROR(refusals_.Write(std::move(event)));
  return errors::ConnectRefused(check);
}

absl::Status SignIn::RefuseForm(const WebSession& session,
                                absl::string_view page,
                                absl::string_view check) {
  AuditEvent event;
  event.kind = audit_kind::kConnectRefused;
  event.tenant = session.tenant;
  event.actor = session.user.empty() ? "browser" : ActorOf(session.user);
  event.user = session.user;
  event.detail = absl::StrCat(check, " of a form for ", page);
  return Refuse(std::move(event), check);
}

absl::Status SignIn::RefuseOperatorPage(const WebSession& session,
                                        absl::string_view why) {
  AuditEvent event;
  event.kind = audit_kind::kOperatorRefused;
  event.tenant = session.tenant;
  event.actor = ActorOf(session.user);
  event.user = session.user;
  event.detail = std::string(why);
  return Refuse(std::move(event), why);
}

absl::StatusOr<std::optional<WebSession>> SignIn::Find(
    const std::string& cookie) {
  if (cookie.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(std::string hash, keys_.Lookup("session", cookie));
  absl::StatusOr<WebSession> session = store_.GetSession(hash);
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
  ASSIGN_OR_RETURN(std::string hash, keys_.Lookup("session", cookie));
  WriteBatch batch;
  batch.Remove(WriteBatch::RemoveSession{std::move(hash)});
  absl::Status status = store_.Commit(std::move(batch));
  return HasReason(status, "NOT_FOUND") ? absl::OkStatus() : status;
}

absl::StatusOr<std::string> SignIn::CsrfToken(const WebSession& session,
                                              const std::string& action) const {
  return keys_.Derive("csrf",
                      absl::StrCat(HexEncode(session.id_hash), " ", action));
}

}  // namespace tokenvault
