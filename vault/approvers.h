#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "storage/records.h"
#include "vault/directory.h"
#include "vault/key_keeper.h"
#include "vault/policy_rule.h"

namespace tokenvault {

// Who wants to see or decide an approval. `groups`: nothing when nobody vouches
// for any.
struct Approver {
  TenantId tenant;
  UserId user;
  std::optional<std::vector<std::string>> groups;
  absl::Time auth_time;
  std::string acr;
  std::string how;  // "page", or "agents/x": the channel
};

// Who may decide, and who may look on: by the rules that ask, as they are now,
// not as they were when they asked. Thread-safe.
class Approvers {
 public:
  explicit Approvers(const KeyKeeper& keys) : keys_(keys) {}

  // APPROVER_NOT_ALLOWED, and why not; RESOURCE_DENIED in another tenant;
  // VAULT_SEALED.
  absl::Status CheckMayDecide(const Directory& directory,
                              const Approval& approval,
                              const Approver& approver) const;
  // Whose account it is may see it, besides who may decide, or could but for
  // the account or the agent being their own. RESOURCE_DENIED; VAULT_SEALED.
  absl::Status CheckMaySee(const Directory& directory, const Approval& approval,
                           const Approver& approver) const;

 private:
  absl::StatusOr<bool> IsOneOf(const Directory& directory,
                               const std::vector<std::string>& subjects,
                               const Approver& approver) const;

  const KeyKeeper& keys_;
};

// The terms of all the rules that ask; nothing when one of them is gone.
std::optional<ApprovalTerms> TermsOf(const Directory& directory,
                                     const Approval& approval);
// How far a yes may go by those terms, narrowest first. None when they are
// gone.
std::vector<ApprovalReach> OfferedReaches(const Directory& directory,
                                          const Approval& approval);
// "once", "task", "hour"; "" for kNone.
absl::string_view ReachName(ApprovalReach reach);

}  // namespace tokenvault
