#include "vault/backups.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "storage/open_store.h"
#include "storage/work_folder.h"
#include "vault/audit_events.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

// What a stopped operation returns, and nobody else does.
absl::Status GoOn(const Operation& operation) {
  return operation.stopping() ? absl::CancelledError() : absl::OkStatus();
}

// Shows the first of a phase, and how far it is.
class PhaseShown {
 public:
  explicit PhaseShown(Operation& operation) : operation_(operation) {}

  absl::Status Show(Operation::Phase phase, int64_t done, int64_t total) {
    if (phase_ != phase) operation_.Begin(phase, total);
    phase_ = phase;
    operation_.Change([done, total](Operation::Progress& progress) {
      progress.rows_done = done;
      progress.rows_total = total;
    });
    return GoOn(operation_);
  }

 private:
  Operation& operation_;
  Operation::Phase phase_ = Operation::Phase::kNone;
};

absl::Status EndOf(Operation& operation, absl::Status ended) {
  if (absl::IsCancelled(ended)) {
    operation.Cancelled();
    return absl::OkStatus();
  }
  if (!ended.ok()) {
    operation.Change([&ended](Operation::Progress& progress) {
      progress.problem = std::string(ended.message());
    });
  }
  return ended;
}

void NoteCensus(Operation& operation, const SealedCensus& census) {
  operation.Change([&census](Operation::Progress& progress) {
    progress.data_keys_opened = census.data_keys;
    progress.records_opened = census.records;
    progress.broken_count = census.broken_count;
    progress.broken = census.broken;
  });
}

absl::Status CheckBackupPath(const std::string& path) {
  if (absl::StartsWith(path, "/") && !absl::EndsWith(path, "/")) {
    return absl::OkStatus();
  }
  return errors::BackupPathInvalid("it must be that of a file, from the root");
}

// The first of the sources that made the backup which opens now.
absl::StatusOr<OpenRootSource> OpenAnySource(const RootSources& roots,
                                             const BackupManifest& manifest) {
  absl::Status closed = errors::RootKeyInvalid("none is named by this backup");
  for (const RootSource& row : manifest.sources) {
    absl::StatusOr<std::shared_ptr<const RootKey>> key = roots.OpenRow(row);
    if (key.ok()) return OpenRootSource{*std::move(key), row.id};
    closed = key.status();
  }
  return closed;
}

absl::StatusOr<std::optional<BackupRecord>> FindBackup(const Store& store,
                                                       const std::string& id) {
  ASSIGN_OR_RETURN(std::vector<BackupRecord> backups, store.ListBackups());
  for (BackupRecord& backup : backups) {
    if (backup.id == id) return std::move(backup);
  }
  return std::nullopt;
}

}  // namespace

AuditEntry BackupEvent(absl::string_view kind, const std::string& backup_id,
                       const std::string& detail, const std::string& request_id,
                       absl::Time now) {
  AuditEvent event;
  event.kind = kind;
  event.actor = "operator";
  event.request_id = request_id;
  event.detail =
      absl::StrCat("backup ", backup_id, detail.empty() ? "" : ", ", detail);
  return MakeAuditEntry(event, now);
}

Backups::Backups(const Clock& clock, Store& store, KeyKeeper& keys,
                 const RootSources& roots, Operations& operations,
                 std::string beside)
    : clock_(clock),
      store_(store),
      keys_(keys),
      roots_(roots),
      operations_(operations),
      beside_(std::move(beside)) {}

absl::StatusOr<Operation::Progress> Backups::Create(
    const std::string& path, const std::string& request_id) {
  RETURN_IF_ERROR(CheckBackupPath(path));
  RETURN_IF_ERROR(keys_.ring().status());  // or it is sealed
  return operations_.Start([this, path, request_id](Operation& operation) {
    absl::Status made = Make(operation, path, request_id);
    if (!made.ok() && !absl::IsCancelled(made)) {
      Log(LogLevel::kError, "backup.failed", "a backup was not made",
          {{LogKey::kReason, ReasonOf(made)}});
    }
    return EndOf(operation, std::move(made));
  });
}

absl::StatusOr<Operation::Progress> Backups::Verify(
    const std::string& path, const std::string& request_id) {
  RETURN_IF_ERROR(CheckBackupPath(path));
  RETURN_IF_ERROR(keys_.ring().status());  // or it is sealed
  return operations_.Start([this, path, request_id](Operation& operation) {
    absl::Status checked = Check(operation, path, request_id);
    if (HasReason(checked, "BACKUP_BROKEN")) {
      Log(LogLevel::kError, "backup.broken", checked.message());
    }
    return EndOf(operation, std::move(checked));
  });
}

absl::Status Backups::Make(Operation& operation, const std::string& path,
                           const std::string& request_id) {
  PhaseShown shown(operation);
  // First, so that a path that cannot be written to is known at once.
  ASSIGN_OR_RETURN(std::unique_ptr<NewFile> file, NewFile::Create(path));
  // For the copy, and for the backup that is made of it.
  ASSIGN_OR_RETURN(StoreStatus status, store_.GetStatus());
  ASSIGN_OR_RETURN(WorkFolder folder,
                   WorkFolder::Create(path, 2 * status.bytes));
  RETURN_IF_ERROR(
      store_.CopyTo(folder.database(), [&](int64_t done, int64_t total) {
        return shown.Show(Operation::Phase::kCopying, done, total);
      }));
  ASSIGN_OR_RETURN(BackupManifest manifest,
                   Describe(operation, folder.database()));

  ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(keys_.arena()));
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, keys_.ring());
  manifest.kek_version = ring->primary_version();
  ASSIGN_OR_RETURN(
      manifest.wrapped_key,
      ring->WrapBackupKey(manifest.deployment_id, manifest.backup_id, key));
  ASSIGN_OR_RETURN(std::unique_ptr<SourceFile> database,
                   SourceFile::Open(folder.database()));
  RETURN_IF_ERROR(WriteBackup(
      *file, manifest, key, *database, [&](int64_t done, int64_t total) {
        return shown.Show(Operation::Phase::kWriting, done, total);
      }));

  BackupRecord record;
  record.id = manifest.backup_id;
  record.create_time = manifest.time;
  record.lowest_kek_version = manifest.lowest_kek_version();
  record.highest_kek_version = manifest.highest_kek_version();
  record.location = path;
  WriteBatch batch;
  batch.Insert(record);
  batch.Append(
      BackupEvent(audit_kind::kBackupCreated, record.id,
                  absl::StrCat("keys ", record.lowest_kek_version, " to ",
                               record.highest_kek_version, ", as of leaf ",
                               manifest.audit_sequence),
                  request_id, clock_.Now()));
  // Before the file has its name: a backup that is known and not there is
  // harmless, the other way round a key it needs could be destroyed.
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  if (absl::Status named = file->Name(); !named.ok()) {
    Forget(record.id, request_id).IgnoreError();
    return named;
  }
  operation.Change([&record](Operation::Progress& progress) {
    progress.backup = std::move(record);
  });
  return absl::OkStatus();
}

// All of the manifest but the key of the stream.
absl::StatusOr<BackupManifest> Backups::Describe(Operation& operation,
                                                 const std::string& database) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> copy,
                   OpenStore({database, /*create=*/false}));
  BackupManifest manifest;
  manifest.time = clock_.Now();
  manifest.backup_id = NewUlid(manifest.time);
  manifest.deployment_id = keys_.deployment_id();
  ASSIGN_OR_RETURN(manifest.sources, copy->ListRootSources());

  ASSIGN_OR_RETURN(std::vector<Kek> keks, copy->ListKeks());
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, copy->ListKekWraps());
  for (const Kek& kek : keks) {
    if (kek.state == KekState::kRetired || kek.state == KekState::kDestroyed) {
      continue;
    }
    for (const KekWrap& wrap : wraps) {
      if (wrap.kek_version != kek.version_number) continue;
      manifest.wraps.push_back(
          {kek.version_number, kek.key_id, wrap.source_id, wrap.wrapped});
    }
  }

  PhaseShown shown(operation);
  int64_t opened = 0;
  ASSIGN_OR_RETURN(StoreStatus status, copy->GetStatus());
  int64_t total = 0;
  for (const auto& [version, count] : status.deks_by_kek_version) {
    total += count;
  }
  ASSIGN_OR_RETURN(BackupCounts counts, CountForBackup(*copy, keys_, [&] {
                     return shown.Show(Operation::Phase::kVerifying, opened++,
                                       total);
                   }));
  NoteCensus(operation, counts.census);
  if (counts.census.broken_count > 0) {
    Log(LogLevel::kError, "backup.of_broken",
        absl::StrCat(counts.census.broken_count,
                     " sealed values of the vault do not open; the backup has "
                     "them as they are"));
  }
  manifest.schema_version = counts.status.schema_version;
  manifest.data_keys = counts.census.data_keys;
  manifest.records = counts.census.records;
  manifest.broken = counts.census.broken_count;
  manifest.data_keys_root = counts.census.root;
  manifest.connections = counts.status.paused_connections;
  for (const auto& [state, count] : counts.status.connections) {
    manifest.connections += count;
  }
  manifest.audit_sequence = counts.audit_sequence;
  manifest.audit_leaf_hash = counts.audit_leaf_hash;
  return manifest;
}

absl::Status Backups::Check(Operation& operation, const std::string& path,
                            const std::string& request_id) {
  ASSIGN_OR_RETURN(BackupFile file, BackupFile::Open(path));
  if (file.manifest().deployment_id != keys_.deployment_id()) {
    return errors::BackupBroken("it is of another vault");
  }
  PhaseShown shown(operation);
  ASSIGN_OR_RETURN(OpenRootSource root, OpenAnySource(roots_, file.manifest()));
  ASSIGN_OR_RETURN(
      CheckedBackup checked,
      CheckBackup(std::move(file), root, keys_.arena(), clock_,
                  beside_.empty() ? path : beside_,
                  [&shown](BackupStep step, int64_t done, int64_t total) {
                    return shown.Show(step == BackupStep::kReading
                                          ? Operation::Phase::kReading
                                          : Operation::Phase::kVerifying,
                                      done, total);
                  }));
  NoteCensus(operation, checked.census);
  return NoteVerified(operation, checked, path, request_id);
}

absl::Status Backups::NoteVerified(Operation& operation,
                                   const CheckedBackup& checked,
                                   const std::string& path,
                                   const std::string& request_id) {
  const BackupManifest& manifest = checked.manifest;
  absl::Status status;
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(std::optional<BackupRecord> found,
                     FindBackup(store_, manifest.backup_id));
    const absl::Time now = clock_.Now();
    BackupRecord record;
    WriteBatch batch;
    if (found.has_value()) {
      record = *std::move(found);
      record.verify_time = now;
      batch.Update(record);
    } else {
      // Forgotten, or made after what was restored: here it is again.
      record.id = manifest.backup_id;
      record.create_time = manifest.time;
      record.lowest_kek_version = manifest.lowest_kek_version();
      record.highest_kek_version = manifest.highest_kek_version();
      record.location = path;
      record.verify_time = now;
      batch.Insert(record);
    }
    batch.Append(BackupEvent(audit_kind::kBackupVerified, record.id,
                             absl::StrCat(checked.census.records, " records"),
                             request_id, now));
    status = store_.Commit(std::move(batch));
    if (status.ok()) {
      operation.Change([&record](Operation::Progress& progress) {
        progress.backup = std::move(record);
      });
      return status;
    }
    if (!HasReason(status, "VERSION_CONFLICT") &&
        !HasReason(status, "ALREADY_EXISTS")) {
      break;
    }
  }
  return status;
}

absl::StatusOr<std::vector<BackupRecord>> Backups::List() const {
  return store_.ListBackups();
}

absl::Status Backups::Forget(const std::string& id,
                             const std::string& request_id) {
  WriteBatch batch;
  batch.Remove(WriteBatch::RemoveBackup{id});
  batch.Append(BackupEvent(audit_kind::kBackupForgotten, id, "", request_id,
                           clock_.Now()));
  absl::Status status = store_.Commit(std::move(batch));
  return HasReason(status, "NOT_FOUND")
             ? errors::ResourceDenied(absl::StrCat("backups/", id))
             : status;
}

}  // namespace tokenvault
