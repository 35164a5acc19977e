#include "storage/sqlite/rows.h"

namespace tokenvault {

void Bind(Statement& row, const Deployment& deployment) {
  row.Blob(deployment.id);
  row.Time(deployment.create_time);
}

void Bind(Statement& row, const RootSource& source) {
  row.Text(source.id);
  row.Text(source.kind);
  row.Text(source.params);
  row.Time(source.create_time);
}

void Bind(Statement& row, const Kek& kek) {
  row.Int(kek.version_number);
  row.Blob(kek.key_id);
  row.State(kek.state);
  row.Time(kek.create_time);
  row.Time(kek.activate_time);
  row.Int(kek.version);
  row.Text(kek.proof);
  row.Time(kek.prove_time);
  row.Time(kek.retire_time);
  row.Time(kek.destroy_time);
}

void Bind(Statement& row, const KekWrap& wrap) {
  row.Int(wrap.kek_version);
  row.Text(wrap.source_id);
  row.Blob(wrap.wrapped);
}

void Bind(Statement& row, const Dek& dek) {
  row.Name(dek.tenant);
  row.Text(dek.subject);
  row.Blob(dek.dek_id);
  row.Int(dek.generation);
  row.Int(dek.kek_version);
  row.Blob(dek.wrapped);
  row.Time(dek.create_time);
  row.Int(dek.version);
}

void Bind(Statement& row, const SigningKey& key) {
  row.Text(key.name);
  row.Blob(key.public_key);
  row.Blob(key.sealed_seed);
  row.Time(key.create_time);
}

void Bind(Statement& row, const BackupRecord& backup) {
  row.Text(backup.id);
  row.Time(backup.create_time);
  row.Int(backup.lowest_kek_version);
  row.Int(backup.highest_kek_version);
  row.Text(backup.location);
  row.Time(backup.verify_time);
  row.Int(backup.version);
}

void Bind(Statement& row, const Connection& connection) {
  row.Name(connection.tenant);
  row.Name(connection.id);
  row.Name(connection.user);
  row.Name(connection.provider);
  row.Text(connection.account_id);
  row.Text(connection.account_label);
  row.State(connection.state);
  row.Text(connection.state_reason);
  row.Int(connection.paused);
  row.Scopes(connection.granted_scopes);
  row.Blob(connection.sealed_refresh_token);
  row.Int(connection.generation);
  row.Text(connection.lease_owner);
  row.Int(connection.lease_epoch);
  row.Time(connection.lease_until);
  row.State(connection.refresh_phase);
  row.Int(connection.landing_slot);
  row.Time(connection.refresh_sent_time);
  row.Time(connection.create_time);
  row.Time(connection.last_refresh_time);
  row.Time(connection.access_end_time);
  row.Pairs(connection.endpoint_hints);
  row.Int(connection.version);
  row.Text(connection.issuer);
  row.Name(connection.first_agent);
}

void Bind(Statement& row, const AgentGrant& grant) {
  row.Name(grant.tenant);
  row.Name(grant.connection);
  row.Name(grant.agent);
  row.Scopes(grant.scopes);
  row.Time(grant.create_time);
  row.Time(grant.end_time);
  row.Time(grant.last_use_time);
  row.Int(grant.version);
  row.Text(grant.task_id);
}

void Bind(Statement& row, const Interaction& interaction) {
  row.Name(interaction.tenant);
  row.Name(interaction.id);
  row.State(interaction.kind);
  row.State(interaction.state);
  row.Name(interaction.agent);
  row.Name(interaction.user);
  row.Name(interaction.provider);
  row.Name(interaction.connection);
  row.Scopes(interaction.scopes);
  row.Scopes(interaction.missing_scopes);
  row.Blob(interaction.link_hash);
  row.Text(interaction.user_code);
  row.Text(interaction.purpose);
  row.Text(interaction.return_uri);
  row.Text(interaction.denial_reason);
  row.Time(interaction.create_time);
  row.Time(interaction.expire_time);
  row.Int(interaction.version);
  row.Scopes(interaction.optional_scopes);
  row.Text(interaction.task_id);
  row.Name(interaction.confirmer);
  row.Blob(interaction.browser_hash);
}

void Bind(Statement& row, const Approval& approval) {
  row.Name(approval.tenant);
  row.Name(approval.id);
  row.Name(approval.agent);
  row.Name(approval.user);
  row.Name(approval.provider);
  row.Name(approval.connection);
  row.Blob(approval.request_hash);
  row.Text(approval.resource);
  row.Int(absl::ToInt64Microseconds(approval.max_lifetime));
  row.Text(approval.details);
  row.Text(approval.task_id);
  row.Text(approval.rule);
  row.Int(approval.quiet);
  row.State(approval.reach);
  row.Name(approval.decided_by);
  row.Text(approval.decided_how);
  row.Time(approval.decide_time);
  row.Time(approval.end_time);
  row.Int(approval.extensions);
  row.Time(approval.create_time);
  row.Int(static_cast<int64_t>(approval.version));
}

void Bind(Statement& row, const Notice& notice) {
  row.Name(notice.tenant);
  row.Name(notice.approval);
  row.Text(notice.channel);
  row.Text(notice.address);
  row.Time(notice.next_try);
  row.Int(notice.tries);
  row.Int(static_cast<int64_t>(notice.version));
}

void Bind(Statement& row, const Stop& stop) {
  row.State(stop.kind);
  row.Name(stop.tenant);
  row.Text(stop.name);
  row.Text(stop.why);
  row.Time(stop.create_time);
}

void Bind(Statement& row, const OAuthFlow& flow) {
  row.Blob(flow.state_hash);
  row.Name(flow.tenant);
  row.State(flow.kind);
  row.State(flow.state);
  row.Name(flow.interaction);
  row.Name(flow.provider);
  row.Text(flow.context);
  row.Blob(flow.cookie_hash);
  row.Blob(flow.session_hash);
  row.Blob(flow.sealed_verifier);
  row.Name(flow.other_account);
  row.Scopes(flow.scopes);
  row.Time(flow.access_end_time);
  row.Time(flow.create_time);
  row.Time(flow.expire_time);
  row.Int(flow.version);
  row.Text(flow.issuer);
  row.Scopes(flow.optional_scopes);
  row.Text(flow.task_id);
  row.Int(flow.code_held);
}

void Bind(Statement& row, const WebSession& session) {
  row.Blob(session.id_hash);
  row.Name(session.tenant);
  row.Name(session.user);
  row.Text(session.display_name);
  row.Time(session.auth_time);
  row.Time(session.create_time);
  row.Time(session.idle_expire_time);
  row.Time(session.expire_time);
  row.Int(session.version);
  row.Lines(session.groups);
  row.Text(session.acr);
}

void Bind(Statement& row, const AuditTile& tile) {
  row.Int(tile.level);
  row.Int(static_cast<int64_t>(tile.index));
  row.Blob(tile.hashes);
  row.Int(static_cast<int64_t>(tile.version));
}

void Bind(Statement& row, const AuditCheckpoint& checkpoint) {
  row.Int(static_cast<int64_t>(checkpoint.size));
  row.Time(checkpoint.time);
  row.Text(checkpoint.note);
  row.Int(static_cast<int64_t>(checkpoint.version));
}

void Bind(Statement& row, const AuditArchive& archive) {
  row.Int(static_cast<int64_t>(archive.first));
  row.Int(static_cast<int64_t>(archive.last));
  row.Time(archive.time);
  row.Text(archive.location);
}

void Bind(Statement& row, const WitnessedCheckpoint& witnessed) {
  row.Text(witnessed.witness);
  row.Int(static_cast<int64_t>(witnessed.size));
  row.Time(witnessed.time);
  row.Text(witnessed.note);
  row.Int(static_cast<int64_t>(witnessed.version));
}

void Read(Statement& row, Deployment& deployment) {
  deployment.id = row.TakeBlob();
  deployment.create_time = row.TakeTime();
}

void Read(Statement& row, RootSource& source) {
  source.id = row.TakeText();
  source.kind = row.TakeText();
  source.params = row.TakeText();
  source.create_time = row.TakeTime();
}

void Read(Statement& row, Kek& kek) {
  kek.version_number = row.TakeUint32();
  kek.key_id = row.TakeBlob();
  row.Take(kek.state, KekState::kDestroyed);
  kek.create_time = row.TakeTime();
  kek.activate_time = row.TakeTime();
  kek.version = row.TakeUint64();
  kek.proof = row.TakeText();
  kek.prove_time = row.TakeTime();
  kek.retire_time = row.TakeTime();
  kek.destroy_time = row.TakeTime();
}

void Read(Statement& row, KekWrap& wrap) {
  wrap.kek_version = row.TakeUint32();
  wrap.source_id = row.TakeText();
  wrap.wrapped = row.TakeBlob();
}

void Read(Statement& row, Dek& dek) {
  row.Take(dek.tenant);
  dek.subject = row.TakeText();
  dek.dek_id = row.TakeBlob();
  dek.generation = row.TakeUint32();
  dek.kek_version = row.TakeUint32();
  dek.wrapped = row.TakeBlob();
  dek.create_time = row.TakeTime();
  dek.version = row.TakeUint64();
}

void Read(Statement& row, SigningKey& key) {
  key.name = row.TakeText();
  key.public_key = row.TakeBlob();
  key.sealed_seed = row.TakeBlob();
  key.create_time = row.TakeTime();
}

void Read(Statement& row, BackupRecord& backup) {
  backup.id = row.TakeText();
  backup.create_time = row.TakeTime();
  backup.lowest_kek_version = row.TakeUint32();
  backup.highest_kek_version = row.TakeUint32();
  backup.location = row.TakeText();
  backup.verify_time = row.TakeTime();
  backup.version = row.TakeUint64();
}

void Read(Statement& row, Connection& connection) {
  row.Take(connection.tenant);
  row.Take(connection.id);
  row.Take(connection.user);
  row.Take(connection.provider);
  connection.account_id = row.TakeText();
  connection.account_label = row.TakeText();
  row.Take(connection.state, ConnectionState::kRevoked);
  connection.state_reason = row.TakeText();
  connection.paused = row.TakeBool();
  connection.granted_scopes = row.TakeScopes();
  connection.sealed_refresh_token = row.TakeBlob();
  connection.generation = row.TakeUint64();
  connection.lease_owner = row.TakeText();
  connection.lease_epoch = row.TakeUint64();
  connection.lease_until = row.TakeTime();
  row.Take(connection.refresh_phase, RefreshPhase::kUnknown);
  connection.landing_slot = row.TakeUint64();
  connection.refresh_sent_time = row.TakeTime();
  connection.create_time = row.TakeTime();
  connection.last_refresh_time = row.TakeTime();
  connection.access_end_time = row.TakeTime();
  connection.endpoint_hints = row.TakePairs();
  connection.version = row.TakeUint64();
  connection.issuer = row.TakeText();
  row.Take(connection.first_agent);
}

void Read(Statement& row, AgentGrant& grant) {
  row.Take(grant.tenant);
  row.Take(grant.connection);
  row.Take(grant.agent);
  grant.scopes = row.TakeScopes();
  grant.create_time = row.TakeTime();
  grant.end_time = row.TakeTime();
  grant.last_use_time = row.TakeTime();
  grant.version = row.TakeUint64();
  grant.task_id = row.TakeText();
}

void Read(Statement& row, Interaction& interaction) {
  row.Take(interaction.tenant);
  row.Take(interaction.id);
  row.Take(interaction.kind, InteractionKind::kApproval);
  row.Take(interaction.state, InteractionState::kRefused);
  row.Take(interaction.agent);
  row.Take(interaction.user);
  row.Take(interaction.provider);
  row.Take(interaction.connection);
  interaction.scopes = row.TakeScopes();
  interaction.missing_scopes = row.TakeScopes();
  interaction.link_hash = row.TakeBlob();
  interaction.user_code = row.TakeText();
  interaction.purpose = row.TakeText();
  interaction.return_uri = row.TakeText();
  interaction.denial_reason = row.TakeText();
  interaction.create_time = row.TakeTime();
  interaction.expire_time = row.TakeTime();
  interaction.version = row.TakeUint64();
  interaction.optional_scopes = row.TakeScopes();
  interaction.task_id = row.TakeText();
  row.Take(interaction.confirmer);
  interaction.browser_hash = row.TakeBlob();
}

void Read(Statement& row, Approval& approval) {
  row.Take(approval.tenant);
  row.Take(approval.id);
  row.Take(approval.agent);
  row.Take(approval.user);
  row.Take(approval.provider);
  row.Take(approval.connection);
  approval.request_hash = row.TakeBlob();
  approval.resource = row.TakeText();
  approval.max_lifetime = absl::Microseconds(row.TakeInt());
  approval.details = row.TakeText();
  approval.task_id = row.TakeText();
  approval.rule = row.TakeText();
  approval.quiet = row.TakeBool();
  row.Take(approval.reach, ApprovalReach::kHour);
  row.Take(approval.decided_by);
  approval.decided_how = row.TakeText();
  approval.decide_time = row.TakeTime();
  approval.end_time = row.TakeTime();
  approval.extensions = row.TakeUint32();
  approval.create_time = row.TakeTime();
  approval.version = row.TakeUint64();
}

void Read(Statement& row, AskedApproval& asked) {
  Read(row, asked.question);
  Read(row, asked.approval);
}

void Read(Statement& row, Notice& notice) {
  row.Take(notice.tenant);
  row.Take(notice.approval);
  notice.channel = row.TakeText();
  notice.address = row.TakeText();
  notice.next_try = row.TakeTime();
  notice.tries = row.TakeUint32();
  notice.version = row.TakeUint64();
}

void Read(Statement& row, PolicyUse& use) {
  row.Take(use.tenant);
  use.rule = row.TakeText();
  row.Take(use.agent);
  row.Take(use.user);
  use.window_start = row.TakeTime();
  use.used = row.TakeInt();
}

void Read(Statement& row, Stop& stop) {
  row.Take(stop.kind, StopKind::kProvider);
  row.Take(stop.tenant);
  stop.name = row.TakeText();
  stop.why = row.TakeText();
  stop.create_time = row.TakeTime();
}

void Read(Statement& row, OAuthFlow& flow) {
  flow.state_hash = row.TakeBlob();
  row.Take(flow.tenant);
  row.Take(flow.kind, FlowKind::kConnect);
  row.Take(flow.state, FlowState::kReturned);
  row.Take(flow.interaction);
  row.Take(flow.provider);
  flow.context = row.TakeText();
  flow.cookie_hash = row.TakeBlob();
  flow.session_hash = row.TakeBlob();
  flow.sealed_verifier = row.TakeBlob();
  row.Take(flow.other_account);
  flow.scopes = row.TakeScopes();
  flow.access_end_time = row.TakeTime();
  flow.create_time = row.TakeTime();
  flow.expire_time = row.TakeTime();
  flow.version = row.TakeUint64();
  flow.issuer = row.TakeText();
  flow.optional_scopes = row.TakeScopes();
  flow.task_id = row.TakeText();
  flow.code_held = row.TakeBool();
}

void Read(Statement& row, WebSession& session) {
  session.id_hash = row.TakeBlob();
  row.Take(session.tenant);
  row.Take(session.user);
  session.display_name = row.TakeText();
  session.auth_time = row.TakeTime();
  session.create_time = row.TakeTime();
  session.idle_expire_time = row.TakeTime();
  session.expire_time = row.TakeTime();
  session.version = row.TakeUint64();
  session.groups = row.TakeLines();
  session.acr = row.TakeText();
}

void Read(Statement& row, AuditEntry& entry) {
  entry.sequence = row.TakeUint64();
  row.Take(entry.tenant);
  entry.time = row.TakeTime();
  entry.kind = row.TakeText();
  entry.leaf = row.TakeText();
}

void Read(Statement& row, AuditTile& tile) {
  tile.level = static_cast<int>(row.TakeUint32());
  tile.index = row.TakeUint64();
  tile.hashes = row.TakeBlob();
  tile.version = row.TakeUint64();
}

void Read(Statement& row, AuditCheckpoint& checkpoint) {
  checkpoint.size = row.TakeUint64();
  checkpoint.time = row.TakeTime();
  checkpoint.note = row.TakeText();
  checkpoint.version = row.TakeUint64();
}

void Read(Statement& row, AuditArchive& archive) {
  archive.first = row.TakeUint64();
  archive.last = row.TakeUint64();
  archive.time = row.TakeTime();
  archive.location = row.TakeText();
}

void Read(Statement& row, WitnessedCheckpoint& witnessed) {
  witnessed.witness = row.TakeText();
  witnessed.size = row.TakeUint64();
  witnessed.time = row.TakeTime();
  witnessed.note = row.TakeText();
  witnessed.version = row.TakeUint64();
}

}  // namespace tokenvault
