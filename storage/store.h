#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "storage/records.h"
#include "storage/write_batch.h"

namespace tokenvault {

// Which connections to list. Empty fields do not restrict.
struct ConnectionFilter {
  TenantId tenant;  // required
  UserId user;
  ProviderId provider;
  std::optional<ConnectionState> state;
};

// Which audit entries to list. Empty fields do not restrict.
struct AuditFilter {
  TenantId tenant;
  std::string kind;
  uint64_t after_sequence = 0;
  // Leaves that name this person, by their UserId or by what the log calls
  // them now, as the one concerned or as who did it. With a tenant.
  UserId user = {};
  // As the leaf has them: "agents/x", and ids.
  std::string actor = {};
  ProviderId provider = {};
  ConnectionId connection = {};
  std::string outcome = {};
  std::string token_id = {};
  // Written at `since` or later, and before `until`.
  absl::Time since = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  // The last one to look at.
  uint64_t last_sequence = std::numeric_limits<uint64_t>::max();
};

// Which approvals to list. Empty fields do not restrict.
struct ApprovalFilter {
  TenantId tenant;  // required
  AgentId agent;
  UserId user;
  std::string request_hash;
  std::optional<InteractionState> state;
  // Asked at `since` or later.
  absl::Time since = absl::InfinitePast();
};

// The rows whose secrets one data key seals.
struct SealedByDek {
  std::vector<Connection> connections;
  std::vector<OAuthFlow> flows;
  std::optional<SigningKey> signing_key;  // by the vault's own
  // Of those connections of which the audit log says it: the commitment of the
  // envelope that was written last, in hex. Empty unless asked for.
  std::map<ConnectionId, std::string> logged_commitments;
};

// Whether to look up in the audit log what a record should be.
enum class LogLookup { kNone, kCommitments };

// How much is kept of a person.
struct PersonRows {
  int64_t data_keys = 0;
  int64_t connections = 0;
  int64_t agent_grants = 0;
  int64_t interactions = 0;
  int64_t web_sessions = 0;
  int64_t pseudonyms = 0;

  friend bool operator==(const PersonRows&, const PersonRows&) = default;
};

// The connections of a provider that have not ended; paused ones too.
struct ConnectionCounts {
  int64_t active = 0;
  int64_t needs_reconnect = 0;

  friend bool operator==(const ConnectionCounts&,
                         const ConnectionCounts&) = default;
};

struct PeopleCount {
  int64_t people = 0;
  bool at_least = false;  // counting ended at its limit

  friend bool operator==(const PeopleCount&, const PeopleCount&) = default;
};

struct StoreStatus {
  std::string location;  // what the operator configured
  int64_t bytes = 0;     // database and log files together
  // What the disk still takes; without end in memory.
  int64_t free_bytes = std::numeric_limits<int64_t>::max();
  int64_t audit_entries = 0;
  std::map<ConnectionState, int64_t> connections;  // not counting paused ones
  int64_t paused_connections = 0;
  std::map<uint32_t, int64_t> deks_by_kek_version;
  int schema_version = 0;
  // Since this store was opened: how many batches share a durable commit.
  int64_t committed_batches = 0;
  int64_t commit_transactions = 0;
};

// The disk: one of the three doors to the world (docs/architecture.md).
//
// One way to write, many to read. Thread-safe. A read sees every batch whose
// `done` ran before the read began.
//
// Every method may also return, from the disk: STORAGE_FULL, STORAGE_BUSY,
// STORAGE_CORRUPT, STORAGE_FAILED. Reads by key return NOT_FOUND; lists are
// empty instead. Nothing else comes back.
class Store {
 public:
  virtual ~Store() = default;

  // Applies the batch durably, or not at all. `done` is called exactly once,
  // from the store's writing thread, after the batch is on stable storage or
  // has failed, and must not block: batches behind it wait. Batches are applied
  // in the order in which Commit was called; many share one fsync, and a
  // condition that fails in one does not fail its neighbours.
  // After a failed fsync every later batch fails with STORAGE_FAILED until the
  // store is opened anew: what the disk holds can no longer be told.
  // RATE_LIMITED when too many batches are waiting: then nothing was queued,
  // and `done` runs at once on the caller's thread.
  virtual void Commit(WriteBatch batch,
                      absl::AnyInvocable<void(absl::Status)> done) = 0;
  // The same, waiting for it. Never from within a `done`.
  absl::Status Commit(WriteBatch batch);

  // Keys. GetDeployment: NOT_FOUND means not initialized.
  virtual absl::StatusOr<Deployment> GetDeployment() const = 0;
  virtual absl::StatusOr<std::vector<RootSource>> ListRootSources() const = 0;
  virtual absl::StatusOr<std::vector<Kek>> ListKeks() const = 0;
  virtual absl::StatusOr<std::vector<KekWrap>> ListKekWraps() const = 0;
  virtual absl::StatusOr<Dek> GetDek(const TenantId& tenant,
                                     const std::string& subject) const = 0;
  // Data keys that are wrapped by an older master key than `kek_version`.
  virtual absl::StatusOr<std::vector<Dek>> ListDeksBefore(uint32_t kek_version,
                                                          int limit) const = 0;
  virtual absl::StatusOr<int64_t> CountDeksBefore(
      uint32_t kek_version) const = 0;
  virtual absl::StatusOr<SigningKey> GetSigningKey() const = 0;
  // All that is sealed, as of one moment: each data key, in the order of
  // (tenant, subject), with what it seals. Ends with the first error that
  // `visit` returns, and returns it. `visit` does not use the store. Holds back
  // checkpoints until it ends, and other readers and writers not at all.
  virtual absl::Status VisitDataKeys(
      LogLookup lookup,
      absl::FunctionRef<absl::Status(const Dek&, const SealedByDek&)> visit)
      const = 0;
  // What one data key seals, as of one moment.
  virtual absl::StatusOr<SealedByDek> GetSealedBy(const Dek& dek) const = 0;
  // The data keys of a tenant, of one person if `user` is set, by subject; its
  // own first. `after` pages: the last subject already seen, or nothing.
  virtual absl::StatusOr<std::vector<Dek>> ListDeks(
      const TenantId& tenant, const UserId& user,
      const std::optional<std::string>& after, int limit) const = 0;
  // Backups, oldest first.
  virtual absl::StatusOr<std::vector<BackupRecord>> ListBackups() const = 0;
  // All that the store holds at one moment, as a database of its own in the new
  // file `path`, for its owner alone. Writers and readers go on meanwhile;
  // checkpoints wait. `go_on` hears now and then how many pages of how many are
  // there; the copy ends with the first error that it returns, and with that.
  // Then, as after any other error, nothing is left of it. The new file is not
  // on stable storage yet. ALREADY_EXISTS, STORAGE_PATH_INVALID.
  virtual absl::Status CopyTo(
      const std::string& path,
      absl::FunctionRef<absl::Status(int64_t done, int64_t total)> go_on)
      const = 0;
  // What was removed or overwritten before is in no file of the store when this
  // returns OK. STORAGE_BUSY while somebody reads what was: again later.
  virtual absl::Status Scrub() = 0;

  // Connections, oldest first (ids begin with the time). `after` pages: the
  // last id already seen.
  virtual absl::StatusOr<Connection> GetConnection(
      const TenantId& tenant, const ConnectionId& id) const = 0;
  virtual absl::StatusOr<std::vector<Connection>> ListConnections(
      const ConnectionFilter& filter, const ConnectionId& after,
      int limit) const = 0;
  // Those whose last refresh was not settled (refresh_phase is not kNone).
  virtual absl::StatusOr<std::vector<Connection>> ListUnsettledRefreshes()
      const = 0;
  // The active ones of a provider, in any tenant, whose refresh token has been
  // neither new nor used since `before`; the idlest first.
  virtual absl::StatusOr<std::vector<Connection>> ListIdleConnections(
      const ProviderId& provider, absl::Time before, int limit) const = 0;
  // Those that ended here and still hold a refresh token: the provider has not
  // confirmed its end.
  virtual absl::StatusOr<std::vector<Connection>> ListUnfinishedRevocations()
      const = 0;
  // Of every tenant, by provider; none for one that has none.
  virtual absl::StatusOr<std::map<ProviderId, ConnectionCounts>>
  CountConnections() const = 0;
  // Whose accounts this agent may use at `now`: at most `limit` grants are
  // looked at.
  virtual absl::StatusOr<PeopleCount> CountPeopleOf(const TenantId& tenant,
                                                    const AgentId& agent,
                                                    absl::Time now,
                                                    int limit) const = 0;
  virtual absl::StatusOr<AgentGrant> GetAgentGrant(
      const TenantId& tenant, const ConnectionId& connection,
      const AgentId& agent) const = 0;
  virtual absl::StatusOr<std::vector<AgentGrant>> ListAgentGrants(
      const TenantId& tenant, const ConnectionId& connection) const = 0;

  // People. The tenants that keep anything of them, and what; PersonRows are
  // all zero for who is not known. GetPseudonym: what the audit log calls them.
  virtual absl::StatusOr<std::vector<TenantId>> ListTenantsOf(
      const UserId& user) const = 0;
  virtual absl::StatusOr<PersonRows> CountPerson(const TenantId& tenant,
                                                 const UserId& user) const = 0;
  virtual absl::StatusOr<std::string> GetPseudonym(
      const TenantId& tenant, const UserId& user) const = 0;

  // Browsers. What a hash finds says its own tenant.
  virtual absl::StatusOr<Interaction> GetInteraction(
      const TenantId& tenant, const InteractionId& id) const = 0;
  virtual absl::StatusOr<Interaction> FindInteractionByLink(
      const std::string& link_hash) const = 0;
  // The pending, unexpired questions of this agent to this person about this
  // provider, newest first.
  virtual absl::StatusOr<std::vector<Interaction>> ListPendingInteractions(
      const TenantId& tenant, const AgentId& agent, const UserId& user,
      const ProviderId& provider, absl::Time now) const = 0;
  virtual absl::StatusOr<AskedApproval> GetApproval(
      const TenantId& tenant, const InteractionId& id) const = 0;
  // Newest first; `before` pages: the last id already seen, or nothing.
  virtual absl::StatusOr<std::vector<AskedApproval>> ListApprovals(
      const ApprovalFilter& filter, const InteractionId& before,
      int limit) const = 0;
  // Those that wait for an answer at `now`, in no order. Costs what is open in
  // the tenant, however many were answered before.
  virtual absl::StatusOr<std::vector<AskedApproval>> ListOpenApprovals(
      const TenantId& tenant, absl::Time now, int limit) const = 0;
  // Those of every tenant, the next to be tried first.
  virtual absl::StatusOr<std::vector<Notice>> ListNotices(int limit) const = 0;
  virtual absl::StatusOr<OAuthFlow> GetFlow(
      const std::string& state_hash) const = 0;
  virtual absl::StatusOr<WebSession> GetSession(
      const std::string& id_hash) const = 0;

  // Policy. GetPolicyUse: of one rule, as it counts.
  virtual absl::StatusOr<PolicyUse> GetPolicyUse(const TenantId& tenant,
                                                 const std::string& rule,
                                                 const AgentId& agent,
                                                 const UserId& user) const = 0;
  // All that is stopped, the oldest first.
  virtual absl::StatusOr<std::vector<Stop>> ListStops() const = 0;

  // The audit log in order. ListLastAuditEntries: the newest `limit`, still
  // oldest first.
  virtual absl::StatusOr<std::vector<AuditEntry>> ListAuditEntries(
      const AuditFilter& filter, int limit) const = 0;
  virtual absl::StatusOr<std::vector<AuditEntry>> ListLastAuditEntries(
      const AuditFilter& filter, int limit) const = 0;
  // The tree over it, and what was signed of it. GetLastAuditTile: the
  // rightmost of a level. ListCheckpoints: from `size` on, the smallest first;
  // the newest alone by GetNewestCheckpoint.
  virtual absl::StatusOr<AuditTile> GetAuditTile(int level,
                                                 uint64_t index) const = 0;
  virtual absl::StatusOr<AuditTile> GetLastAuditTile(int level) const = 0;
  virtual absl::StatusOr<std::vector<AuditCheckpoint>> ListCheckpoints(
      uint64_t size, int limit) const = 0;
  virtual absl::StatusOr<AuditCheckpoint> GetNewestCheckpoint() const = 0;
  // The newest that was made before `time`.
  virtual absl::StatusOr<AuditCheckpoint> GetCheckpointBefore(
      absl::Time time) const = 0;
  virtual absl::StatusOr<std::vector<WitnessedCheckpoint>> ListWitnessed()
      const = 0;
  // Oldest first, and the last leaf of the newest: 0 when there are none.
  virtual absl::StatusOr<std::vector<AuditArchive>> ListArchives() const = 0;
  virtual absl::StatusOr<uint64_t> GetArchivedLeaves() const = 0;

  virtual absl::StatusOr<StoreStatus> GetStatus() const = 0;
  // Reads everything and checks it (integrity_check): slow.
  virtual absl::Status CheckIntegrity() const = 0;
};

}  // namespace tokenvault
