#include "server/admin_backups.h"

#include <string>
#include <vector>

#include "base/status_macros.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {

absl::StatusOr<v1::Operation> CreateBackup(
    Backups& backups, const v1::CreateBackupRequest& request) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  ASSIGN_OR_RETURN(Operation::Progress progress,
                   backups.Create(request.path(), request.request_id()));
  return ToProto(progress);
}

absl::StatusOr<v1::Operation> VerifyBackup(
    Backups& backups, const v1::VerifyBackupRequest& request) {
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  ASSIGN_OR_RETURN(Operation::Progress progress,
                   backups.Verify(request.path(), request.request_id()));
  return ToProto(progress);
}

absl::StatusOr<v1::ListBackupsResponse> ListBackups(const Backups& backups) {
  ASSIGN_OR_RETURN(std::vector<BackupRecord> records, backups.List());
  v1::ListBackupsResponse response;
  for (const BackupRecord& record : records) {
    *response.add_backups() = ToProto(record);
  }
  return response;
}

absl::StatusOr<google::protobuf::Empty> ForgetBackup(
    Backups& backups, const v1::ForgetBackupRequest& request) {
  ASSIGN_OR_RETURN(std::string id, ReadBackupName("name", request.name()));
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  RETURN_IF_ERROR(backups.Forget(id, request.request_id()));
  return google::protobuf::Empty();
}

}  // namespace tokenvault
