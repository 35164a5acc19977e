#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "storage/store.h"

namespace tokenvault {

// A real store whose commits can be made to fail, or to wait. Thread-safe.
//
//   store.FailCommits(errors::StorageFull());
//   …
//   store.FailCommits(absl::OkStatus());
class FaultyStore : public Store {
 public:
  explicit FaultyStore(std::unique_ptr<Store> real) : real_(std::move(real)) {}

  using Which = std::function<bool(const WriteBatch&)>;

  // What every later Commit ends with, or every one that `which` says, instead
  // of being applied; OK ends that.
  void FailCommits(absl::Status status, Which which = nullptr) {
    MutexLock lock(mutex_);
    failure_ = std::move(status);
    which_ = std::move(which);
  }
  // What every later read of a connection ends with; OK ends that.
  void FailConnectionReads(absl::Status status) {
    MutexLock lock(mutex_);
    read_failure_ = std::move(status);
  }
  // Called when a copy begins.
  void BeforeCopies(std::function<void()> call) {
    MutexLock lock(mutex_);
    before_copies_ = std::move(call);
  }
  // Later commits wait until LetCommitsGo.
  void HoldCommits() {
    MutexLock lock(mutex_);
    holding_ = true;
  }
  void LetCommitsGo() {
    std::vector<std::pair<WriteBatch, Done>> held;
    {
      MutexLock lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (auto& [batch, done] : held) {
      real_->Commit(std::move(batch), std::move(done));
    }
  }

  using Done = absl::AnyInvocable<void(absl::Status)>;
  using Store::Commit;
  void Commit(WriteBatch batch, Done done) override {
    absl::Status failure;
    {
      MutexLock lock(mutex_);
      if (holding_) {
        held_.emplace_back(std::move(batch), std::move(done));
        return;
      }
      if (which_ == nullptr || which_(batch)) failure = failure_;
    }
    if (!failure.ok()) return done(std::move(failure));
    real_->Commit(std::move(batch), std::move(done));
  }

  absl::StatusOr<Deployment> GetDeployment() const override {
    return real_->GetDeployment();
  }
  absl::StatusOr<std::vector<RootSource>> ListRootSources() const override {
    return real_->ListRootSources();
  }
  absl::StatusOr<std::vector<Kek>> ListKeks() const override {
    return real_->ListKeks();
  }
  absl::StatusOr<std::vector<KekWrap>> ListKekWraps() const override {
    return real_->ListKekWraps();
  }
  absl::StatusOr<Dek> GetDek(const TenantId& tenant,
                             const std::string& subject) const override {
    return real_->GetDek(tenant, subject);
  }
  absl::StatusOr<std::vector<Dek>> ListDeksBefore(uint32_t kek_version,
                                                  int limit) const override {
    return real_->ListDeksBefore(kek_version, limit);
  }
  absl::StatusOr<int64_t> CountDeksBefore(uint32_t kek_version) const override {
    return real_->CountDeksBefore(kek_version);
  }
  absl::StatusOr<SigningKey> GetSigningKey() const override {
    return real_->GetSigningKey();
  }
  absl::Status VisitDataKeys(
      LogLookup lookup,
      absl::FunctionRef<absl::Status(const Dek&, const SealedByDek&)> visit)
      const override {
    return real_->VisitDataKeys(lookup, visit);
  }
  absl::StatusOr<SealedByDek> GetSealedBy(const Dek& dek) const override {
    return real_->GetSealedBy(dek);
  }
  absl::StatusOr<std::vector<Dek>> ListDeks(
      const TenantId& tenant, const UserId& user,
      const std::optional<std::string>& after, int limit) const override {
    return real_->ListDeks(tenant, user, after, limit);
  }
  absl::StatusOr<std::vector<TenantId>> ListTenantsOf(
      const UserId& user) const override {
    return real_->ListTenantsOf(user);
  }
  absl::StatusOr<PersonRows> CountPerson(const TenantId& tenant,
                                         const UserId& user) const override {
    return real_->CountPerson(tenant, user);
  }
  absl::StatusOr<std::string> GetPseudonym(const TenantId& tenant,
                                           const UserId& user) const override {
    return real_->GetPseudonym(tenant, user);
  }
  // What every later Scrub ends with; OK ends that.
  void FailScrubs(absl::Status status) {
    MutexLock lock(mutex_);
    scrub_failure_ = std::move(status);
  }
  absl::Status Scrub() override {
    {
      MutexLock lock(mutex_);
      if (!scrub_failure_.ok()) return scrub_failure_;
    }
    return real_->Scrub();
  }
  absl::StatusOr<std::vector<BackupRecord>> ListBackups() const override {
    return real_->ListBackups();
  }
  absl::Status CopyTo(
      const std::string& path,
      absl::FunctionRef<absl::Status(int64_t, int64_t)> go_on) const override {
    std::function<void()> before;
    {
      MutexLock lock(mutex_);
      before = before_copies_;
    }
    if (before != nullptr) before();
    return real_->CopyTo(path, go_on);
  }
  absl::StatusOr<Connection> GetConnection(
      const TenantId& tenant, const ConnectionId& id) const override {
    {
      MutexLock lock(mutex_);
      if (!read_failure_.ok()) return read_failure_;
    }
    return real_->GetConnection(tenant, id);
  }
  absl::StatusOr<std::vector<Connection>> ListConnections(
      const ConnectionFilter& filter, const ConnectionId& after,
      int limit) const override {
    return real_->ListConnections(filter, after, limit);
  }
  absl::StatusOr<std::map<ProviderId, ConnectionCounts>> CountConnections()
      const override {
    return real_->CountConnections();
  }
  absl::StatusOr<PeopleCount> CountPeopleOf(const TenantId& tenant,
                                            const AgentId& agent,
                                            absl::Time now,
                                            int limit) const override {
    return real_->CountPeopleOf(tenant, agent, now, limit);
  }
  absl::StatusOr<std::vector<AskedApproval>> ListOpenApprovals(
      const TenantId& tenant, absl::Time now, int limit) const override {
    return real_->ListOpenApprovals(tenant, now, limit);
  }
  absl::StatusOr<std::vector<Connection>> ListUnsettledRefreshes()
      const override {
    return real_->ListUnsettledRefreshes();
  }
  absl::StatusOr<std::vector<Connection>> ListIdleConnections(
      const ProviderId& provider, absl::Time before, int limit) const override {
    return real_->ListIdleConnections(provider, before, limit);
  }
  absl::StatusOr<std::vector<Connection>> ListUnfinishedRevocations()
      const override {
    return real_->ListUnfinishedRevocations();
  }
  absl::StatusOr<AgentGrant> GetAgentGrant(
      const TenantId& tenant, const ConnectionId& connection,
      const AgentId& agent) const override {
    return real_->GetAgentGrant(tenant, connection, agent);
  }
  absl::StatusOr<std::vector<AgentGrant>> ListAgentGrants(
      const TenantId& tenant, const ConnectionId& connection) const override {
    return real_->ListAgentGrants(tenant, connection);
  }
  absl::StatusOr<Interaction> GetInteraction(
      const TenantId& tenant, const InteractionId& id) const override {
    return real_->GetInteraction(tenant, id);
  }
  absl::StatusOr<Interaction> FindInteractionByLink(
      const std::string& link_hash) const override {
    return real_->FindInteractionByLink(link_hash);
  }
  absl::StatusOr<std::vector<Interaction>> ListPendingInteractions(
      const TenantId& tenant, const AgentId& agent, const UserId& user,
      const ProviderId& provider, absl::Time now) const override {
    return real_->ListPendingInteractions(tenant, agent, user, provider, now);
  }
  absl::StatusOr<AskedApproval> GetApproval(
      const TenantId& tenant, const InteractionId& id) const override {
    return real_->GetApproval(tenant, id);
  }
  absl::StatusOr<std::vector<AskedApproval>> ListApprovals(
      const ApprovalFilter& filter, const InteractionId& before,
      int limit) const override {
    return real_->ListApprovals(filter, before, limit);
  }
  absl::StatusOr<std::vector<Notice>> ListNotices(int limit) const override {
    return real_->ListNotices(limit);
  }
  absl::StatusOr<PolicyUse> GetPolicyUse(const TenantId& tenant,
                                         const std::string& rule,
                                         const AgentId& agent,
                                         const UserId& user) const override {
    return real_->GetPolicyUse(tenant, rule, agent, user);
  }
  absl::StatusOr<std::vector<Stop>> ListStops() const override {
    return real_->ListStops();
  }
  absl::StatusOr<OAuthFlow> GetFlow(
      const std::string& state_hash) const override {
    return real_->GetFlow(state_hash);
  }
  absl::StatusOr<WebSession> GetSession(
      const std::string& id_hash) const override {
    return real_->GetSession(id_hash);
  }
  absl::StatusOr<std::vector<AuditEntry>> ListAuditEntries(
      const AuditFilter& filter, int limit) const override {
    return real_->ListAuditEntries(filter, limit);
  }
  absl::StatusOr<std::vector<AuditEntry>> ListLastAuditEntries(
      const AuditFilter& filter, int limit) const override {
    return real_->ListLastAuditEntries(filter, limit);
  }
  absl::StatusOr<AuditTile> GetAuditTile(int level,
                                         uint64_t index) const override {
    return real_->GetAuditTile(level, index);
  }
  absl::StatusOr<AuditTile> GetLastAuditTile(int level) const override {
    return real_->GetLastAuditTile(level);
  }
  absl::StatusOr<std::vector<AuditCheckpoint>> ListCheckpoints(
      uint64_t size, int limit) const override {
    return real_->ListCheckpoints(size, limit);
  }
  absl::StatusOr<AuditCheckpoint> GetNewestCheckpoint() const override {
    return real_->GetNewestCheckpoint();
  }
  absl::StatusOr<AuditCheckpoint> GetCheckpointBefore(
      absl::Time time) const override {
    return real_->GetCheckpointBefore(time);
  }
  absl::StatusOr<std::vector<WitnessedCheckpoint>> ListWitnessed()
      const override {
    return real_->ListWitnessed();
  }
  absl::StatusOr<std::vector<AuditArchive>> ListArchives() const override {
    return real_->ListArchives();
  }
  absl::StatusOr<uint64_t> GetArchivedLeaves() const override {
    return real_->GetArchivedLeaves();
  }
  absl::StatusOr<StoreStatus> GetStatus() const override {
    return real_->GetStatus();
  }
  absl::Status CheckIntegrity() const override {
    return real_->CheckIntegrity();
  }

 private:
  const std::unique_ptr<Store> real_;
  mutable Mutex mutex_;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  Which which_ ABSL_GUARDED_BY(mutex_);
  absl::Status read_failure_ ABSL_GUARDED_BY(mutex_);
  absl::Status scrub_failure_ ABSL_GUARDED_BY(mutex_);
  std::function<void()> before_copies_ ABSL_GUARDED_BY(mutex_);
  bool holding_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::pair<WriteBatch, Done>> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tokenvault
