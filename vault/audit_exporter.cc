#include "vault/audit_exporter.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/audit_export.h"
#include "crypto/log_proof.h"

namespace tokenvault {
namespace {

constexpr int kLeavesInAPiece = 500;

absl::Status NoSuchLeaf(absl::string_view field, uint64_t first,
                        uint64_t last) {
  return errors::FieldInvalid(
      field, absl::StrCat("the leaves here are ", first, " to ", last));
}

}  // namespace

absl::StatusOr<AuditRange> AuditExporter::Choose(uint64_t first,
                                                 uint64_t last) {
  // Where the end is signed already, as for every page but the first, nothing
  // new is.
  absl::StatusOr<AuditCheckpoint> newest = store_.GetNewestCheckpoint();
  if (last == 0 || !newest.ok() || newest->size < std::max(first, last)) {
    newest = checkpoints_.Make();
  }
  if (HasReason(newest.status(), "NOT_FOUND")) return AuditRange();
  RETURN_IF_ERROR(newest.status());
  ASSIGN_OR_RETURN(const uint64_t archived, store_.GetArchivedLeaves());
  AuditRange range{first == 0 ? archived + 1 : first,
                   last == 0 ? newest->size : last};
  if (range.first <= archived || range.first > newest->size) {
    return NoSuchLeaf("first", archived + 1, newest->size);
  }
  if (range.last < range.first || range.last > newest->size) {
    return NoSuchLeaf("last", range.first, newest->size);
  }
  return range;
}

absl::StatusOr<AuditExporter::Piece> AuditExporter::Read(
    const AuditRange& range, uint64_t next) {
  Piece piece;
  if (next == range.first) {
    ASSIGN_OR_RETURN(piece.text, Header(range));
  }
  AuditFilter filter;
  filter.after_sequence = next - 1;
  filter.last_sequence = range.last;
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> entries,
                   store_.ListAuditEntries(filter, kLeavesInAPiece));
  ASSIGN_OR_RETURN(
      std::vector<AuditCheckpoint> checkpoints,
      store_.ListCheckpoints(next, static_cast<int>(entries.size())));
  auto checkpoint = checkpoints.begin();
  for (const AuditEntry& entry : entries) {
    absl::StrAppend(&piece.text, entry.leaf, "\n");
    if (checkpoint == checkpoints.end() || checkpoint->size != entry.sequence) {
      continue;
    }
    ASSIGN_OR_RETURN(const std::string line, CheckpointLine(*checkpoint));
    absl::StrAppend(&piece.text, line);
    ++checkpoint;
  }
  const uint64_t done = next - 1 + entries.size();
  if (done < range.last) {
    if (entries.empty()) return errors::StorageCorrupt();
    piece.next = done + 1;
    return piece;
  }
  ASSIGN_OR_RETURN(const std::string beyond, CheckpointBeyond(range.last));
  piece.text += beyond;
  return piece;
}

absl::StatusOr<std::string> AuditExporter::Header(const AuditRange& range) {
  ASSIGN_OR_RETURN(const NoteVerifier verifier, signer_.Verifier());
  ExportHeader header;
  header.origin = verifier.name;
  header.key = verifier.ToString();
  header.first = range.first;
  header.last = range.last;
  const uint64_t before = range.first - 1;
  ASSIGN_OR_RETURN(header.edge, tree_.SubtreesOf(before));
  std::string text = absl::StrCat(ExportHeaderLine(header), "\n");
  if (before == 0) return text;
  ASSIGN_OR_RETURN(const std::vector<AuditCheckpoint> there,
                   store_.ListCheckpoints(before, 1));
  if (there.empty() || there.front().size != before) return text;
  ASSIGN_OR_RETURN(const std::string line, CheckpointLine(there.front()));
  return text + line;
}

absl::StatusOr<std::string> AuditExporter::CheckpointLine(
    const AuditCheckpoint& checkpoint) {
  ExportCheckpoint exported;
  exported.note = checkpoint.note;
  ASSIGN_OR_RETURN(exported.edge, tree_.SubtreesOf(checkpoint.size));
  return absl::StrCat(ExportCheckpointLine(exported), "\n");
}

absl::StatusOr<std::string> AuditExporter::CheckpointBeyond(uint64_t last) {
  if (last == 0) return std::string();
  ASSIGN_OR_RETURN(const std::vector<AuditCheckpoint> there,
                   store_.ListCheckpoints(last, 1));
  // Choose has seen that there is one.
  if (there.empty()) return errors::StorageCorrupt();
  if (there.front().size == last) return std::string();
  ExportCheckpoint beyond;
  beyond.note = there.front().note;
  ASSIGN_OR_RETURN(beyond.consistency,
                   tree_.ProveConsistency(last, there.front().size));
  return absl::StrCat(ExportCheckpointLine(beyond), "\n");
}

absl::StatusOr<std::string> AuditExporter::Prove(uint64_t sequence) {
  AuditFilter filter;
  filter.after_sequence = sequence - 1;
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> found,
                   store_.ListAuditEntries(filter, 1));
  if (sequence == 0 || found.empty() || found.front().sequence != sequence) {
    return errors::NotFound("audit event");
  }
  absl::StatusOr<AuditCheckpoint> newest = store_.GetNewestCheckpoint();
  if (!newest.ok() || newest->size < sequence) newest = checkpoints_.Make();
  RETURN_IF_ERROR(newest.status());
  LogProof proof;
  proof.extra = found.front().leaf;
  proof.index = sequence - 1;
  ASSIGN_OR_RETURN(proof.hashes,
                   tree_.ProveInclusion(proof.index, newest->size));
  proof.checkpoint = newest->note;
  return proof.ToText();
}

}  // namespace tokenvault
