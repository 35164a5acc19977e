#include "storage/sqlite/apply.h"

#include <sqlite3.h>

#include <variant>

#include "base/errors.h"
#include "base/status_macros.h"
#include "storage/sqlite/append_leaf.h"
#include "storage/sqlite/remove_person.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {
namespace {

// One row of this table for each kind of record. Parameters are the columns in
// the order of rows.h. An UPDATE finds its row by key and by the version that
// was read.
struct Sql {
  const char* noun;    // in errors
  const char* parent;  // what the record belongs to, when that must be there
  const char* insert;
  const char* update;  // null: such a record never changes
};

Sql SqlFor(const Deployment&) {
  return {"deployment", "",
          "INSERT INTO deployment (one, id, create_time) VALUES (1, ?, ?)",
          nullptr};
}

Sql SqlFor(const RootSource&) {
  return {"root source", "",
          "INSERT INTO root_source (id, kind, params, create_time)"
          " VALUES (?, ?, ?, ?)",
          nullptr};
}

Sql SqlFor(const Kek&) {
  return {"master key", "",
          "INSERT INTO kek (version_number, key_id, state, create_time,"
          " activate_time, version, proof, prove_time, retire_time,"
          " destroy_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          "UPDATE kek SET key_id=?2, state=?3, create_time=?4,"
          " activate_time=?5, version=version+1, proof=?7, prove_time=?8,"
          " retire_time=?9, destroy_time=?10"
          " WHERE version_number=?1 AND version=?6"};
}

Sql SqlFor(const KekWrap&) {
  return {"master key wrap", "master key or root source",
          "INSERT INTO kek_wrap (kek_version, source_id, wrapped)"
          " VALUES (?, ?, ?)",
          nullptr};
}

Sql SqlFor(const Dek&) {
  return {"data key", "master key",
          "INSERT INTO dek (tenant, subject, dek_id, generation, kek_version,"
          " wrapped, create_time, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
          "UPDATE dek SET dek_id=?3, generation=?4, kek_version=?5,"
          " wrapped=?6, create_time=?7, version=version+1"
          " WHERE tenant=?1 AND subject=?2 AND version=?8"};
}

Sql SqlFor(const SigningKey&) {
  return {"signing key", "",
          "INSERT INTO signing_key (one, name, public_key, sealed_seed,"
          " create_time) VALUES (1, ?, ?, ?, ?)",
          nullptr};
}

Sql SqlFor(const BackupRecord&) {
  return {"backup", "",
          "INSERT INTO backup (id, create_time, lowest_kek_version,"
          " highest_kek_version, location, verify_time, version)"
          " VALUES (?, ?, ?, ?, ?, ?, ?)",
          "UPDATE backup SET create_time=?2, lowest_kek_version=?3,"
          " highest_kek_version=?4, location=?5, verify_time=?6,"
          " version=version+1 WHERE id=?1 AND version=?7"};
}

Sql SqlFor(const Connection&) {
  return {"connection", "",
          "INSERT INTO connection (tenant, id, user, provider, account_id,"
          " account_label, state, state_reason, paused, granted_scopes,"
          " sealed_refresh_token, generation, lease_owner, lease_epoch,"
          " lease_until, refresh_phase, landing_slot, refresh_sent_time,"
          " create_time, last_refresh_time, access_end_time, endpoint_hints,"
          " version, issuer, first_agent)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
          " ?, ?, ?, ?, ?, ?)",
          "UPDATE connection SET user=?3, provider=?4, account_id=?5,"
          " account_label=?6, state=?7, state_reason=?8, paused=?9,"
          " granted_scopes=?10, sealed_refresh_token=?11, generation=?12,"
          " lease_owner=?13, lease_epoch=?14, lease_until=?15,"
          " refresh_phase=?16, landing_slot=?17, refresh_sent_time=?18,"
          " create_time=?19, last_refresh_time=?20, access_end_time=?21,"
          " endpoint_hints=?22, version=version+1, issuer=?24,"
          " first_agent=?25"
          " WHERE tenant=?1 AND id=?2 AND version=?23"};
}

Sql SqlFor(const AgentGrant&) {
  return {"agent grant", "connection",
          "INSERT INTO agent_grant (tenant, connection, agent, scopes,"
          " create_time, end_time, last_use_time, version, task_id)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
          "UPDATE agent_grant SET scopes=?4, create_time=?5, end_time=?6,"
          " last_use_time=?7, version=version+1, task_id=?9"
          " WHERE tenant=?1 AND connection=?2 AND agent=?3 AND version=?8"};
}

Sql SqlFor(const Interaction&) {
  return {"interaction", "",
          "INSERT INTO interaction (tenant, id, kind, state, agent, user,"
          " provider, connection, scopes, missing_scopes, link_hash,"
          " user_code, purpose, return_uri, denial_reason, create_time,"
          " expire_time, version, optional_scopes, task_id, confirmer,"
          " browser_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
          " ?, ?, ?, ?, ?, ?, ?)",
          "UPDATE interaction SET kind=?3, state=?4, agent=?5, user=?6,"
          " provider=?7, connection=?8, scopes=?9, missing_scopes=?10,"
          " link_hash=?11, user_code=?12, purpose=?13, return_uri=?14,"
          " denial_reason=?15, create_time=?16, expire_time=?17,"
          " version=version+1, optional_scopes=?19, task_id=?20,"
          " confirmer=?21, browser_hash=?22"
          " WHERE tenant=?1 AND id=?2 AND version=?18"};
}

Sql SqlFor(const Approval&) {
  return {"approval", "question",
          "INSERT INTO approval (tenant, id, agent, user, provider,"
          " connection, request_hash, resource, max_lifetime, details,"
          " task_id, rule, quiet, reach, decided_by, decided_how,"
          " decide_time, end_time, extensions, create_time, version)"
          " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
          " ?, ?)",
          "UPDATE approval SET agent=?3, user=?4, provider=?5,"
          " connection=?6, request_hash=?7, resource=?8, max_lifetime=?9,"
          " details=?10, task_id=?11, rule=?12, quiet=?13, reach=?14,"
          " decided_by=?15, decided_how=?16, decide_time=?17, end_time=?18,"
          " extensions=?19, create_time=?20, version=version+1"
          " WHERE tenant=?1 AND id=?2 AND version=?21"};
}

Sql SqlFor(const Notice&) {
  return {"notice", "approval",
          "INSERT INTO notice (tenant, approval, channel, address, next_try,"
          " tries, version) VALUES (?, ?, ?, ?, ?, ?, ?)",
          "UPDATE notice SET address=?4, next_try=?5, tries=?6,"
          " version=version+1 WHERE tenant=?1 AND approval=?2"
          " AND channel=?3 AND version=?7"};
}

Sql SqlFor(const Stop&) {
  return {"stop", "",
          "INSERT INTO stop (kind, tenant, name, why, create_time)"
          " VALUES (?, ?, ?, ?, ?)",
          nullptr};
}

Sql SqlFor(const OAuthFlow&) {
  return {"flow", "",
          "INSERT INTO oauth_flow (state_hash, tenant, kind, state,"
          " interaction, provider, context, cookie_hash, session_hash,"
          " sealed_verifier, other_account, scopes, access_end_time,"
          " create_time, expire_time, version, issuer, optional_scopes,"
          " task_id, code_held) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
          " ?, ?, ?, ?, ?, ?, ?)",
          "UPDATE oauth_flow SET tenant=?2, kind=?3, state=?4,"
          " interaction=?5, provider=?6, context=?7, cookie_hash=?8,"
          " session_hash=?9, sealed_verifier=?10, other_account=?11,"
          " scopes=?12, access_end_time=?13, create_time=?14,"
          " expire_time=?15, version=version+1, issuer=?17,"
          " optional_scopes=?18, task_id=?19, code_held=?20"
          " WHERE state_hash=?1 AND version=?16"};
}

Sql SqlFor(const WebSession&) {
  return {"session", "",
          "INSERT INTO web_session (id_hash, tenant, user, display_name,"
          " auth_time, create_time, idle_expire_time, expire_time, version,"
          " groups, acr) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          "UPDATE web_session SET tenant=?2, user=?3, display_name=?4,"
          " auth_time=?5, create_time=?6, idle_expire_time=?7,"
          " expire_time=?8, version=version+1, groups=?10, acr=?11"
          " WHERE id_hash=?1 AND version=?9"};
}

Sql SqlFor(const AuditTile&) {
  return {"tile", "",
          "INSERT INTO audit_tile (level, tile, hashes, version)"
          " VALUES (?, ?, ?, ?)",
          "UPDATE audit_tile SET hashes=?3, version=version+1"
          " WHERE level=?1 AND tile=?2 AND version=?4"};
}

Sql SqlFor(const AuditCheckpoint&) {
  return {"checkpoint", "",
          "INSERT INTO audit_checkpoint (size, time, note, version)"
          " VALUES (?, ?, ?, ?)",
          "UPDATE audit_checkpoint SET time=?2, note=?3, version=version+1"
          " WHERE size=?1 AND version=?4"};
}

Sql SqlFor(const AuditArchive&) {
  return {"archive", "",
          "INSERT INTO audit_archive (first, last, time, location)"
          " VALUES (?, ?, ?, ?)",
          nullptr};
}

Sql SqlFor(const WitnessedCheckpoint&) {
  return {"witness", "",
          "INSERT INTO audit_witness (id, size, time, note, version)"
          " VALUES (?, ?, ?, ?, ?)",
          "UPDATE audit_witness SET size=?2, time=?3, note=?4,"
          " version=version+1 WHERE id=?1 AND version=?5"};
}

constexpr char kRemoveFlow[] = "DELETE FROM oauth_flow WHERE state_hash=?";
constexpr char kRemoveSession[] = "DELETE FROM web_session WHERE id_hash=?";
constexpr char kRemoveBackup[] = "DELETE FROM backup WHERE id=?";
constexpr char kRemoveNotice[] =
    "DELETE FROM notice WHERE tenant=? AND approval=? AND channel=?";
constexpr char kRemoveStop[] =
    "DELETE FROM stop WHERE kind=? AND tenant=? AND name=?";
// A row of a later window than `now` thinks it is was written before the clock
// was set back.
constexpr char kSpend[] =
    "INSERT INTO policy_use (tenant, rule, agent, user, window_start, used)"
    " VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT DO UPDATE SET"
    " used=CASE WHEN window_start<?5 THEN 1 ELSE used+1 END,"
    " window_start=max(window_start, ?5)"
    " WHERE window_start<?5 OR used<?6";
constexpr char kUnspend[] =
    "UPDATE policy_use SET used=used-1 WHERE tenant=? AND rule=? AND agent=?"
    " AND user=? AND window_start=? AND used>0";
constexpr char kRemoveKekWraps[] = "DELETE FROM kek_wrap WHERE kek_version=?";
constexpr char kRemoveWrapsOfSource[] =
    "DELETE FROM kek_wrap WHERE source_id=?";
constexpr char kRemoveRootSource[] = "DELETE FROM root_source WHERE id=?";
constexpr char kRemoveGrants[] =
    "DELETE FROM agent_grant WHERE tenant=? AND connection=?";
constexpr char kPurgeFlows[] = "DELETE FROM oauth_flow WHERE expire_time<?";
constexpr char kPurgeSessions[] =
    "DELETE FROM web_session WHERE expire_time<?1 OR idle_expire_time<?1";
constexpr char kPurgeInteractions[] =
    "DELETE FROM interaction"
    " WHERE create_time<?1 AND (state<>1 OR expire_time<?2)";

// The columns of the index audit_commitment, as in its own words.
constexpr char kRemoveLeaves[] =
    "DELETE FROM audit WHERE sequence BETWEEN ? AND ?"
    " AND NOT ((kind='connection.created' OR kind='connection.renewed'"
    " OR kind='connection.resealed' OR kind='refresh.succeeded')"
    " AND instr(leaf, '\"commitment\":\"') > 0"
    " AND EXISTS (SELECT 1 FROM connection WHERE tenant=audit.tenant AND id="
    " substr(audit.leaf, instr(audit.leaf, '\"connection\":\"') + 14, 26))"
    " AND NOT EXISTS (SELECT 1 FROM audit AS later"
    " INDEXED BY audit_commitment WHERE later.tenant=audit.tenant"
    " AND substr(later.leaf, instr(later.leaf, '\"connection\":\"') + 14, 26)"
    " =substr(audit.leaf, instr(audit.leaf, '\"connection\":\"') + 14, 26)"
    " AND (later.kind='connection.created' OR later.kind='connection.renewed'"
    " OR later.kind='connection.resealed' OR later.kind='refresh.succeeded')"
    " AND instr(later.leaf, '\"commitment\":\"') > 0"
    " AND later.sequence>audit.sequence))";

// A row that breaks a rule of the schema, as the condition that failed.
absl::Status ConditionOr(const Statement& statement, const Sql& sql) {
  switch (statement.code()) {
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
      return errors::AlreadyExists(sql.noun);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return errors::NotFound(sql.parent);
    case SQLITE_CONSTRAINT_TRIGGER:
      return errors::VersionConflict(sql.noun);
    default:
      return statement.status();
  }
}

// One for each operation of a WriteBatch.
struct Applier {
  SqliteConnection& connection;

  absl::Status operator()(const WriteBatch::InsertOp& insert) const {
    return std::visit(
        [this](const auto& record) {
          const Sql sql = SqlFor(record);
          Statement statement(connection, sql.insert);
          Bind(statement, record);
          return statement.Run().ok() ? absl::OkStatus()
                                      : ConditionOr(statement, sql);
        },
        insert.record);
  }

  absl::Status operator()(const WriteBatch::UpdateOp& update) const {
    return std::visit(
        [this](const auto& record) {
          const Sql sql = SqlFor(record);
          Statement statement(connection, sql.update);
          Bind(statement, record);
          if (!statement.Run().ok()) return ConditionOr(statement, sql);
          return connection.changes() == 1 ? absl::OkStatus()
                                           : errors::VersionConflict(sql.noun);
        },
        update.record);
  }

  absl::Status operator()(const WriteBatch::RemoveFlow& remove) const {
    return RemoveOne(kRemoveFlow, remove.state_hash, "flow");
  }

  absl::Status operator()(const WriteBatch::RemoveSession& remove) const {
    return RemoveOne(kRemoveSession, remove.id_hash, "session");
  }

  absl::Status operator()(const WriteBatch::RemoveBackup& remove) const {
    Statement statement(connection, kRemoveBackup);
    statement.Text(remove.id);
    RETURN_IF_ERROR(statement.Run());
    return connection.changes() == 1 ? absl::OkStatus()
                                     : errors::NotFound("backup");
  }

  absl::Status operator()(const WriteBatch::RemoveNotice& remove) const {
    Statement statement(connection, kRemoveNotice);
    statement.Name(remove.tenant);
    statement.Name(remove.approval);
    statement.Text(remove.channel);
    return statement.Run();
  }

  absl::Status operator()(const WriteBatch::RemoveStop& remove) const {
    Statement statement(connection, kRemoveStop);
    statement.State(remove.kind);
    statement.Name(remove.tenant);
    statement.Text(remove.name);
    RETURN_IF_ERROR(statement.Run());
    return connection.changes() == 1 ? absl::OkStatus()
                                     : errors::NotFound("stop");
  }

  absl::Status operator()(const WriteBatch::Spend& token) const {
    Statement statement(connection, kSpend);
    statement.Name(token.tenant);
    statement.Text(token.rule);
    statement.Name(token.agent);
    statement.Name(token.user);
    statement.Time(token.window_start);
    statement.Int(token.most);
    RETURN_IF_ERROR(statement.Run());
    return connection.changes() == 1
               ? absl::OkStatus()
               : errors::BudgetSpent(token.rule, token.window);
  }

  absl::Status operator()(const WriteBatch::Unspend& unspend) const {
    const WriteBatch::Spend& token = unspend.token;
    Statement statement(connection, kUnspend);
    statement.Name(token.tenant);
    statement.Text(token.rule);
    statement.Name(token.agent);
    statement.Name(token.user);
    statement.Time(token.window_start);
    return statement.Run();
  }

  absl::Status operator()(const WriteBatch::RemoveKekWraps& remove) const {
    Statement statement(connection, kRemoveKekWraps);
    statement.Int(remove.kek_version);
    return statement.Run();
  }

  absl::Status operator()(const WriteBatch::RemoveRootSource& remove) const {
    Statement wraps(connection, kRemoveWrapsOfSource);
    wraps.Text(remove.id);
    RETURN_IF_ERROR(wraps.Run());
    Statement source(connection, kRemoveRootSource);
    source.Text(remove.id);
    RETURN_IF_ERROR(source.Run());
    return connection.changes() == 1 ? absl::OkStatus()
                                     : errors::NotFound("root source");
  }

  absl::Status operator()(const WriteBatch::RemoveGrants& remove) const {
    Statement statement(connection, kRemoveGrants);
    statement.Name(remove.tenant);
    statement.Name(remove.connection);
    return statement.Run();
  }

  absl::Status operator()(const WriteBatch::RemoveVisits& person) const {
    return ApplyRemoval(connection, person);
  }

  absl::Status operator()(const WriteBatch::RemovePerson& person) const {
    return ApplyRemoval(connection, person);
  }

  absl::Status operator()(const WriteBatch::PurgeExpired& purge) const {
    Statement flows(connection, kPurgeFlows);
    flows.Time(purge.now);
    RETURN_IF_ERROR(flows.Run());
    Statement sessions(connection, kPurgeSessions);
    sessions.Time(purge.now);
    RETURN_IF_ERROR(sessions.Run());
    Statement interactions(connection, kPurgeInteractions);
    interactions.Time(purge.interactions_before);
    interactions.Time(purge.now);
    return interactions.Run();
  }

  absl::Status operator()(const WriteBatch::RemoveLeaves& remove) const {
    Statement statement(connection, kRemoveLeaves);
    statement.Int(static_cast<int64_t>(remove.first));
    statement.Int(static_cast<int64_t>(remove.last));
    return statement.Run();
  }

  absl::Status operator()(const WriteBatch::AppendOp& append) const {
    return AppendLeaf(connection, append.entry);
  }

  absl::Status RemoveOne(const char* sql, const std::string& key,
                         const char* noun) const {
    Statement statement(connection, sql);
    statement.Blob(key);
    RETURN_IF_ERROR(statement.Run());
    return connection.changes() == 1 ? absl::OkStatus()
                                     : errors::NotFound(noun);
  }
};

absl::Status ApplyAll(SqliteConnection& connection, const WriteBatch& batch) {
  for (const WriteBatch::Op& op : batch.ops()) {
    RETURN_IF_ERROR(std::visit(Applier{connection}, op));
  }
  return absl::OkStatus();
}

// A single leaf appended: one statement, which is whole or not at all without
// our help. It is what the vault writes most. Who is named in it for the first
// time may keep that name also if it fails: then the next leaf gives it.
bool IsOneAppend(const WriteBatch& batch) {
  return batch.ops().size() == 1 &&
         std::holds_alternative<WriteBatch::AppendOp>(batch.ops().front());
}

}  // namespace

absl::Status Apply(SqliteConnection& connection, const WriteBatch& batch) {
  if (IsOneAppend(batch)) return ApplyAll(connection, batch);
  RETURN_IF_ERROR(connection.Run("SAVEPOINT batch"));
  absl::Status applied = ApplyAll(connection, batch);
  if (!connection.InTransaction()) return applied;
  absl::Status closed =
      applied.ok() ? absl::OkStatus() : connection.Run("ROLLBACK TO batch");
  if (closed.ok()) closed = connection.Run("RELEASE batch");
  if (closed.ok()) return applied;
  // Half a batch must not be committed with its neighbours. A rollback cannot
  // fail to end the transaction.
  connection.Run("ROLLBACK").IgnoreError();
  return closed;
}

}  // namespace tokenvault
