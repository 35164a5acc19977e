#include "server/demo/grants.h"

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "crypto/random.h"
#include "oauth/pkce.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kCodeLifetime = absl::Minutes(1);
constexpr char kOffline[] = "offline_access";

}  // namespace

std::string DemoGrants::NewCode(DemoGrant grant, std::string redirect_uri,
                                std::string challenge, absl::Time now) {
  std::string code = absl::StrCat("dm_co_", RandomToken());
  codes_.Add(code, {std::move(grant), std::move(redirect_uri),
                    std::move(challenge), now + kCodeLifetime, ""});
  return code;
}

DemoGrants::Result DemoGrants::RedeemCode(absl::string_view client,
                                          const std::string& code,
                                          absl::string_view redirect_uri,
                                          absl::string_view verifier,
                                          absl::Time now) {
  Code* found = codes_.Find(code);
  if (found == nullptr) return DemoGrantError::kInvalidGrant;
  if (!found->family.empty()) {
    // Two have it, so one of them stole it (RFC 6749 §4.1.2).
    End(found->family);
    return DemoGrantError::kInvalidGrant;
  }
  if (found->grant.client != client || found->redirect_uri != redirect_uri ||
      found->expires <= now ||
      !EqualInConstantTime(PkceChallenge(verifier), found->challenge)) {
    return DemoGrantError::kInvalidGrant;
  }
  found->family = RandomToken();
  families_.Add(found->family, {found->grant, false});
  std::string refresh_token;
  if (found->grant.scopes.Contains(kOffline)) {
    refresh_token = absl::StrCat("dm_rt_", RandomToken());
    refresh_tokens_.Add(refresh_token, {found->family, found->grant.scopes,
                                        absl::InfiniteFuture(), false});
  }
  return Issue(found->family, found->grant.scopes, refresh_token, now);
}

DemoGrants::Result DemoGrants::Refresh(absl::string_view client,
                                       const std::string& refresh_token,
                                       const std::optional<ScopeSet>& scopes,
                                       absl::Time now) {
  Token* found = refresh_tokens_.Find(refresh_token);
  if (found == nullptr) return DemoGrantError::kInvalidGrant;
  const Family* family = LiveFamily(found->family);
  if (family == nullptr || family->grant.client != client) {
    return DemoGrantError::kInvalidGrant;
  }
  if (found->used) {
    End(found->family);
    return DemoGrantError::kInvalidGrant;
  }
  const ScopeSet wanted = scopes.value_or(found->scopes);
  // Checked before anything changes: a mistake costs nobody a refresh token.
  if (wanted.empty() || !wanted.IsSubsetOf(found->scopes)) {
    return DemoGrantError::kInvalidScope;
  }
  const std::string family_id = found->family;
  std::string next = refresh_token;
  if (rotate_) {
    found->used = true;
    next = absl::StrCat("dm_rt_", RandomToken());
    refresh_tokens_.Add(next, {family_id, ScopeSet(found->scopes),
                               absl::InfiniteFuture(), false});
  }
  return Issue(family_id, wanted, next, now);
}

DemoGrants::Revocation DemoGrants::Revoke(absl::string_view client,
                                          const std::string& token) {
  const bool is_refresh_token = refresh_tokens_.Find(token) != nullptr;
  Token* found = is_refresh_token ? refresh_tokens_.Find(token)
                                  : access_tokens_.Find(token);
  if (found == nullptr) return Revocation::kUnknown;
  const Family* family = families_.Find(found->family);
  if (family == nullptr) return Revocation::kUnknown;
  if (family->grant.client != client) return Revocation::kForeign;
  if (is_refresh_token) {
    End(found->family);
  } else {
    found->expires = absl::InfinitePast();
  }
  return Revocation::kDone;
}

std::optional<DemoGrants::Live> DemoGrants::FindAccessToken(
    const std::string& token, absl::Time now) const {
  const Token* found = access_tokens_.Find(token);
  if (found == nullptr || found->expires <= now) return std::nullopt;
  const Family* family = LiveFamily(found->family);
  if (family == nullptr) return std::nullopt;
  return Live{family->grant, found->scopes, found->expires, false};
}

std::optional<DemoGrants::Live> DemoGrants::FindRefreshToken(
    const std::string& token) const {
  const Token* found = refresh_tokens_.Find(token);
  if (found == nullptr || found->used) return std::nullopt;
  const Family* family = LiveFamily(found->family);
  if (family == nullptr) return std::nullopt;
  return Live{family->grant, found->scopes, absl::InfiniteFuture(), true};
}

size_t DemoGrants::size() const {
  return codes_.size() + families_.size() + access_tokens_.size() +
         refresh_tokens_.size();
}

DemoTokens DemoGrants::Issue(const std::string& family, const ScopeSet& scopes,
                             std::string refresh_token, absl::Time now) {
  DemoTokens tokens;
  tokens.access_token = absl::StrCat("dm_at_", RandomToken());
  tokens.refresh_token = std::move(refresh_token);
  tokens.scopes = scopes;
  tokens.expires_in = access_token_ttl_;
  tokens.grant = families_.Find(family)->grant;
  access_tokens_.Add(tokens.access_token,
                     {family, scopes, now + access_token_ttl_, false});
  return tokens;
}

const DemoGrants::Family* DemoGrants::LiveFamily(const std::string& id) const {
  const Family* family = families_.Find(id);
  return family == nullptr || family->ended ? nullptr : family;
}

void DemoGrants::End(const std::string& id) {
  if (Family* family = families_.Find(id)) family->ended = true;
}

}  // namespace tokenvault
