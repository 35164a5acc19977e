#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/ids.h"
#include "storage/store.h"
#include "vault/connection_admin.h"
#include "vault/directory.h"
#include "vault/operations.h"

namespace tokenvault {

// Whose connections are to end: of one provider, of one agent, of one person,
// or all there are. The fields that are set must all fit; none set means all.
struct IncidentScope {
  ProviderId provider;
  AgentId agent;
  UserId user;

  // "providers/google", "agents/bot, a person", "everything": for the audit
  // log, where each connection that ends says whose it was.
  std::string ToString() const;
};

// Ends many connections at once, here and at their providers: what an operator
// does when a provider, an agent or a copy of the database got into wrong
// hands. Re-wrapping keys does not help then; the grants themselves must end.
//
// Thread-safe; one operation at a time.
class Incident {
 public:
  Incident(const Clock& clock, Store& store, const DirectoryHolder& directory,
           ConnectionAdmin& connections, Operations& operations)
      : clock_(clock),
        store_(store),
        directory_(directory),
        connections_(connections),
        operations_(operations) {}

  // How many connections it would end. STORAGE_*.
  absl::StatusOr<int64_t> Count(const IncidentScope& scope) const;

  // Ends them, a few at a time, each here first and then at its provider
  // (ConnectionAdmin::Revoke). One that fails does not stop the others: what
  // became of each is counted. Those that a provider did not confirm are told
  // to it again, as always. OPERATION_RUNNING; ends with what the first one
  // failed with that could not even be ended here.
  absl::StatusOr<Operation::Progress> Revoke(const IncidentScope& scope,
                                             const std::string& request_id);

 private:
  absl::StatusOr<std::vector<Connection>> List(
      const IncidentScope& scope) const;
  absl::Status RevokeAll(Operation& operation, const IncidentScope& scope,
                         const std::string& request_id);

  const Clock& clock_;
  Store& store_;
  const DirectoryHolder& directory_;
  ConnectionAdmin& connections_;
  Operations& operations_;
};

}  // namespace tokenvault
