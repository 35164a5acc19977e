#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/scope_set.h"
#include "server/demo/ledger.h"
#include "server/demo/persona.h"

namespace tokenvault {

// What a person allowed a client, as the demo provider remembers it.
struct DemoGrant {
  std::string client;
  std::string person;
  ScopeSet scopes;
  std::string nonce;
  absl::Time signed_in;
  bool offline = false;  // comes with a refresh token
  std::string resource;  // RFC 8707: what its tokens are for; "" for all of it
};

struct DemoTokens {
  std::string access_token;
  std::string refresh_token;  // "" when there is no new one
  ScopeSet scopes;            // of the access token
  std::string resource;       // of the access token
  absl::Time expires;
  DemoGrant grant;
};

// What can be wrong with a call of the token endpoint.
enum class DemoError {
  kInvalidRequest,
  kInvalidClient,
  kInvalidCode,          // the next three are RFC 6749's invalid_grant
  kInvalidRefreshToken,  //
  kInvalidAccessToken,   // that a call was about
  kInvalidScope,
  kInvalidTarget,  // RFC 8707 §2
  kUnsupportedGrantType,
};

// The memory of one persona: codes, access tokens, and refresh tokens in
// families that begin with a code. Whatever works once and comes twice ends its
// family. Bounded: the oldest make room. What happens is written in the ledger.
//
// Not thread-safe: the provider has one lock for all of it.
class DemoGrants {
 public:
  using Result = std::variant<DemoTokens, DemoError>;

  DemoGrants(const DemoPersona& persona, absl::Duration access_token_ttl,
             DemoLedger& ledger)
      : persona_(persona),
        access_token_ttl_(access_token_ttl),
        ledger_(ledger) {}

  // `challenge` may be "" where the persona does without PKCE.
  std::string NewCode(DemoGrant grant, std::string redirect_uri,
                      std::string challenge, absl::Time now);

  struct Redemption {
    std::string client;
    std::string code;
    std::string redirect_uri;
    std::string verifier;
    std::string resource;  // where the persona needs one
  };
  Result RedeemCode(const Redemption& redemption, absl::Time now);
  // With `scopes`, the access token has those only; the grant keeps all.
  Result Refresh(absl::string_view client, const std::string& refresh_token,
                 const std::optional<ScopeSet>& scopes,
                 absl::string_view resource, absl::Time now);
  // Another access token of the same family, with some of the scopes (all of
  // them by nothing), for `resource` if there is one; it ends no later.
  Result Narrow(absl::string_view client, const std::string& access_token,
                const std::optional<ScopeSet>& scopes, std::string resource,
                absl::Time now);

  enum class Revocation { kDone, kUnknown, kForeign };
  // kToken: an access token alone, a refresh token with its family. kGrant: all
  // families of that person and client.
  enum class Reach { kToken, kFamily, kGrant };
  Revocation Revoke(absl::string_view client, const std::string& token,
                    Reach reach, absl::Time now);
  // The person ended it, without a word to the client.
  void EndFamilyOf(const std::string& token, absl::Time now);

  struct Live {
    DemoGrant grant;
    ScopeSet scopes;
    std::string resource;
    absl::Time expires = absl::InfiniteFuture();
    bool is_refresh_token = false;
  };
  // Nothing for what is unknown, expired, used up or revoked.
  std::optional<Live> FindAccessToken(const std::string& token,
                                      absl::Time now) const;
  std::optional<Live> FindRefreshToken(const std::string& token) const;

  // Of a code that was used, or a token; "" when there is none.
  std::string FamilyOf(const std::string& token_or_code) const;
  // Whether the client holds a refresh token of that person.
  bool HasOfflineGrant(absl::string_view client,
                       absl::string_view person) const;

  size_t size() const;

 private:
  struct Code {
    DemoGrant grant;
    std::string redirect_uri;
    std::string challenge;
    absl::Time expires;
    std::string family;  // "" until it is used
  };
  struct Family {
    DemoGrant grant;
    bool ended = false;
    uint64_t refreshes = 0;
  };
  struct Token {
    std::string family;
    ScopeSet scopes;
    std::string resource;
    absl::Time expires;
    uint64_t refreshes = 0;  // of the family, when it was issued
    bool used = false;       // of a refresh token: replaced by another
  };

  // A map that forgets the oldest first.
  template <typename Value>
  class Bounded {
   public:
    Value& Add(const std::string& key, Value value) {
      while (order_.size() >= kMost) {
        values_.erase(order_.front());
        order_.pop_front();
      }
      order_.push_back(key);
      return values_[key] = std::move(value);
    }
    Value* Find(const std::string& key) {
      auto it = values_.find(key);
      return it == values_.end() ? nullptr : &it->second;
    }
    const Value* Find(const std::string& key) const {
      auto it = values_.find(key);
      return it == values_.end() ? nullptr : &it->second;
    }
    size_t size() const { return values_.size(); }
    auto begin() const { return values_.begin(); }
    auto end() const { return values_.end(); }

   private:
    static constexpr size_t kMost = 4096;
    std::map<std::string, Value> values_;
    std::deque<std::string> order_;
  };

  void Write(DemoEvent event, const DemoGrant& grant, absl::string_view family,
             absl::string_view token, absl::Time now, const char* why = "");
  std::string AddRefreshToken(const std::string& family, absl::Time now);
  DemoTokens Issue(const std::string& family, const ScopeSet& scopes,
                   std::string resource, std::string refresh_token,
                   absl::Time expires, absl::Time now);
  absl::Time ExpiryFrom(absl::Time now) const;
  // Null when it has ended or is forgotten.
  const Family* LiveFamily(const std::string& id) const;
  void End(const std::string& family, const char* why, absl::Time now);

  const DemoPersona& persona_;
  const absl::Duration access_token_ttl_;
  DemoLedger& ledger_;
  Bounded<Code> codes_;
  Bounded<Family> families_;
  Bounded<Token> access_tokens_;
  Bounded<Token> refresh_tokens_;
};

}  // namespace tokenvault
