#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/scope_set.h"

namespace tokenvault {

// What a person allowed a client, as the demo provider remembers it.
struct DemoGrant {
  std::string client;
  std::string person;
  ScopeSet scopes;
  std::string nonce;
  absl::Time signed_in;
};

struct DemoTokens {
  std::string access_token;
  std::string refresh_token;  // "" without offline_access
  ScopeSet scopes;            // of the access token
  absl::Duration expires_in;
  DemoGrant grant;
};

// RFC 6749 §5.2, the part that is about grants.
enum class DemoGrantError { kInvalidGrant, kInvalidScope };

// The memory of the demo provider: codes, access tokens, and refresh tokens in
// families that begin with a code. Whatever works once and comes twice ends its
// family. Bounded: the oldest make room.
//
// Not thread-safe: the provider has one lock for all of it.
class DemoGrants {
 public:
  using Result = std::variant<DemoTokens, DemoGrantError>;

  DemoGrants(absl::Duration access_token_ttl, bool rotate)
      : access_token_ttl_(access_token_ttl), rotate_(rotate) {}

  std::string NewCode(DemoGrant grant, std::string redirect_uri,
                      std::string challenge, absl::Time now);
  Result RedeemCode(absl::string_view client, const std::string& code,
                    absl::string_view redirect_uri, absl::string_view verifier,
                    absl::Time now);
  // With `scopes`, the access token has those only; the grant keeps all.
  Result Refresh(absl::string_view client, const std::string& refresh_token,
                 const std::optional<ScopeSet>& scopes, absl::Time now);

  enum class Revocation { kDone, kUnknown, kForeign };
  // Of a refresh token: with everything that came of the same code.
  Revocation Revoke(absl::string_view client, const std::string& token);

  struct Live {
    DemoGrant grant;
    ScopeSet scopes;
    absl::Time expires = absl::InfiniteFuture();
    bool is_refresh_token = false;
  };
  // Nothing for what is unknown, expired, used up or revoked.
  std::optional<Live> FindAccessToken(const std::string& token,
                                      absl::Time now) const;
  std::optional<Live> FindRefreshToken(const std::string& token) const;

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
  };
  struct Token {
    std::string family;
    ScopeSet scopes;
    absl::Time expires;
    bool used = false;  // of a refresh token: replaced by another
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

   private:
    static constexpr size_t kMost = 4096;
    std::map<std::string, Value> values_;
    std::deque<std::string> order_;
  };

  DemoTokens Issue(const std::string& family, const ScopeSet& scopes,
                   std::string refresh_token, absl::Time now);
  // Null when it has ended or is forgotten.
  const Family* LiveFamily(const std::string& id) const;
  void End(const std::string& family);

  const absl::Duration access_token_ttl_;
  const bool rotate_;
  Bounded<Code> codes_;
  Bounded<Family> families_;
  Bounded<Token> access_tokens_;
  Bounded<Token> refresh_tokens_;
};

}  // namespace tokenvault
