#include "vault/backup_file.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "crypto/backup_stream.h"
#include "crypto/big_endian.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kBackupMagic = "TKVBAK1\n";
constexpr size_t kLengthSize = 4;
constexpr size_t kBeforeManifest = kBackupMagic.size() + kLengthSize;
constexpr size_t kMaxManifest = 256 * 1024;
constexpr size_t kChunkSize = 64 * 1024;
constexpr size_t kSealedChunkSize = kChunkSize + kStreamOverhead;

absl::Status NotABackup() {
  return errors::BackupBroken("it does not begin as one");
}

// The length of a manifest, from what stands before it.
absl::StatusOr<size_t> ManifestSize(absl::string_view before) {
  if (before.size() < kBeforeManifest ||
      !absl::StartsWith(before, kBackupMagic)) {
    return NotABackup();
  }
  const size_t size = ReadBigEndian32(before.data() + kBackupMagic.size());
  if (size > kMaxManifest) return NotABackup();
  return size;
}

}  // namespace

absl::Status WriteBackup(NewFile& file, const BackupManifest& manifest,
                         const ArenaKey& key, SourceFile& database,
                         BackupProgress progress) {
  const std::string text = manifest.ToText();
  if (text.size() > kMaxManifest) {
    return errors::Internal("a manifest is too large");
  }
  StreamSealer stream(key);
  std::string beginning(kBackupMagic);
  AppendBigEndian(beginning, static_cast<uint32_t>(text.size()));
  absl::StrAppend(&beginning, text, stream.header());
  RETURN_IF_ERROR(file.Write(beginning));

  ASSIGN_OR_RETURN(std::string chunk, database.Read(kChunkSize));
  int64_t done = 0;
  bool first = true;
  while (true) {
    // A chunk is the last when nothing comes after it.
    ASSIGN_OR_RETURN(std::string next, database.Read(kChunkSize));
    RETURN_IF_ERROR(file.Write(stream.Seal(
        chunk, next.empty() ? StreamChunk::kLast : StreamChunk::kMore,
        first ? beginning : "")));
    first = false;
    done += static_cast<int64_t>(chunk.size());
    RETURN_IF_ERROR(progress(done, database.size()));
    if (next.empty()) break;
    chunk = std::move(next);
  }
  return file.Sync();
}

absl::StatusOr<BackupBeginning> ParseBackupBeginning(absl::string_view text) {
  ASSIGN_OR_RETURN(size_t size, ManifestSize(text));
  if (text.size() < kBeforeManifest + size + kStreamHeaderSize) {
    return errors::BackupBroken("not all of it is there");
  }
  BackupBeginning beginning;
  beginning.size = kBeforeManifest + size + kStreamHeaderSize;
  ASSIGN_OR_RETURN(beginning.manifest,
                   BackupManifest::Parse(text.substr(kBeforeManifest, size)));
  return beginning;
}

absl::StatusOr<BackupFile> BackupFile::Open(const std::string& path) {
  ASSIGN_OR_RETURN(std::unique_ptr<SourceFile> file, SourceFile::Open(path));
  ASSIGN_OR_RETURN(std::string beginning, file->Read(kBeforeManifest));
  ASSIGN_OR_RETURN(size_t size, ManifestSize(beginning));
  ASSIGN_OR_RETURN(std::string rest, file->Read(size + kStreamHeaderSize));
  beginning += rest;
  ASSIGN_OR_RETURN(BackupBeginning parsed, ParseBackupBeginning(beginning));
  return BackupFile(std::move(file), std::move(parsed.manifest),
                    std::move(beginning));
}

absl::Status BackupFile::Extract(const ArenaKey& key, const std::string& path,
                                 BackupProgress progress) {
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> database, NewFile::Create(path));
  StreamOpener stream(key, absl::string_view(beginning_)
                               .substr(beginning_.size() - kStreamHeaderSize));
  auto done = static_cast<int64_t>(beginning_.size());
  bool first = true;
  while (true) {
    ASSIGN_OR_RETURN(std::string sealed, file_->Read(kSealedChunkSize));
    if (sealed.empty()) return errors::BackupBroken("not all of it is there");
    absl::StatusOr<StreamOpener::Opened> opened =
        stream.Open(sealed, first ? beginning_ : "");
    if (!opened.ok()) {
      return errors::BackupBroken(
          first ? "its beginning was changed, or belongs to another one"
                : absl::StrCat("it was changed, or is not whole, at byte ",
                               done));
    }
    first = false;
    RETURN_IF_ERROR(database->Write(opened->chunk));
    done += static_cast<int64_t>(sealed.size());
    RETURN_IF_ERROR(progress(done, file_->size()));
    if (opened->which == StreamChunk::kLast) break;
  }
  ASSIGN_OR_RETURN(std::string more, file_->Read(1));
  if (!more.empty()) {
    return errors::BackupBroken("something was added to its end");
  }
  return database->Name();
}

}  // namespace tokenvault
