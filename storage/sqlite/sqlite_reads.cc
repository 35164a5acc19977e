// The reading half of SqliteStore: each read is one statement, or one
// transaction, and so sees one moment of the database. The audit log and what
// is a person's are next door.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/selected.h"
#include "storage/sqlite/sqlite_store.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

// Columns as rows.h reads them. Tables name them in that order.
constexpr char kGetDeployment[] = "SELECT id, create_time FROM deployment";
constexpr char kListRootSources[] = "SELECT * FROM root_source ORDER BY id";
constexpr char kListKeks[] = "SELECT * FROM kek ORDER BY version_number";
constexpr char kListKekWraps[] =
    "SELECT * FROM kek_wrap ORDER BY kek_version, source_id";
constexpr char kGetDek[] = "SELECT * FROM dek WHERE tenant=? AND subject=?";
constexpr char kListDeksBefore[] =
    "SELECT * FROM dek WHERE kek_version<?"
    " ORDER BY kek_version, tenant, subject LIMIT ?";
constexpr char kCountDeksBefore[] =
    "SELECT count(*) FROM dek WHERE kek_version<?";

constexpr char kGetSigningKey[] =
    "SELECT name, public_key, sealed_seed, create_time FROM signing_key";
// Ids begin with the time.
constexpr char kListBackups[] = "SELECT * FROM backup ORDER BY id";
constexpr char kListDeks[] = "SELECT * FROM dek ORDER BY tenant, subject";
// All but the tenant is as in the index. 64 hexadecimal digits.
constexpr char kLastCommitment[] =
    "SELECT substr(leaf, instr(leaf, '\"commitment\":\"') + 14, 64) FROM audit"
    " INDEXED BY audit_commitment WHERE tenant=?"
    " AND substr(leaf, instr(leaf, '\"connection\":\"') + 14, 26)=?"
    " AND (kind='connection.created' OR kind='connection.renewed'"
    " OR kind='connection.resealed' OR kind='refresh.succeeded')"
    " AND instr(leaf, '\"commitment\":\"') > 0"
    " ORDER BY sequence DESC LIMIT 1";
constexpr char kListSealedConnections[] =
    "SELECT * FROM connection WHERE tenant=? AND user=?"
    " AND sealed_refresh_token<>x'' ORDER BY id";
constexpr char kListSealedFlows[] =
    "SELECT * FROM oauth_flow WHERE tenant=? AND sealed_verifier<>x''";

constexpr char kGetConnection[] =
    "SELECT * FROM connection WHERE tenant=? AND id=?";
// The index holds these rows and no others: without it, a scan of all.
constexpr char kListUnsettled[] =
    "SELECT * FROM connection INDEXED BY connection_unsettled"
    " WHERE refresh_phase<>1 ORDER BY tenant, id";
constexpr char kListIdle[] =
    "SELECT * FROM connection INDEXED BY connection_idle WHERE state=1"
    " AND provider=? AND max(create_time, last_refresh_time)<?"
    " ORDER BY max(create_time, last_refresh_time) LIMIT ?";
constexpr char kListUnrevoked[] =
    "SELECT * FROM connection INDEXED BY connection_unrevoked"
    " WHERE state=3 AND sealed_refresh_token<>x'' ORDER BY tenant, id";
constexpr char kGetGrant[] =
    "SELECT * FROM agent_grant WHERE tenant=? AND connection=? AND agent=?";
constexpr char kListGrants[] =
    "SELECT * FROM agent_grant WHERE tenant=? AND connection=? ORDER BY agent";

constexpr char kGetInteraction[] =
    "SELECT * FROM interaction WHERE tenant=? AND id=?";
// The second condition is that of the index.
constexpr char kFindByLink[] =
    "SELECT * FROM interaction WHERE link_hash=? AND link_hash<>x''";
constexpr char kListPending[] =
    "SELECT * FROM interaction WHERE tenant=? AND agent=? AND user=?"
    " AND provider=? AND state=1 AND expire_time>?"
    " ORDER BY create_time DESC, id DESC";
constexpr char kGetFlow[] = "SELECT * FROM oauth_flow WHERE state_hash=?";
constexpr char kGetSession[] = "SELECT * FROM web_session WHERE id_hash=?";

// A person's data key seals their connections, a tenant's own the flows.
absl::StatusOr<SealedByDek> ListSealedBy(SqliteConnection& reader,
                                         const Dek& dek, LogLookup lookup) {
  SealedByDek sealed;
  if (dek.subject.empty()) {
    Statement select(reader, kListSealedFlows);
    select.Name(dek.tenant);
    ASSIGN_OR_RETURN(sealed.flows, All<OAuthFlow>(select));
    if (dek.tenant.empty()) {
      Statement signing_key(reader, kGetSigningKey);
      ASSIGN_OR_RETURN(bool found, signing_key.Step());
      if (found) {
        Read(signing_key, sealed.signing_key.emplace());
        RETURN_IF_ERROR(signing_key.status());
      }
    }
  } else {
    Statement select(reader, kListSealedConnections);
    select.Name(dek.tenant);
    select.Text(dek.subject);
    ASSIGN_OR_RETURN(sealed.connections, All<Connection>(select));
  }
  if (lookup == LogLookup::kCommitments) {
    for (const Connection& connection : sealed.connections) {
      Statement last(reader, kLastCommitment);
      last.Name(connection.tenant);
      last.Name(connection.id);
      ASSIGN_OR_RETURN(const bool found, last.Step());
      if (!found) continue;
      sealed.logged_commitments[connection.id] = last.TakeText();
      RETURN_IF_ERROR(last.status());
    }
  }
  return sealed;
}

absl::Status VisitAll(
    SqliteConnection& reader, LogLookup lookup,
    absl::FunctionRef<absl::Status(const Dek&, const SealedByDek&)> visit) {
  Statement deks(reader, kListDeks);
  while (true) {
    ASSIGN_OR_RETURN(bool found, deks.Step());
    if (!found) return absl::OkStatus();
    Dek dek;
    Read(deks, dek);
    RETURN_IF_ERROR(deks.status());
    ASSIGN_OR_RETURN(SealedByDek sealed, ListSealedBy(reader, dek, lookup));
    RETURN_IF_ERROR(visit(dek, sealed));
  }
}

}  // namespace

absl::StatusOr<Deployment> SqliteStore::GetDeployment() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetDeployment);
  return One<Deployment>(select, "deployment");
}

absl::StatusOr<std::vector<RootSource>> SqliteStore::ListRootSources() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListRootSources);
  return All<RootSource>(select);
}

absl::StatusOr<std::vector<Kek>> SqliteStore::ListKeks() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListKeks);
  return All<Kek>(select);
}

absl::StatusOr<std::vector<KekWrap>> SqliteStore::ListKekWraps() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListKekWraps);
  return All<KekWrap>(select);
}

absl::StatusOr<Dek> SqliteStore::GetDek(const TenantId& tenant,
                                        const std::string& subject) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetDek);
  select.Name(tenant);
  select.Text(subject);
  return One<Dek>(select, "data key");
}

absl::StatusOr<std::vector<Dek>> SqliteStore::ListDeksBefore(
    uint32_t kek_version, int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListDeksBefore);
  select.Int(kek_version);
  select.Int(Limit(limit));
  return All<Dek>(select);
}

absl::StatusOr<int64_t> SqliteStore::CountDeksBefore(
    uint32_t kek_version) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kCountDeksBefore);
  select.Int(kek_version);
  RETURN_IF_ERROR(select.Step().status());
  int64_t count = select.TakeInt();
  RETURN_IF_ERROR(select.status());
  return count;
}

absl::StatusOr<SigningKey> SqliteStore::GetSigningKey() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetSigningKey);
  return One<SigningKey>(select, "signing key");
}

absl::StatusOr<std::vector<BackupRecord>> SqliteStore::ListBackups() const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListBackups);
  return All<BackupRecord>(select);
}

absl::Status SqliteStore::VisitDataKeys(
    LogLookup lookup,
    absl::FunctionRef<absl::Status(const Dek&, const SealedByDek&)> visit)
    const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  RETURN_IF_ERROR((*reader).Run("BEGIN"));
  absl::Status visited = VisitAll(*reader, lookup, visit);
  absl::Status ended = (*reader).Run("COMMIT");
  return visited.ok() ? ended : visited;
}

absl::StatusOr<SealedByDek> SqliteStore::GetSealedBy(const Dek& dek) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  RETURN_IF_ERROR((*reader).Run("BEGIN"));
  absl::StatusOr<SealedByDek> sealed =
      ListSealedBy(*reader, dek, LogLookup::kNone);
  absl::Status ended = (*reader).Run("COMMIT");
  if (sealed.ok() && !ended.ok()) return ended;
  return sealed;
}

absl::StatusOr<std::vector<Dek>> SqliteStore::ListDeks(
    const TenantId& tenant, const UserId& user,
    const std::optional<std::string>& after, int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  std::string sql = "SELECT * FROM dek WHERE tenant=?";
  if (!user.empty()) sql += " AND subject=?";
  if (after.has_value()) sql += " AND subject>?";
  sql += " ORDER BY subject LIMIT ?";
  Statement select(*reader, sql);
  select.Name(tenant);
  if (!user.empty()) select.Name(user);
  if (after.has_value()) select.Text(*after);
  select.Int(Limit(limit));
  return All<Dek>(select);
}

absl::StatusOr<Connection> SqliteStore::GetConnection(
    const TenantId& tenant, const ConnectionId& id) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetConnection);
  select.Name(tenant);
  select.Name(id);
  return One<Connection>(select, "connection");
}

absl::StatusOr<std::vector<Connection>> SqliteStore::ListConnections(
    const ConnectionFilter& filter, const ConnectionId& after,
    int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  std::string sql = "SELECT * FROM connection";
  // A person has a few, a provider perhaps a million: without being told,
  // SQLite may look through the latter.
  if (!filter.user.empty()) sql += " INDEXED BY connection_by_user";
  sql += " WHERE tenant=? AND id>?";
  if (!filter.user.empty()) sql += " AND user=?";
  if (!filter.provider.empty()) sql += " AND provider=?";
  if (filter.state.has_value()) sql += " AND state=?";
  // Ids begin with the time they were made.
  sql += " ORDER BY id LIMIT ?";
  Statement select(*reader, sql);
  select.Name(filter.tenant);
  select.Name(after);
  if (!filter.user.empty()) select.Name(filter.user);
  if (!filter.provider.empty()) select.Name(filter.provider);
  if (filter.state.has_value()) select.State(*filter.state);
  select.Int(Limit(limit));
  return All<Connection>(select);
}

absl::StatusOr<AgentGrant> SqliteStore::GetAgentGrant(
    const TenantId& tenant, const ConnectionId& connection,
    const AgentId& agent) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetGrant);
  select.Name(tenant);
  select.Name(connection);
  select.Name(agent);
  return One<AgentGrant>(select, "agent grant");
}

absl::StatusOr<std::vector<Connection>> SqliteStore::ListUnsettledRefreshes()
    const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListUnsettled);
  return All<Connection>(select);
}

absl::StatusOr<std::vector<Connection>> SqliteStore::ListIdleConnections(
    const ProviderId& provider, absl::Time before, int limit) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListIdle);
  select.Name(provider);
  select.Time(before);
  select.Int(Limit(limit));
  return All<Connection>(select);
}

absl::StatusOr<std::vector<Connection>> SqliteStore::ListUnfinishedRevocations()
    const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListUnrevoked);
  return All<Connection>(select);
}

absl::StatusOr<std::vector<AgentGrant>> SqliteStore::ListAgentGrants(
    const TenantId& tenant, const ConnectionId& connection) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListGrants);
  select.Name(tenant);
  select.Name(connection);
  return All<AgentGrant>(select);
}

absl::StatusOr<Interaction> SqliteStore::GetInteraction(
    const TenantId& tenant, const InteractionId& id) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetInteraction);
  select.Name(tenant);
  select.Name(id);
  return One<Interaction>(select, "interaction");
}

absl::StatusOr<Interaction> SqliteStore::FindInteractionByLink(
    const std::string& link_hash) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kFindByLink);
  select.Blob(link_hash);
  return One<Interaction>(select, "interaction");
}

absl::StatusOr<std::vector<Interaction>> SqliteStore::ListPendingInteractions(
    const TenantId& tenant, const AgentId& agent, const UserId& user,
    const ProviderId& provider, absl::Time now) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kListPending);
  select.Name(tenant);
  select.Name(agent);
  select.Name(user);
  select.Name(provider);
  select.Time(now);
  return All<Interaction>(select);
}

absl::StatusOr<OAuthFlow> SqliteStore::GetFlow(
    const std::string& state_hash) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetFlow);
  select.Blob(state_hash);
  return One<OAuthFlow>(select, "flow");
}

absl::StatusOr<WebSession> SqliteStore::GetSession(
    const std::string& id_hash) const {
  ASSIGN_OR_RETURN(ReaderPool::Loan reader, readers_.Borrow());
  Statement select(*reader, kGetSession);
  select.Blob(id_hash);
  return One<WebSession>(select, "session");
}

}  // namespace tokenvault
