#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/secret_arena.h"
#include "storage/new_file.h"
#include "storage/source_file.h"
#include "vault/backup_manifest.h"

// The file of a backup.
//
//   offset  length
//        0       8  "TKVBAK1" 0A
//        8       4  m, big-endian: at most 256 KiB
//       12       m  the manifest (vault/backup_manifest.h), in clear
//   12 + m      24  header of the stream (crypto/backup_stream.h)
//   36 + m          chunks to the end of the file: each 65 536 bytes of the
//                   database and 17 more; the last one is the stream's last,
//                   and may be shorter
//
// The associated data of the first chunk is all that stands before it, so that
// a manifest belongs to one stream only. docs/backup.md has the rest. This must
// not change: every backup would stop opening.
namespace tokenvault {

// Hears how many bytes of how many; its first error ends the work.
using BackupProgress =
    absl::FunctionRef<absl::Status(int64_t done, int64_t total)>;

// Writes all of it but the name of the file, and syncs it. Errors of NewFile
// and SourceFile, and those of `progress`.
absl::Status WriteBackup(NewFile& file, const BackupManifest& manifest,
                         const ArenaKey& key, SourceFile& database,
                         BackupProgress progress);

// A backup that is read. Thread-compatible.
class BackupFile {
 public:
  // Reads the manifest, and believes nothing of it yet. BACKUP_BROKEN,
  // BACKUP_PATH_INVALID, STORAGE_FAILED.
  static absl::StatusOr<BackupFile> Open(const std::string& path);

  const BackupManifest& manifest() const { return manifest_; }
  // Of the file; the database in it is a little smaller.
  int64_t bytes() const { return file_->size(); }

  // Writes the database to the new file `path`, once only. When it returns OK,
  // the file is all that was written, and the manifest as it was.
  // BACKUP_BROKEN; errors of NewFile and those of `progress`.
  absl::Status Extract(const ArenaKey& key, const std::string& path,
                       BackupProgress progress);

 private:
  BackupFile(std::unique_ptr<SourceFile> file, BackupManifest manifest,
             std::string beginning)
      : file_(std::move(file)),
        manifest_(std::move(manifest)),
        beginning_(std::move(beginning)) {}

  std::unique_ptr<SourceFile> file_;
  BackupManifest manifest_;
  std::string beginning_;  // all before the first chunk
};

// The manifest at the beginning of `text`, and how many bytes that was with
// what stands before and after it; for BackupFile, and for fuzzing.
// BACKUP_BROKEN.
struct BackupBeginning {
  BackupManifest manifest;
  size_t size = 0;
};
absl::StatusOr<BackupBeginning> ParseBackupBeginning(absl::string_view text);

}  // namespace tokenvault
