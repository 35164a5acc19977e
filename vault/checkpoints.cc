#include "vault/checkpoints.h"

#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/checkpoint.h"

namespace tokenvault {
namespace {

absl::Status SignNothing(const AuditTree::Head&, WriteBatch&) {
  return absl::OkStatus();
}

}  // namespace

absl::Status Checkpoints::CatchUp() {
  ASSIGN_OR_RETURN(AuditTree::Head head, tree_.head());
  while (true) {
    const uint64_t before = head.size;
    ASSIGN_OR_RETURN(head, tree_.Grow(kLeaves, SignNothing));
    if (head.size == before) return absl::OkStatus();
  }
}

void Checkpoints::Keep() {
  MutexLock lock(making_);
  absl::Status kept = KeepDue();
  if (!kept.ok() && !failing_) {
    Log(LogLevel::kWarning, "checkpoint.unwritten",
        "how far the audit log is could not be signed",
        {{LogKey::kReason, ReasonOf(kept)}});
  }
  failing_ = !kept.ok();
}

absl::StatusOr<AuditCheckpoint> Checkpoints::Make() {
  MutexLock lock(making_);
  RETURN_IF_ERROR(SignAll());
  return store_.GetNewestCheckpoint();
}

absl::Status Checkpoints::KeepDue() {
  ASSIGN_OR_RETURN(uint64_t left, Unsigned());
  if (left == 0) return absl::OkStatus();
  if (clock_.SinceBoot() >= made_ + kEvery) return SignAll();
  for (; left >= kLeaves; left -= kLeaves) {
    RETURN_IF_ERROR(
        tree_
            .Grow(kLeaves,
                  [this](const AuditTree::Head& head, WriteBatch& batch) {
                    return Sign(head, batch);
                  })
            .status());
  }
  return absl::OkStatus();
}

absl::Status Checkpoints::SignAll() {
  ASSIGN_OR_RETURN(AuditTree::Head head, tree_.head());
  while (true) {
    const uint64_t before = head.size;
    ASSIGN_OR_RETURN(head, tree_.Grow(kLeaves, [this](const AuditTree::Head& at,
                                                      WriteBatch& batch) {
      return Sign(at, batch);
    }));
    if (head.size - before < kLeaves) break;
  }
  made_ = clock_.SinceBoot();
  // What CatchUp took in has no signature yet.
  ASSIGN_OR_RETURN(const uint64_t is_signed, Signed());
  if (is_signed == head.size) return absl::OkStatus();
  WriteBatch batch;
  RETURN_IF_ERROR(Sign(head, batch));
  return store_.Commit(std::move(batch));
}

absl::Status Checkpoints::Sign(const AuditTree::Head& head, WriteBatch& batch) {
  ASSIGN_OR_RETURN(const NoteVerifier verifier, signer_.Verifier());
  AuditCheckpoint checkpoint;
  checkpoint.size = head.size;
  checkpoint.time = clock_.Now();
  ASSIGN_OR_RETURN(
      checkpoint.note,
      signer_.Sign(Checkpoint{verifier.name, head.size, head.root}.ToText()));
  batch.Insert(std::move(checkpoint));
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Checkpoints::Signed() const {
  absl::StatusOr<AuditCheckpoint> newest = store_.GetNewestCheckpoint();
  if (HasReason(newest.status(), "NOT_FOUND")) return 0;
  RETURN_IF_ERROR(newest.status());
  return newest->size;
}

absl::StatusOr<uint64_t> Checkpoints::Unsigned() const {
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> last,
                   store_.ListLastAuditEntries(AuditFilter(), 1));
  if (last.empty()) return 0;
  ASSIGN_OR_RETURN(const uint64_t is_signed, Signed());
  // Fewer leaves than were signed: somebody took them. AuditCheck names them.
  if (last.front().sequence < is_signed) return 0;
  return last.front().sequence - is_signed;
}

}  // namespace tokenvault
