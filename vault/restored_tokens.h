#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/store.h"
#include "vault/audit_events.h"
#include "vault/directory.h"

namespace tokenvault {

// What a connection says of itself whose refresh token may have been replaced
// after the backup that it came out of (docs/errors.md).
inline constexpr char kRestoredStaleReason[] = "RESTORED_STALE";

// Of connections that were active in the backup.
struct RestoredTokens {
  int64_t good = 0;   // go on as they are
  int64_t stale = 0;  // their people must reconnect
  int64_t ended = 0;  // ended after the backup, and stay so
  int64_t lost = 0;   // made after the backup, and not in it
};

// Makes a database of an earlier time fit to be served: what it holds is not
// shown to a provider unless it may be the newest there is, for a provider that
// sees a replaced refresh token again may end the whole grant.
//
// `newer` is the same vault at a later time, with its log from `since` on; null
// when there is none. With it, a connection is stale whose refresh token was
// replaced, or used with an outcome that nobody knows; what people ended,
// paused, shortened or took from agents since stays so. Without it nobody can
// know: every connection to a provider whose refresh tokens are replaced with
// each use is stale, and to one that `directory` does not know; unless
// `trusted`, the word of an operator that none was used since.
//
// Sign-ins, questions and round trips of browsers are dropped. Answers that
// landed for a later time open no more. Each change has its leaf; `event` goes
// with the last of them, with the numbers as its detail. Calls no provider.
// Nobody else writes meanwhile. STORAGE_*.
absl::StatusOr<RestoredTokens> SettleRestoredTokens(
    Store& store, const Store* newer, uint64_t since,
    const Directory& directory, bool trusted, AuditEvent event, WriteBatch last,
    absl::Time now);

}  // namespace tokenvault
