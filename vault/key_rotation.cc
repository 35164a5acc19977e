#include "vault/key_rotation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/rotation_proof.h"

namespace tokenvault {
namespace {

constexpr int kBatchSize = 32;
// A row of the table, and its part of the index.
constexpr int64_t kDataKeyRowBytes = 512;

AuditEntry KeyEvent(absl::string_view kind, uint32_t version,
                    absl::string_view detail, const std::string& request_id,
                    absl::Time now) {
  AuditEvent event;
  event.kind = kind;
  event.actor = "operator";
  event.request_id = request_id;
  event.detail =
      absl::StrCat("key ", version, detail.empty() ? "" : ", ", detail);
  return MakeAuditEntry(event, now);
}

const Kek* Newest(const std::vector<Kek>& keys) {
  const Kek* newest = nullptr;
  for (const Kek& key : keys) {
    if (newest == nullptr || key.version_number > newest->version_number) {
      newest = &key;
    }
  }
  return newest;
}

// Whether it has taken the place of others, and it was not yet proved that
// nothing needs them.
bool AwaitsProof(const std::vector<Kek>& keys, const Kek& newest) {
  return newest.proof.empty() &&
         std::any_of(keys.begin(), keys.end(), [&newest](const Kek& key) {
           return key.version_number < newest.version_number &&
                  key.state == KekState::kDecryptOnly;
         });
}

// A backup has wraps of its own: the key is gone for good only where no backup
// that needs it is left.
absl::Status CheckNoBackupNeeds(const Store& store, uint32_t version) {
  ASSIGN_OR_RETURN(std::vector<BackupRecord> backups, store.ListBackups());
  for (const BackupRecord& backup : backups) {
    if (version < backup.lowest_kek_version ||
        version > backup.highest_kek_version) {
      continue;
    }
    return errors::KeyInUse(
        version,
        absl::StrCat("backup ", backup.id, " needs it, made ",
                     absl::FormatTime("%Y-%m-%d", backup.create_time,
                                      absl::UTCTimeZone()),
                     "; delete its file, then run 'tokenvault backup forget ",
                     backup.id, "'"));
  }
  return absl::OkStatus();
}

}  // namespace

KeyRotation::KeyRotation(const Clock& clock, Store& store, KeyKeeper& keys,
                         const RootSources& roots, NoteSigner& signer,
                         Operations& operations)
    : clock_(clock),
      store_(store),
      keys_(keys),
      roots_(roots),
      signer_(signer),
      operations_(operations) {}

absl::StatusOr<Operation::Progress> KeyRotation::Preview(Extent extent) {
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  ASSIGN_OR_RETURN(const bool makes_key, MakesKey(keys, extent));
  Operation::Progress preview;
  preview.done = true;
  preview.key_version = Newest(keys)->version_number + (makes_key ? 1 : 0);
  ASSIGN_OR_RETURN(preview.rows_total,
                   store_.CountDeksBefore(preview.key_version));
  return preview;
}

// Whether nothing is left over of an earlier run.
absl::StatusOr<bool> KeyRotation::MakesKey(const std::vector<Kek>& keys,
                                           Extent extent) const {
  const Kek& newest = *Newest(keys);
  ASSIGN_OR_RETURN(int64_t left_over,
                   store_.CountDeksBefore(newest.version_number));
  return extent == Extent::kAll && left_over == 0 &&
         newest.state != KekState::kPending && !AwaitsProof(keys, newest);
}

absl::StatusOr<Operation::Progress> KeyRotation::Start(
    int rows_per_second, const std::string& request_id, Extent extent) {
  RETURN_IF_ERROR(keys_.ring().status());
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  ASSIGN_OR_RETURN(const bool makes_key, MakesKey(keys, extent));
  if (makes_key) RETURN_IF_ERROR(Preflight(Newest(keys)->version_number));
  return operations_.Start(
      [this, rows_per_second, request_id, extent](Operation& operation) {
        absl::Status result =
            Rotate(operation, rows_per_second, request_id, extent);
        if (!result.ok()) {
          Log(LogLevel::kError, "key.rotation_failed",
              "a rotation stopped; running it again goes on where it was",
              {{LogKey::kReason, ReasonOf(result)}});
        }
        return result;
      });
}

absl::StatusOr<Operation::Progress> KeyRotation::Verify(CensusDepth depth) {
  RETURN_IF_ERROR(keys_.ring().status());
  return operations_.Start([this, depth](Operation& operation) {
    operation.Begin(Operation::Phase::kVerifying, 0);
    return Open(operation, depth).status();
  });
}

absl::StatusOr<std::vector<KeyRotation::KeyInfo>> KeyRotation::ListKeys()
    const {
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, store_.ListKekWraps());
  ASSIGN_OR_RETURN(StoreStatus status, store_.GetStatus());
  std::vector<KeyInfo> infos;
  for (Kek& key : keys) {
    KeyInfo info;
    auto count = status.deks_by_kek_version.find(key.version_number);
    if (count != status.deks_by_kek_version.end()) {
      info.data_keys = count->second;
    }
    for (const KekWrap& wrap : wraps) {
      if (wrap.kek_version == key.version_number) {
        info.sources.push_back(wrap.source_id);
      }
    }
    info.key = std::move(key);
    infos.push_back(std::move(info));
  }
  return infos;
}

absl::Status KeyRotation::Rotate(Operation& operation, int rows_per_second,
                                 const std::string& request_id, Extent extent) {
  ASSIGN_OR_RETURN(uint32_t version, PrepareKey(request_id, extent));
  ASSIGN_OR_RETURN(int64_t total, store_.CountDeksBefore(version));
  operation.Begin(Operation::Phase::kRewrapping, total);
  operation.Change([version](Operation::Progress& progress) {
    progress.key_version = version;
  });
  RETURN_IF_ERROR(Rewrap(operation, version, rows_per_second));
  FaultPoint("rotate.rewrapped");
  if (operation.stopping()) {
    operation.Cancelled();
    return absl::OkStatus();
  }
  return Prove(operation, version, request_id);
}

absl::Status KeyRotation::Prove(Operation& operation, uint32_t version,
                                const std::string& request_id) {
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  if (!AwaitsProof(keys, *Newest(keys))) return absl::OkStatus();
  operation.Begin(Operation::Phase::kProving, 0);
  ASSIGN_OR_RETURN(SealedCensus census,
                   Open(operation, CensusDepth::kOneRecordEach));
  if (!census.complete) return absl::OkStatus();
  FaultPoint("rotate.proved");
  RETURN_IF_ERROR(Retire(census, version, request_id));
  NoteEnd(operation);
  return absl::OkStatus();
}

absl::StatusOr<SealedCensus> KeyRotation::Open(Operation& operation,
                                               CensusDepth depth) {
  ASSIGN_OR_RETURN(StoreStatus status, store_.GetStatus());
  int64_t total = 0;
  for (const auto& [version, count] : status.deks_by_kek_version) {
    total += count;
  }
  operation.Change(
      [total](Operation::Progress& progress) { progress.rows_total = total; });
  ASSIGN_OR_RETURN(SealedCensus census,
                   CountSealed(store_, keys_, depth, [&operation] {
                     operation.Advance(1);
                     return !operation.stopping();
                   }));
  operation.Change([&census](Operation::Progress& progress) {
    progress.data_keys_opened = census.data_keys;
    progress.records_opened = census.records;
    progress.broken_count = census.broken_count;
    progress.broken = census.broken;
    progress.cancelled = !census.complete;
  });
  if (census.broken_count > 0) return errors::SealBroken();
  return census;
}

// The older keys go in the commit that says they are not needed, and out of
// memory after it.
absl::Status KeyRotation::Retire(const SealedCensus& census, uint32_t version,
                                 const std::string& request_id) {
  const absl::Time now = clock_.Now();
  RotationProof proof;
  proof.deployment_id = keys_.deployment_id();
  proof.key_version = version;
  for (const auto& [wrapped_by, count] : census.data_keys_by_version) {
    (wrapped_by == version ? proof.data_keys : proof.data_keys_older) += count;
  }
  proof.records = census.records;
  proof.root = census.root;
  proof.time = now;
  // The store takes none since the flip, and those before were all re-wrapped.
  if (proof.data_keys_older > 0) {
    return errors::Internal("a data key under an older master key was left");
  }
  ASSIGN_OR_RETURN(std::string note, signer_.Sign(proof.ToText()));

  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, keys_.ring());
  WriteBatch batch;
  for (Kek& key : keys) {
    if (key.version_number == version) {
      key.proof = note;
      key.prove_time = now;
    } else if (key.version_number < version &&
               key.state == KekState::kDecryptOnly) {
      key.state = KekState::kRetired;
      key.retire_time = now;
      ASSIGN_OR_RETURN(ring, ring->Without(key.version_number));
    } else {
      continue;
    }
    batch.Update(std::move(key));
  }
  batch.Append(KeyEvent(
      audit_kind::kKeyRotated, version,
      absl::StrCat(proof.data_keys, " data keys, root ", HexEncode(proof.root)),
      request_id, now));
  FaultPoint("rotate.before_retire");
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  FaultPoint("rotate.retired");
  keys_.Adopt(std::move(ring));
  return absl::OkStatus();
}

absl::StatusOr<Kek> KeyRotation::Destroy(uint32_t version,
                                         const std::string& request_id) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(std::vector<KeyInfo> keys, ListKeys());
  auto found =
      std::find_if(keys.begin(), keys.end(), [version](const KeyInfo& info) {
        return info.key.version_number == version;
      });
  if (found == keys.end()) {
    return errors::ResourceDenied(absl::StrCat("masterKeys/", version));
  }
  Kek key = found->key;
  if (key.state != KekState::kDestroyed) {
    if (found->data_keys > 0 || key.state != KekState::kRetired) {
      return errors::KeyInUse(version, "it is not retired: rotate first");
    }
    if (now < key.retire_time + kTripwire) {
      return errors::KeyInUse(
          version, absl::StrCat("it was retired less than a day ago: from ",
                                absl::FormatTime(absl::RFC3339_sec,
                                                 key.retire_time + kTripwire,
                                                 absl::UTCTimeZone())));
    }
    RETURN_IF_ERROR(CheckNoBackupNeeds(store_, version));
    key.state = KekState::kDestroyed;
    key.destroy_time = now;
    WriteBatch batch;
    batch.Update(key);
    batch.Remove(WriteBatch::RemoveKekWraps{version});
    batch.Append(
        KeyEvent(audit_kind::kKeyDestroyed, version, "", request_id, now));
    RETURN_IF_ERROR(store_.Commit(std::move(batch)));
    key.version += 1;
  }
  // Also when an earlier try got no further than the commit.
  RETURN_IF_ERROR(store_.Scrub());
  return key;
}

// The log gives a leaf its number when it commits it. There is one rotation at
// a time, so the newest leaf of its kind is this one's.
void KeyRotation::NoteEnd(Operation& operation) {
  AuditFilter filter;
  filter.kind = audit_kind::kKeyRotated;
  absl::StatusOr<std::vector<AuditEntry>> newest =
      store_.ListLastAuditEntries(filter, 1);
  if (!newest.ok() || newest->empty()) return;
  const uint64_t sequence = newest->front().sequence;
  operation.Change([sequence](Operation::Progress& progress) {
    progress.audit_sequence = sequence;
  });
}

// The version to move to, active when this returns: the one an earlier run left
// unfinished, or a new one.
absl::StatusOr<uint32_t> KeyRotation::PrepareKey(const std::string& request_id,
                                                 Extent extent) {
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  const Kek newest = *Newest(keys);
  if (newest.state == KekState::kPending) {
    RETURN_IF_ERROR(Flip(newest.version_number));
    return newest.version_number;
  }
  ASSIGN_OR_RETURN(const bool makes_key, MakesKey(keys, extent));
  if (!makes_key) return newest.version_number;

  Kek next;
  next.version_number = newest.version_number + 1;
  next.key_id = RandomBytes(16);
  next.state = KekState::kPending;
  next.create_time = clock_.Now();
  ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(keys_.arena()));
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps,
                   roots_.Wrap(next.version_number, key));
  WriteBatch batch;
  batch.Insert(next);
  for (KekWrap& wrap : wraps) batch.Insert(std::move(wrap));
  batch.Append(KeyEvent(audit_kind::kKeyRotationStarted, next.version_number,
                        "", request_id, clock_.Now()));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  FaultPoint("rotate.created");
  RETURN_IF_ERROR(Flip(next.version_number));
  return next.version_number;
}

// What would stop it half way, found before anything is changed. The key in use
// is what every source is tried with.
absl::Status KeyRotation::Preflight(uint32_t active) const {
  RETURN_IF_ERROR(keys_.ring().status());
  RETURN_IF_ERROR(roots_.Unwrap(active).status());
  ASSIGN_OR_RETURN(StoreStatus status, store_.GetStatus());
  int64_t data_keys = 0;
  for (const auto& [version, count] : status.deks_by_kek_version) {
    data_keys += count;
  }
  if (status.free_bytes < 2 * data_keys * kDataKeyRowBytes) {
    return errors::StorageFull();
  }
  return absl::OkStatus();
}

// Makes a pending key the active one, after it was read back from the disk and
// opened by every source: a key that cannot be opened must never wrap anything.
absl::Status KeyRotation::Flip(uint32_t version) {
  ASSIGN_OR_RETURN(ArenaKey key, roots_.Unwrap(version));
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  WriteBatch batch;
  std::string key_id;
  std::optional<Kek> promoted;
  for (Kek& row : keys) {
    if (row.state == KekState::kActive) {
      row.state = KekState::kDecryptOnly;
      batch.Update(row);
    } else if (row.version_number == version) {
      row.state = KekState::kActive;
      row.activate_time = clock_.Now();
      key_id = row.key_id;
      promoted = std::move(row);
    }
  }
  // After the old one stepped down: there is one active key at any time.
  batch.Update(*std::move(promoted));
  batch.Append(
      KeyEvent(audit_kind::kKeyActivated, version, "", "", clock_.Now()));

  // The ring can open the new version before the first row needs it, and wraps
  // under it only once the flip is durable: in the commit's `done`, so that who
  // is refused a data key under the old one finds the new one at once.
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, keys_.ring());
  std::shared_ptr<const KeyRing> opened =
      ring->With(version, key_id, std::move(key), /*primary=*/false);
  keys_.Adopt(opened);
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> flipped,
                   opened->WithPrimary(version));
  return Await([&](absl::AnyInvocable<void(absl::Status)> done) {
    store_.Commit(std::move(batch),
                  [&, done = std::move(done)](absl::Status status) mutable {
                    FaultPoint("rotate.flipped");
                    if (status.ok()) keys_.Adopt(std::move(flipped));
                    done(std::move(status));
                  });
  });
}

absl::Status KeyRotation::Rewrap(Operation& operation, uint32_t version,
                                 int rows_per_second) {
  const int limit =
      rows_per_second > 0 ? std::min(kBatchSize, rows_per_second) : kBatchSize;
  while (!operation.stopping()) {
    ASSIGN_OR_RETURN(std::vector<Dek> rows,
                     store_.ListDeksBefore(version, limit));
    if (rows.empty()) return absl::OkStatus();
    WriteBatch batch;
    for (Dek& row : rows) {
      ASSIGN_OR_RETURN(Dek wrapped, RewrapOne(std::move(row), version));
      batch.Update(std::move(wrapped));
    }
    FaultPoint("rotate.before_batch");
    absl::Status status = store_.Commit(std::move(batch));
    FaultPoint("rotate.batch_committed");
    // A person was erased meanwhile: the next look finds the others.
    if (HasReason(status, "VERSION_CONFLICT")) continue;
    RETURN_IF_ERROR(status);
    const auto count = static_cast<int64_t>(rows.size());
    operation.Advance(count);
    operation.Change([count](Operation::Progress& progress) {
      progress.data_keys_rewrapped += count;
    });
    if (rows_per_second > 0) {
      operation.Pause(absl::Seconds(1) * rows.size() / rows_per_second);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Dek> KeyRotation::RewrapOne(Dek dek, uint32_t version) const {
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, keys_.ring());
  const DataKeyBinding binding = DataKeyBindingOf(keys_.deployment_id(), dek);
  ASSIGN_OR_RETURN(ArenaKey key,
                   ring->UnwrapDataKey(keys_.arena(), binding, dek.kek_version,
                                       dek.wrapped));
  ASSIGN_OR_RETURN(dek.wrapped, ring->WrapDataKey(binding, key));
  dek.kek_version = version;
  // Opened again before the old wrap is overwritten.
  ASSIGN_OR_RETURN(ArenaKey again, ring->UnwrapDataKey(keys_.arena(), binding,
                                                       version, dek.wrapped));
  if (!EqualInConstantTime(key.view(), again.view())) {
    return errors::Internal("a re-wrapped data key is another one");
  }
  return dek;
}

}  // namespace tokenvault
