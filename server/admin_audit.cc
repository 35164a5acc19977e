#include "server/admin_audit.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

// 0 where none is named.
absl::StatusOr<uint64_t> ReadLeaf(absl::string_view field,
                                  const std::string& name) {
  if (name.empty()) return 0;
  return ReadAuditEventName(field, name);
}

v1::Witness ToWitness(const Witnesses::State& state) {
  v1::Witness witness;
  witness.set_name(absl::StrCat("witnesses/", state.id));
  witness.set_place(state.place);
  witness.set_checkpoint_size(static_cast<int64_t>(state.size));
  if (state.size > 0) {
    *witness.mutable_checkpoint_time() = ToTimestamp(state.time);
  }
  witness.set_problem(state.problem);
  return witness;
}

}  // namespace

absl::StatusOr<v1::AuditLog> GetAuditLog(const AuditWork& audit) {
  v1::AuditLog log;
  ASSIGN_OR_RETURN(const NoteVerifier verifier, audit.signer.Verifier());
  log.set_origin(verifier.name);
  log.set_key(verifier.ToString());
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> last,
                   audit.store.ListLastAuditEntries(AuditFilter(), 1));
  if (!last.empty()) log.set_size(static_cast<int64_t>(last[0].sequence));
  if (auto newest = audit.store.GetNewestCheckpoint(); newest.ok()) {
    log.set_checkpoint_size(static_cast<int64_t>(newest->size));
    *log.mutable_checkpoint_time() = ToTimestamp(newest->time);
    log.set_checkpoint(newest->note);
  }
  ASSIGN_OR_RETURN(const std::vector<Witnesses::State> seen,
                   audit.witnesses.List());
  for (const Witnesses::State& state : seen) {
    *log.add_witnesses() = ToWitness(state);
  }
  ASSIGN_OR_RETURN(const std::vector<AuditArchive> archives,
                   audit.store.ListArchives());
  for (const AuditArchive& archive : archives) {
    *log.add_archives() = ToProto(archive);
  }
  return log;
}

absl::StatusOr<v1::VerifyAuditLogResponse> VerifyAuditLog(
    const AuditWork& audit, const v1::VerifyAuditLogRequest& request) {
  ASSIGN_OR_RETURN(const uint64_t first, ReadLeaf("from", request.from()));
  ASSIGN_OR_RETURN(const uint64_t last, ReadLeaf("to", request.to()));
  ASSIGN_OR_RETURN(const Operation::Progress progress,
                   audit.check.Start(first, last));
  v1::VerifyAuditLogResponse response;
  *response.mutable_operation() = ToProto(progress);
  return response;
}

absl::StatusOr<v1::AuditProof> ProveAuditEvent(
    const AuditWork& audit, const v1::ProveAuditEventRequest& request) {
  ASSIGN_OR_RETURN(const uint64_t sequence,
                   ReadAuditEventName("name", request.name()));
  absl::StatusOr<std::string> proof = audit.exporter.Prove(sequence);
  if (HasReason(proof.status(), "NOT_FOUND")) {
    return errors::ResourceDenied(request.name());
  }
  RETURN_IF_ERROR(proof.status());
  v1::AuditProof response;
  response.set_proof(*std::move(proof));
  return response;
}

absl::StatusOr<v1::ExportAuditLogResponse> ExportAuditLog(
    const AuditWork& audit, const v1::ExportAuditLogRequest& request) {
  ASSIGN_OR_RETURN(const uint64_t first, ReadLeaf("from", request.from()));
  ASSIGN_OR_RETURN(const uint64_t last, ReadLeaf("to", request.to()));
  ASSIGN_OR_RETURN(const std::string position,
                   ReadPageToken(request.page_token()));
  ASSIGN_OR_RETURN(const AuditRange range, audit.exporter.Choose(first, last));
  uint64_t next = range.first;
  if (!position.empty() && (!absl::SimpleAtoi(position, &next) ||
                            next < range.first || next > range.last)) {
    return errors::FieldInvalid("page_token",
                                "must come from a previous answer");
  }
  ASSIGN_OR_RETURN(AuditExporter::Piece piece,
                   audit.exporter.Read(range, next));
  v1::ExportAuditLogResponse response;
  response.set_text(std::move(piece.text));
  const uint64_t end = piece.next == 0 ? range.last + 1 : piece.next;
  response.set_leaves_done(static_cast<int64_t>(end - range.first));
  response.set_leaves_total(static_cast<int64_t>(range.last + 1 - range.first));
  if (range.empty()) return response;
  response.set_from(AuditEventName(range.first));
  response.set_to(AuditEventName(range.last));
  if (piece.next != 0) {
    response.set_next_page_token(MakePageToken(absl::StrCat(piece.next)));
  }
  return response;
}

absl::StatusOr<v1::Operation> ArchiveAuditLog(
    const AuditWork& audit, const v1::ArchiveAuditLogRequest& request) {
  if (!request.has_before()) {
    return errors::FieldInvalid("before", "is required");
  }
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  const absl::Time before = absl::FromUnixSeconds(request.before().seconds()) +
                            absl::Nanoseconds(request.before().nanos());
  ASSIGN_OR_RETURN(
      const Operation::Progress progress,
      audit.archiver.Start(before, "operator", request.request_id()));
  return ToProto(progress);
}

}  // namespace tokenvault
