#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/scope_set.h"
#include "storage/store.h"
#include "vault/token_cache.h"

namespace tokenvault {

// Numbers as on the wire (ReportTokenRejectedResponse.Advice).
enum class RejectionAdvice {
  kRetryNow = 1,
  kReconnect = 2,
  kStepUp = 3,
  kGiveUp = 4
};

// "The API answered 401 with this token." Nobody may make the vault refresh by
// saying so again and again: the current token is dropped, so that the next
// request refreshes once; an older one has a successor already; and after
// kMostInARow fresh tokens in a row that the API did not like, the token is not
// what is wrong. Thread-safe; blocks.
class TokenRejections {
 public:
  static constexpr int kMostInARow = 3;
  // Without another one for so long, the next rejection is the first.
  static constexpr absl::Duration kRow = absl::Minutes(10);

  TokenRejections(const Clock& clock, Store& store, TokenCache& cache);

  struct Report {
    TenantId tenant;
    AgentId agent;
    std::string token_id;
    int http_status = 401;         // 401 or 403
    std::string www_authenticate;  // the API's words: hostile text
  };
  struct Advice {
    RejectionAdvice what = RejectionAdvice::kRetryNow;
    ScopeSet missing_scopes;  // with kStepUp, if the API named any
  };
  // Says nothing about tokens that this agent cannot have had: that advice is
  // kRetryNow, too. The leaf is durable before this returns: AUDIT_UNAVAILABLE.
  // STORAGE_*.
  absl::StatusOr<Advice> Advise(const Report& report);

 private:
  // `current`: what the token is filed under; empty if it is not the current
  // one, or not this agent's.
  absl::StatusOr<Advice> Judge(const Report& report, const TokenKey& current);
  absl::StatusOr<TokenKey> FindCurrent(const Report& report);
  bool IsOneTooMany(const ConnectionId& connection,
                    const std::string& token_id);

  const Clock& clock_;
  Store& store_;
  TokenCache& cache_;

  struct Row {
    int count = 0;  // of tokens, however many agents report each
    std::string token_id;
    absl::Time last;
    Validity validity;  // of what the connection was then
  };
  Mutex mutex_;
  absl::flat_hash_map<ConnectionId, Row> rows_ ABSL_GUARDED_BY(mutex_);
};

// Whether the challenge asks for more scope (RFC 6750 §3.1): the error
// insufficient_scope, or a scope attribute beside a 403.
bool AsksForScope(int http_status, absl::string_view www_authenticate);
// The scopes of its scope attribute, as far as they are well-formed.
ScopeSet ScopesOf(absl::string_view www_authenticate);

}  // namespace tokenvault
