#pragma once

#include "absl/status/statusor.h"
#include "storage/store.h"
#include "tokenvault/v1/admin_service.pb.h"
#include "vault/audit_archiver.h"
#include "vault/audit_check.h"
#include "vault/audit_exporter.h"
#include "vault/audit_tree.h"
#include "vault/note_signer.h"
#include "vault/witnesses.h"

// The audit log of AdminService: what AdminApi does once it knows that the
// operator asks. Errors as in the proto, and FIELD_INVALID.
namespace tokenvault {

struct AuditWork {
  const Store& store;
  NoteSigner& signer;
  AuditTree& tree;
  Witnesses& witnesses;
  AuditExporter& exporter;
  AuditCheck& check;
  AuditArchiver& archiver;
};

absl::StatusOr<v1::AuditLog> GetAuditLog(const AuditWork& audit);
absl::StatusOr<v1::VerifyAuditLogResponse> VerifyAuditLog(
    const AuditWork& audit, const v1::VerifyAuditLogRequest& request);
absl::StatusOr<v1::AuditProof> ProveAuditEvent(
    const AuditWork& audit, const v1::ProveAuditEventRequest& request);
absl::StatusOr<v1::ExportAuditLogResponse> ExportAuditLog(
    const AuditWork& audit, const v1::ExportAuditLogRequest& request);
absl::StatusOr<v1::Operation> ArchiveAuditLog(
    const AuditWork& audit, const v1::ArchiveAuditLogRequest& request);

}  // namespace tokenvault
