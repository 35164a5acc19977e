#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "storage/store.h"
#include "vault/directory.h"

namespace tokenvault {

// An access token that was handed out and that no clock has ended yet.
struct LiveToken {
  TenantId tenant;
  std::string agent;  // "agents/x"
  ProviderId provider;
  ConnectionId connection;
  std::vector<std::string> scopes;
  std::string token_id;
  // The latest that it can end. InfiniteFuture: it does not end by itself.
  absl::Time expire_time;
};

struct LiveTokens {
  std::vector<LiveToken> tokens;  // the longest first; kMostNamed at most
  int64_t count = 0;
  absl::Time last_expire_time = absl::InfinitePast();  // of all
  // From when on the log was looked at; and false when that is not as far back
  // as a token can live.
  absl::Time since = absl::InfinitePast();
  bool complete = true;
};

// What the audit log says of it, so that the answer is the same after a
// restart. `which` restricts it: actor, tenant and user, provider, connection.
// A token that was given to one agent several times is one; a provider may have
// ended it before its time, of which the log knows nothing. STORAGE_*.
absl::StatusOr<LiveTokens> FindLiveTokens(const Store& store,
                                          const Directory& directory,
                                          AuditFilter which, absl::Time now);

}  // namespace tokenvault
