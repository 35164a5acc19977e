#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "storage/records.h"

namespace tokenvault {

// Changes that happen together or not at all, each with its own condition.
//
//   WriteBatch batch;
//   batch.Update(connection);                  // VERSION_CONFLICT if it moved
//   batch.Append(audit.Revoked(connection));   // and the audit log knows
//   RETURN_IF_ERROR(store.Commit(std::move(batch)));
//
// This replaces transactions in the interface: a lease is an Update whose loser
// gets VERSION_CONFLICT; single use is a Remove whose second caller gets
// NOT_FOUND; "audited" is an Append in the same batch.
//
//   Insert  ALREADY_EXISTS   if a row of that key is there, or another
//                            interaction has that link_hash
//           NOT_FOUND        if what it belongs to is not there: the key and
//                            the source of a wrap, the master key of a data
//                            key, the connection of a grant, the question of
//                            an approval, the approval of a notice
//           VERSION_CONFLICT if a data key is wrapped by an older master key
//                            than the active one, or a record is sealed under
//                            another data key than its own of now
//   Update  VERSION_CONFLICT unless the row has record.version (also when it is
//                            gone); the row then has version + 1. Also if it
//                            was sealed anew under another data key than its
//                            own of now
//           ALREADY_EXISTS   if that made a second active master key
//   Remove  NOT_FOUND        if the row is not there
//   Count   BUDGET_SPENT     if that was the last one already
//   Append  never fails alone. Who is named in it for the first time is known
//           by the name it gives from then on
//
// A row is inserted with record.version as it is, so the same record can be
// updated next. Operations see those before them in the batch.
//
// A plain value; not thread-safe.
class WriteBatch {
 public:
  struct InsertOp {
    std::variant<Deployment, RootSource, Kek, KekWrap, Dek, SigningKey,
                 BackupRecord, Connection, AgentGrant, Interaction, Approval,
                 Notice, Stop, OAuthFlow, WebSession, AuditTile,
                 AuditCheckpoint, AuditArchive, WitnessedCheckpoint>
        record;
  };
  struct UpdateOp {
    std::variant<Kek, Dek, BackupRecord, Connection, AgentGrant, Interaction,
                 Approval, Notice, OAuthFlow, WebSession, AuditTile,
                 AuditCheckpoint, WitnessedCheckpoint>
        record;
  };
  struct RemoveFlow {
    std::string state_hash;
  };
  struct RemoveSession {
    std::string id_hash;
  };
  struct RemoveBackup {
    std::string id;
  };
  struct RemoveNotice {  // never NOT_FOUND
    TenantId tenant;
    InteractionId approval;
    std::string channel;
  };
  struct RemoveStop {
    StopKind kind = StopKind::kVault;
    TenantId tenant;
    std::string name;
  };
  // One more token under a rule with a budget: BUDGET_SPENT when `most` were
  // handed out since `window_start`. A clock that was set back opens no new
  // window.
  struct Spend {
    TenantId tenant;
    std::string rule;
    AgentId agent;
    UserId user;
    absl::Time window_start;
    absl::Duration window;
    int64_t most = 0;
  };
  // Takes one back that was counted, and that nobody got: nothing when its
  // window is over. Never NOT_FOUND.
  struct Unspend {
    Spend token;
  };
  struct RemoveKekWraps {  // all wraps of a master key; never NOT_FOUND
    uint32_t kek_version = 0;
  };
  struct RemoveRootSource {  // and all its wraps
    std::string id;
  };
  struct RemoveGrants {  // all grants of a connection; never NOT_FOUND
    TenantId tenant;
    ConnectionId connection;
  };
  // What a person has open in a browser: questions to them, their sessions, and
  // the flows of both. Never NOT_FOUND.
  struct RemoveVisits {
    TenantId tenant;
    UserId user;
  };
  // All that is a person's: their data key, connections with all grants, what
  // they have open, and what the audit log calls them. VERSION_CONFLICT unless
  // `connections`, each with its version, are all they have. Never NOT_FOUND.
  struct RemovePerson {
    TenantId tenant;
    UserId user;
    std::vector<std::pair<ConnectionId, uint64_t>> connections;
  };
  // Housekeeping: flows and sessions that expired before `now`, settled or
  // expired interactions from before `interactions_before`.
  struct PurgeExpired {
    absl::Time now;
    absl::Time interactions_before;
  };
  // Of the leaves `first` to `last`, which an archive holds: all but the newest
  // that says what the sealed record of a connection must be. Never NOT_FOUND.
  struct RemoveLeaves {
    uint64_t first = 0;
    uint64_t last = 0;
  };
  struct AppendOp {
    AuditEntry entry;
  };
  using Op =
      std::variant<InsertOp, UpdateOp, RemoveFlow, RemoveSession, RemoveBackup,
                   RemoveNotice, RemoveStop, Spend, Unspend, RemoveKekWraps,
                   RemoveRootSource, RemoveGrants, RemoveVisits, RemovePerson,
                   PurgeExpired, RemoveLeaves, AppendOp>;

  template <typename Record>
  void Insert(Record record) {
    ops_.push_back(InsertOp{std::move(record)});
  }
  template <typename Record>
  void Update(Record record) {
    ops_.push_back(UpdateOp{std::move(record)});
  }
  void Remove(RemoveFlow key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveSession key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveBackup key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveNotice key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveStop key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveLeaves leaves) { ops_.push_back(leaves); }
  void Remove(RemoveKekWraps key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveRootSource key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveGrants key) { ops_.push_back(std::move(key)); }
  void Remove(RemoveVisits person) { ops_.push_back(std::move(person)); }
  void Remove(RemovePerson person) { ops_.push_back(std::move(person)); }
  void Count(Spend token) { ops_.push_back(std::move(token)); }
  void Uncount(Spend token) { ops_.push_back(Unspend{std::move(token)}); }
  void Purge(PurgeExpired purge) { ops_.push_back(std::move(purge)); }
  void Append(AuditEntry entry) { ops_.push_back(AppendOp{std::move(entry)}); }

  const std::vector<Op>& ops() const { return ops_; }
  bool empty() const { return ops_.empty(); }

 private:
  std::vector<Op> ops_;
};

}  // namespace tokenvault
