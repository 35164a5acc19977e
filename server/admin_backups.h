#pragma once

#include "absl/status/statusor.h"
#include "google/protobuf/empty.pb.h"
#include "tokenvault/v1/admin_service.pb.h"
#include "vault/backups.h"

// The backups of AdminService: what AdminApi does once it knows that the
// operator asks. Errors as in the proto, and FIELD_INVALID.
namespace tokenvault {

absl::StatusOr<v1::Operation> CreateBackup(
    Backups& backups, const v1::CreateBackupRequest& request);
absl::StatusOr<v1::Operation> VerifyBackup(
    Backups& backups, const v1::VerifyBackupRequest& request);
absl::StatusOr<v1::ListBackupsResponse> ListBackups(const Backups& backups);
absl::StatusOr<google::protobuf::Empty> ForgetBackup(
    Backups& backups, const v1::ForgetBackupRequest& request);

}  // namespace tokenvault
