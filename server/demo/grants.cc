#include "server/demo/grants.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "crypto/random.h"
#include "oauth/pkce.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kCodeLifetime = absl::Minutes(1);

// RFC 7636, and no verifier where there was no challenge: somebody may have
// taken it away (RFC 9700 §2.1.1).
bool Verifies(const std::string& verifier, const std::string& challenge) {
  if (challenge.empty()) return verifier.empty();
  return EqualInConstantTime(PkceChallenge(verifier), challenge);
}

}  // namespace

std::string DemoGrants::NewCode(DemoGrant grant, std::string redirect_uri,
                                std::string challenge, absl::Time now) {
  std::string code = absl::StrCat("dm_co_", RandomToken());
  Write(DemoEvent::kCodeIssued, grant, "", code, now);
  codes_.Add(code, {std::move(grant), std::move(redirect_uri),
                    std::move(challenge), now + kCodeLifetime, ""});
  return code;
}

DemoGrants::Result DemoGrants::RedeemCode(const Redemption& redemption,
                                          absl::Time now) {
  Code* found = codes_.Find(redemption.code);
  if (found == nullptr) return DemoError::kInvalidCode;
  if (!found->family.empty()) {
    // Two have it, so one of them stole it (RFC 6749 §4.1.2).
    Write(DemoEvent::kCodeReplayed, found->grant, found->family,
          redemption.code, now);
    End(found->family, "replay", now);
    return DemoError::kInvalidCode;
  }
  if (found->grant.client != redemption.client ||
      found->redirect_uri != redemption.redirect_uri || found->expires <= now ||
      !Verifies(redemption.verifier, found->challenge)) {
    return DemoError::kInvalidCode;
  }
  if (persona_.needs_resource && redemption.resource != found->grant.resource) {
    return DemoError::kInvalidTarget;
  }
  found->family = RandomToken();
  Write(DemoEvent::kCodeUsed, found->grant, found->family, redemption.code,
        now);
  families_.Add(found->family, {found->grant, false, 0});
  return Issue(found->family, found->grant.scopes, found->grant.resource,
               found->grant.offline ? AddRefreshToken(found->family, now) : "",
               ExpiryFrom(now), now);
}

DemoGrants::Result DemoGrants::Refresh(absl::string_view client,
                                       const std::string& refresh_token,
                                       const std::optional<ScopeSet>& scopes,
                                       absl::string_view resource,
                                       absl::Time now) {
  Token* found = refresh_tokens_.Find(refresh_token);
  if (found == nullptr) return DemoError::kInvalidRefreshToken;
  Family* family = families_.Find(found->family);
  if (family == nullptr || family->grant.client != client) {
    return DemoError::kInvalidRefreshToken;
  }
  if (found->used) {
    Write(DemoEvent::kRefreshTokenReplayed, family->grant, found->family,
          refresh_token, now);
    End(found->family, "replay", now);
    return DemoError::kInvalidRefreshToken;
  }
  if (family->ended) return DemoError::kInvalidRefreshToken;
  const ScopeSet wanted = persona_.narrows_on_refresh
                              ? scopes.value_or(found->scopes)
                              : found->scopes;
  // Checked before anything changes: a mistake costs nobody a refresh token.
  if (wanted.empty() || !wanted.IsSubsetOf(found->scopes)) {
    return DemoError::kInvalidScope;
  }
  if (persona_.needs_resource && resource != family->grant.resource) {
    return DemoError::kInvalidTarget;
  }
  const std::string family_id = found->family;
  Write(DemoEvent::kRefreshTokenUsed, family->grant, family_id, refresh_token,
        now);
  ++family->refreshes;
  std::string next;
  if (persona_.rotates) {
    found->used = true;
    next = AddRefreshToken(family_id, now);
  }
  return Issue(family_id, wanted, family->grant.resource, std::move(next),
               ExpiryFrom(now), now);
}

DemoGrants::Result DemoGrants::Narrow(absl::string_view client,
                                      const std::string& access_token,
                                      const std::optional<ScopeSet>& scopes,
                                      std::string resource, absl::Time now) {
  auto live = FindAccessToken(access_token, now);
  if (!live.has_value() || live->grant.client != client) {
    return DemoError::kInvalidAccessToken;
  }
  const ScopeSet wanted = scopes.value_or(live->scopes);
  if (wanted.empty() || !wanted.IsSubsetOf(live->scopes)) {
    return DemoError::kInvalidScope;
  }
  return Issue(FamilyOf(access_token), wanted,
               resource.empty() ? live->resource : std::move(resource), "",
               live->expires, now);
}

DemoGrants::Revocation DemoGrants::Revoke(absl::string_view client,
                                          const std::string& token, Reach reach,
                                          absl::Time now) {
  const bool is_refresh_token = refresh_tokens_.Find(token) != nullptr;
  Token* found = is_refresh_token ? refresh_tokens_.Find(token)
                                  : access_tokens_.Find(token);
  if (found == nullptr) return Revocation::kUnknown;
  const Family* family = families_.Find(found->family);
  if (family == nullptr) return Revocation::kUnknown;
  if (family->grant.client != client) return Revocation::kForeign;
  if (reach == Reach::kToken && !is_refresh_token) {
    found->expires = absl::InfinitePast();
    Write(DemoEvent::kAccessTokenRevoked, family->grant, found->family, token,
          now);
    return Revocation::kDone;
  }
  std::vector<std::string> ending = {found->family};
  if (reach == Reach::kGrant) {
    for (const auto& [id, other] : families_) {
      if (other.grant.client == client &&
          other.grant.person == family->grant.person) {
        ending.push_back(id);
      }
    }
  }
  for (const std::string& id : ending) End(id, "client", now);
  return Revocation::kDone;
}

void DemoGrants::EndFamilyOf(const std::string& token, absl::Time now) {
  End(FamilyOf(token), "person", now);
}

std::optional<DemoGrants::Live> DemoGrants::FindAccessToken(
    const std::string& token, absl::Time now) const {
  const Token* found = access_tokens_.Find(token);
  if (found == nullptr || found->expires <= now) return std::nullopt;
  const Family* family = LiveFamily(found->family);
  if (family == nullptr) return std::nullopt;
  if (persona_.refresh_ends_access_tokens &&
      found->refreshes != family->refreshes) {
    return std::nullopt;
  }
  return Live{family->grant, found->scopes, found->resource, found->expires,
              false};
}

std::optional<DemoGrants::Live> DemoGrants::FindRefreshToken(
    const std::string& token) const {
  const Token* found = refresh_tokens_.Find(token);
  if (found == nullptr || found->used) return std::nullopt;
  const Family* family = LiveFamily(found->family);
  if (family == nullptr) return std::nullopt;
  return Live{family->grant, found->scopes, found->resource,
              absl::InfiniteFuture(), true};
}

std::string DemoGrants::FamilyOf(const std::string& token_or_code) const {
  if (const Code* code = codes_.Find(token_or_code)) return code->family;
  const Token* token = refresh_tokens_.Find(token_or_code);
  if (token == nullptr) token = access_tokens_.Find(token_or_code);
  return token == nullptr ? "" : token->family;
}

bool DemoGrants::HasOfflineGrant(absl::string_view client,
                                 absl::string_view person) const {
  return std::any_of(
      families_.begin(), families_.end(), [&](const auto& entry) {
        const Family& family = entry.second;
        return !family.ended && family.grant.offline &&
               family.grant.client == client && family.grant.person == person;
      });
}

size_t DemoGrants::size() const {
  return codes_.size() + families_.size() + access_tokens_.size() +
         refresh_tokens_.size();
}

void DemoGrants::Write(DemoEvent event, const DemoGrant& grant,
                       absl::string_view family, absl::string_view token,
                       absl::Time now, const char* why) {
  ledger_.Write({persona_.name, event, grant.client, grant.person,
                 std::string(family), std::string(token), why},
                now);
}

std::string DemoGrants::AddRefreshToken(const std::string& family,
                                        absl::Time now) {
  const DemoGrant& grant = families_.Find(family)->grant;
  std::string token = absl::StrCat("dm_rt_", RandomToken());
  Write(DemoEvent::kRefreshTokenIssued, grant, family, token, now);
  refresh_tokens_.Add(token, {family, grant.scopes, grant.resource,
                              absl::InfiniteFuture(), 0, false});
  return token;
}

DemoTokens DemoGrants::Issue(const std::string& family, const ScopeSet& scopes,
                             std::string resource, std::string refresh_token,
                             absl::Time expires, absl::Time now) {
  const Family& of = *families_.Find(family);
  DemoTokens tokens;
  tokens.access_token = absl::StrCat("dm_at_", RandomToken());
  tokens.refresh_token = std::move(refresh_token);
  tokens.scopes = scopes;
  tokens.resource = std::move(resource);
  tokens.expires = expires;
  tokens.grant = of.grant;
  Write(DemoEvent::kAccessTokenIssued, of.grant, family, tokens.access_token,
        now);
  access_tokens_.Add(tokens.access_token, {family, scopes, tokens.resource,
                                           expires, of.refreshes, false});
  return tokens;
}

absl::Time DemoGrants::ExpiryFrom(absl::Time now) const {
  return persona_.expires ? now + access_token_ttl_ : absl::InfiniteFuture();
}

const DemoGrants::Family* DemoGrants::LiveFamily(const std::string& id) const {
  const Family* family = families_.Find(id);
  return family == nullptr || family->ended ? nullptr : family;
}

void DemoGrants::End(const std::string& id, const char* why, absl::Time now) {
  Family* family = families_.Find(id);
  if (family == nullptr || family->ended) return;
  family->ended = true;
  Write(DemoEvent::kFamilyRevoked, family->grant, id, "", now, why);
}

}  // namespace tokenvault
