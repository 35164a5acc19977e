#pragma once

#include "storage/records.h"
#include "storage/sqlite/statement.h"

namespace tokenvault {

// Records as rows. Both directions go through the columns in the order of the
// schema, `version` last; so one Bind serves INSERT and UPDATE.

void Bind(Statement& row, const Deployment& deployment);
void Bind(Statement& row, const RootSource& source);
void Bind(Statement& row, const Kek& kek);
void Bind(Statement& row, const KekWrap& wrap);
void Bind(Statement& row, const Dek& dek);
void Bind(Statement& row, const SigningKey& key);
void Bind(Statement& row, const BackupRecord& backup);
void Bind(Statement& row, const Connection& connection);
void Bind(Statement& row, const AgentGrant& grant);
void Bind(Statement& row, const Interaction& interaction);
void Bind(Statement& row, const Approval& approval);
void Bind(Statement& row, const Notice& notice);
void Bind(Statement& row, const Stop& stop);
void Bind(Statement& row, const OAuthFlow& flow);
void Bind(Statement& row, const WebSession& session);
void Bind(Statement& row, const AuditTile& tile);
void Bind(Statement& row, const AuditCheckpoint& checkpoint);
void Bind(Statement& row, const AuditArchive& archive);
void Bind(Statement& row, const WitnessedCheckpoint& witnessed);

// What went wrong is in row.status() afterwards.
void Read(Statement& row, Deployment& deployment);
void Read(Statement& row, RootSource& source);
void Read(Statement& row, Kek& kek);
void Read(Statement& row, KekWrap& wrap);
void Read(Statement& row, Dek& dek);
void Read(Statement& row, SigningKey& key);
void Read(Statement& row, BackupRecord& backup);
void Read(Statement& row, Connection& connection);
void Read(Statement& row, AgentGrant& grant);
void Read(Statement& row, Interaction& interaction);
void Read(Statement& row, Approval& approval);
void Read(Statement& row,
          AskedApproval& asked);  // the question's columns first
void Read(Statement& row, Notice& notice);
void Read(Statement& row, PolicyUse& use);
void Read(Statement& row, Stop& stop);
void Read(Statement& row, OAuthFlow& flow);
void Read(Statement& row, WebSession& session);
void Read(Statement& row, AuditEntry& entry);
void Read(Statement& row, AuditTile& tile);
void Read(Statement& row, AuditCheckpoint& checkpoint);
void Read(Statement& row, AuditArchive& archive);
void Read(Statement& row, WitnessedCheckpoint& witnessed);

}  // namespace tokenvault
