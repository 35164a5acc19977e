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
}

void Read(Statement& row, Interaction& interaction) {
  row.Take(interaction.tenant);
  row.Take(interaction.id);
  row.Take(interaction.kind, InteractionKind::kStepUp);
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
