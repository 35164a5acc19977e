#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/open_store.h"
#include "storage/sqlite/connection.h"
#include "storage/sqlite/database_file.h"
#include "storage/sqlite/reader_pool.h"
#include "storage/sqlite/writer.h"
#include "storage/store.h"

namespace tokenvault {

// The store on SQLite: one writing thread, any number of readers beside it.
//
//   Commit ──▶ Writer ──▶ writing handle ──▶ log ──▶ file
//   Get…, List… ──▶ ReaderPool ──▶ reading handles ──▲─────┘
//
// In RAM there is one handle, and reads take turns with the writer.
class SqliteStore : public Store {
 public:
  // As OpenStore. `vfs` names a registered sqlite3_vfs: tests break the disk.
  static absl::StatusOr<std::unique_ptr<SqliteStore>> Open(
      const StoreOptions& options, const char* vfs = nullptr);

  using Store::Commit;
  void Commit(WriteBatch batch,
              absl::AnyInvocable<void(absl::Status)> done) override;

  // In sqlite_reads.cc, and of people and the audit log in files of their own.
  absl::StatusOr<Deployment> GetDeployment() const override;
  absl::StatusOr<std::vector<RootSource>> ListRootSources() const override;
  absl::StatusOr<std::vector<Kek>> ListKeks() const override;
  absl::StatusOr<std::vector<KekWrap>> ListKekWraps() const override;
  absl::StatusOr<Dek> GetDek(const TenantId& tenant,
                             const std::string& subject) const override;
  absl::StatusOr<std::vector<Dek>> ListDeksBefore(uint32_t kek_version,
                                                  int limit) const override;
  absl::StatusOr<int64_t> CountDeksBefore(uint32_t kek_version) const override;
  absl::StatusOr<SigningKey> GetSigningKey() const override;
  absl::Status VisitDataKeys(
      LogLookup lookup,
      absl::FunctionRef<absl::Status(const Dek&, const SealedByDek&)> visit)
      const override;
  absl::StatusOr<SealedByDek> GetSealedBy(const Dek& dek) const override;
  absl::StatusOr<std::vector<Dek>> ListDeks(
      const TenantId& tenant, const UserId& user,
      const std::optional<std::string>& after, int limit) const override;
  absl::StatusOr<std::vector<TenantId>> ListTenantsOf(
      const UserId& user) const override;
  absl::StatusOr<PersonRows> CountPerson(const TenantId& tenant,
                                         const UserId& user) const override;
  absl::StatusOr<std::string> GetPseudonym(const TenantId& tenant,
                                           const UserId& user) const override;
  absl::StatusOr<std::vector<BackupRecord>> ListBackups() const override;
  // In copy.cc.
  absl::Status CopyTo(
      const std::string& path,
      absl::FunctionRef<absl::Status(int64_t, int64_t)> go_on) const override;
  absl::Status Scrub() override;
  absl::StatusOr<Connection> GetConnection(
      const TenantId& tenant, const ConnectionId& id) const override;
  absl::StatusOr<std::vector<Connection>> ListConnections(
      const ConnectionFilter& filter, const ConnectionId& after,
      int limit) const override;
  absl::StatusOr<AgentGrant> GetAgentGrant(const TenantId& tenant,
                                           const ConnectionId& connection,
                                           const AgentId& agent) const override;
  absl::StatusOr<std::vector<Connection>> ListIdleConnections(
      const ProviderId& provider, absl::Time before, int limit) const override;
  absl::StatusOr<std::vector<Connection>> ListUnfinishedRevocations()
      const override;
  absl::StatusOr<std::vector<Connection>> ListUnsettledRefreshes()
      const override;
  absl::StatusOr<std::vector<AgentGrant>> ListAgentGrants(
      const TenantId& tenant, const ConnectionId& connection) const override;
  absl::StatusOr<Interaction> GetInteraction(
      const TenantId& tenant, const InteractionId& id) const override;
  absl::StatusOr<Interaction> FindInteractionByLink(
      const std::string& link_hash) const override;
  absl::StatusOr<std::vector<Interaction>> ListPendingInteractions(
      const TenantId& tenant, const AgentId& agent, const UserId& user,
      const ProviderId& provider, absl::Time now) const override;
  // In sqlite_counts.cc.
  absl::StatusOr<std::map<ProviderId, ConnectionCounts>> CountConnections()
      const override;
  absl::StatusOr<PeopleCount> CountPeopleOf(const TenantId& tenant,
                                            const AgentId& agent,
                                            absl::Time now,
                                            int limit) const override;
  absl::StatusOr<std::vector<AskedApproval>> ListOpenApprovals(
      const TenantId& tenant, absl::Time now, int limit) const override;
  // In sqlite_policy.cc.
  absl::StatusOr<AskedApproval> GetApproval(
      const TenantId& tenant, const InteractionId& id) const override;
  absl::StatusOr<std::vector<AskedApproval>> ListApprovals(
      const ApprovalFilter& filter, const InteractionId& before,
      int limit) const override;
  absl::StatusOr<std::vector<Notice>> ListNotices(int limit) const override;
  absl::StatusOr<PolicyUse> GetPolicyUse(const TenantId& tenant,
                                         const std::string& rule,
                                         const AgentId& agent,
                                         const UserId& user) const override;
  absl::StatusOr<std::vector<Stop>> ListStops() const override;
  absl::StatusOr<OAuthFlow> GetFlow(
      const std::string& state_hash) const override;
  absl::StatusOr<WebSession> GetSession(
      const std::string& id_hash) const override;
  absl::StatusOr<std::vector<AuditEntry>> ListAuditEntries(
      const AuditFilter& filter, int limit) const override;
  absl::StatusOr<std::vector<AuditEntry>> ListLastAuditEntries(
      const AuditFilter& filter, int limit) const override;
  absl::StatusOr<AuditTile> GetAuditTile(int level,
                                         uint64_t index) const override;
  absl::StatusOr<AuditTile> GetLastAuditTile(int level) const override;
  absl::StatusOr<std::vector<AuditCheckpoint>> ListCheckpoints(
      uint64_t size, int limit) const override;
  absl::StatusOr<AuditCheckpoint> GetNewestCheckpoint() const override;
  absl::StatusOr<AuditCheckpoint> GetCheckpointBefore(
      absl::Time time) const override;
  absl::StatusOr<std::vector<WitnessedCheckpoint>> ListWitnessed()
      const override;
  absl::StatusOr<std::vector<AuditArchive>> ListArchives() const override;
  absl::StatusOr<uint64_t> GetArchivedLeaves() const override;

  absl::StatusOr<StoreStatus> GetStatus() const override;
  absl::Status CheckIntegrity() const override;

 private:
  SqliteStore(std::string location, std::unique_ptr<DatabaseFile> file,
              std::unique_ptr<SqliteConnection> connection, const char* vfs);

  // Destroyed from the end: the writer stops, then handles close, then the file
  // is free for another process.
  const std::string location_;
  const std::unique_ptr<DatabaseFile> file_;  // null in RAM
  const std::unique_ptr<SqliteConnection> connection_;
  mutable ReaderPool readers_;
  Writer writer_;
};

}  // namespace tokenvault
