#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/scope_set.h"
#include "storage/store.h"

namespace tokenvault {

// One thing that happened, as the audit log has it, told to the person whom it
// concerns. Of other people it says nothing, not even what the log calls them.
struct ActivityEntry {
  // Who did it.
  enum class Actor { kPerson, kAgent, kOperator, kVault, kSomeoneElse };

  uint64_t sequence = 0;
  absl::Time time;
  std::string kind;  // of audit_kind
  Actor actor = Actor::kVault;
  AgentId agent;  // kAgent only
  ProviderId provider;
  ConnectionId connection;
  ScopeSet scopes;
  std::string purpose;  // the agent's words: hostile text
  std::string outcome;  // "ok", "denied", "error"
  std::string reason;
  std::string token_id;
};

// What the audit log says of one person. Blocks; thread-safe.
class Activity {
 public:
  // How far back people see.
  static constexpr absl::Duration kSpan = absl::Hours(24 * 90);

  Activity(const Clock& clock, const Store& store);

  struct Page {
    std::vector<ActivityEntry> entries;  // the newest first
    uint64_t older = 0;  // `before` of the next page; 0: that was all
  };
  // At most `limit` entries of this person, of one connection if `connection`
  // is set, from before the leaf `before`, or from the newest on if it is 0.
  // STORAGE_*.
  absl::StatusOr<Page> List(const TenantId& tenant, const UserId& user,
                            const ConnectionId& connection, uint64_t before,
                            int limit) const;

 private:
  const Clock& clock_;
  const Store& store_;
};

}  // namespace tokenvault
