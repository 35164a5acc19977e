#include "vault/audit_archiver.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/merkle_tree.h"
#include "base/status_macros.h"
#include "crypto/audit_export.h"
#include "storage/new_file.h"
#include "storage/source_file.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

constexpr uint64_t kRemovedAtOnce = 2000;
constexpr size_t kReadAtOnce = size_t{256} * 1024;

// The lines of a file, one after the other.
class FileLines {
 public:
  explicit FileLines(std::unique_ptr<SourceFile> file)
      : file_(std::move(file)) {}

  // False at the end, also where the last line has none.
  absl::StatusOr<bool> Next(std::string& line) {
    size_t end = buffer_.find('\n', at_);
    while (end == std::string::npos) {
      buffer_.erase(0, std::exchange(at_, 0));
      const size_t before = buffer_.size();
      ASSIGN_OR_RETURN(const std::string more, file_->Read(kReadAtOnce));
      if (more.empty()) return false;
      buffer_ += more;
      end = buffer_.find('\n', before);
    }
    line = buffer_.substr(at_, end - at_);
    at_ = end + 1;
    return true;
  }

 private:
  const std::unique_ptr<SourceFile> file_;
  std::string buffer_;
  size_t at_ = 0;
};

}  // namespace

AuditArchiver::AuditArchiver(const Clock& clock, Store& store,
                             NoteSigner& signer, AuditTree& tree,
                             Witnesses& witnesses, AuditExporter& exporter,
                             Operations& operations, std::string folder,
                             absl::Duration keep)
    : clock_(clock),
      store_(store),
      signer_(signer),
      tree_(tree),
      witnesses_(witnesses),
      exporter_(exporter),
      operations_(operations),
      folder_(std::move(folder)),
      keep_(keep) {}

void AuditArchiver::Keep() {
  if (keep_ == absl::InfiniteDuration() || clock_.SinceBoot() < next_) return;
  if (Start(clock_.Now() - keep_, "vault", "").ok()) {
    next_ = clock_.SinceBoot() + kEvery;
  }
}

absl::StatusOr<Operation::Progress> AuditArchiver::Start(
    absl::Time before, const std::string& actor,
    const std::string& request_id) {
  if (folder_.empty()) {
    return errors::ConfigInvalid("audit.archive_folder",
                                 "it says where to, and is not written");
  }
  RETURN_IF_ERROR(signer_.Verifier().status());  // or it is sealed
  return operations_.Start(
      [this, before, actor, request_id](Operation& operation) {
        absl::Status ended = Run(operation, before, actor, request_id);
        if (absl::IsCancelled(ended)) {
          operation.Cancelled();
          return absl::OkStatus();
        }
        if (!ended.ok()) {
          Log(LogLevel::kError, "archive.failed", "no leaves were archived",
              {{LogKey::kReason, ReasonOf(ended)}});
          operation.Change([&ended](Operation::Progress& progress) {
            progress.problem = std::string(ended.message());
          });
        }
        return ended;
      });
}

absl::Status AuditArchiver::Run(Operation& operation, absl::Time before,
                                const std::string& actor,
                                const std::string& request_id) {
  operation.Begin(Operation::Phase::kArchiving, 0);
  RETURN_IF_ERROR(RemoveArchived(operation));  // what a crash left over
  ASSIGN_OR_RETURN(const AuditRange range, Due(before));
  if (range.empty()) return absl::OkStatus();
  operation.Begin(Operation::Phase::kArchiving,
                  static_cast<int64_t>(range.last - range.first + 1));
  ASSIGN_OR_RETURN(const NoteVerifier verifier, signer_.Verifier());
  const std::string path = absl::StrCat(folder_, "/", verifier.name, ".",
                                        range.first, "-", range.last, ".jsonl");
  absl::Status written = WriteFile(operation, range, path);
  if (!written.ok() && !HasReason(written, "ALREADY_EXISTS")) return written;
  absl::Status good = ReadBack(range, path);
  // Another's file is in the way, and stays.
  if (!good.ok() && HasReason(written, "ALREADY_EXISTS")) return written;
  RETURN_IF_ERROR(good);

  AuditEvent event;
  event.kind = audit_kind::kAuditArchived;
  event.actor = actor;
  event.request_id = request_id;
  event.detail = absl::StrCat("leaves ", range.first, " to ", range.last);
  const absl::Time now = clock_.Now();
  const AuditArchive archive = {range.first, range.last, now, path};
  WriteBatch batch;
  batch.Insert(archive);
  batch.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  operation.Change([&archive](Operation::Progress& progress) {
    progress.archive = archive;
  });
  return RemoveArchived(operation);
}

absl::StatusOr<AuditRange> AuditArchiver::Due(absl::Time before) const {
  ASSIGN_OR_RETURN(const uint64_t archived, store_.GetArchivedLeaves());
  AuditRange range{archived + 1, archived};
  absl::StatusOr<AuditCheckpoint> newest = store_.GetCheckpointBefore(before);
  if (HasReason(newest.status(), "NOT_FOUND")) return range;
  RETURN_IF_ERROR(newest.status());
  // The newest leaf stays: the log goes on from its number.
  ASSIGN_OR_RETURN(const std::vector<AuditEntry> last,
                   store_.ListLastAuditEntries(AuditFilter(), 1));
  if (last.empty()) return errors::AuditLogBroken();
  range.last = std::min(newest->size, last.front().sequence - 1);
  ASSIGN_OR_RETURN(const std::vector<Witnesses::State> seen, witnesses_.List());
  for (const Witnesses::State& witness : seen) {
    range.last = std::min(range.last, witness.size);
  }
  return range;
}

absl::Status AuditArchiver::WriteFile(Operation& operation,
                                      const AuditRange& range,
                                      const std::string& path) {
  RemovePartial(path);  // of a run that was killed: there is one at a time
  ASSIGN_OR_RETURN(const std::unique_ptr<NewFile> file, NewFile::Create(path));
  uint64_t next = range.first;
  while (next != 0) {
    if (operation.stopping()) return absl::CancelledError();
    ASSIGN_OR_RETURN(const AuditExporter::Piece piece,
                     exporter_.Read(range, next));
    RETURN_IF_ERROR(file->Write(piece.text));
    const uint64_t end = piece.next == 0 ? range.last + 1 : piece.next;
    operation.Advance(static_cast<int64_t>(end - next));
    next = piece.next;
  }
  RETURN_IF_ERROR(file->Sync());
  return file->Name();
}

absl::Status AuditArchiver::ReadBack(const AuditRange& range,
                                     const std::string& path) const {
  ASSIGN_OR_RETURN(std::vector<std::string> edge,
                   tree_.SubtreesOf(range.first - 1));
  ASSIGN_OR_RETURN(MerkleRoot root,
                   MerkleRoot::Resume(range.first - 1, std::move(edge)));
  ASSIGN_OR_RETURN(std::unique_ptr<SourceFile> file, SourceFile::Open(path));
  FileLines lines(std::move(file));
  std::string line;
  ASSIGN_OR_RETURN(bool there, lines.Next(line));  // the header
  while (there) {
    ASSIGN_OR_RETURN(there, lines.Next(line));
    if (there && !IsExportCheckpoint(line)) root.Append(line);
  }
  ASSIGN_OR_RETURN(const std::string taken_in, tree_.RootOf(range.last));
  return root.size() == range.last && root.Root() == taken_in
             ? absl::OkStatus()
             : errors::AuditLogBroken();
}

absl::Status AuditArchiver::RemoveArchived(Operation& operation) {
  ASSIGN_OR_RETURN(const std::vector<AuditArchive> archives,
                   store_.ListArchives());
  if (archives.empty()) return absl::OkStatus();
  const AuditArchive& newest = archives.back();
  for (uint64_t first = newest.first; first <= newest.last;
       first += kRemovedAtOnce) {
    if (operation.stopping()) return absl::CancelledError();
    WriteBatch batch;
    batch.Remove(WriteBatch::RemoveLeaves{
        first, std::min(newest.last, first + kRemovedAtOnce - 1)});
    RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
