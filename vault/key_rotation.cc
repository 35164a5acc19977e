#include "vault/key_rotation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/random.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"

namespace tokenvault {
namespace {

constexpr int kBatchSize = 256;

AuditEntry KeyEvent(absl::string_view kind, uint32_t version, int64_t rows,
                    const std::string& request_id, absl::Time now) {
  AuditEvent event;
  event.kind = kind;
  event.actor = "operator";
  event.request_id = request_id;
  event.detail = absl::StrCat("key ", version, ", ", rows, " data keys");
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

}  // namespace

KeyRotation::KeyRotation(const Clock& clock, Store& store, KeyKeeper& keys)
    : clock_(clock), store_(store), keys_(keys) {
  MutexLock lock(mutex_);
  progress_.done = true;
}

KeyRotation::~KeyRotation() {
  stop_ = true;
  std::thread last;
  {
    MutexLock lock(mutex_);
    last = std::move(thread_);
  }
  pace_.NotifyAll();
  if (last.joinable()) last.join();
}

absl::StatusOr<KeyRotation::Progress> KeyRotation::Preview(Extent extent) {
  ASSIGN_OR_RETURN(std::vector<Kek> keys, store_.ListKeks());
  const Kek newest = *Newest(keys);
  ASSIGN_OR_RETURN(int64_t left_over,
                   store_.CountDeksBefore(newest.version_number));
  const bool makes_key = extent == Extent::kAll && left_over == 0 &&
                         newest.state != KekState::kPending;
  Progress preview;
  preview.done = true;
  preview.key_version = newest.version_number + (makes_key ? 1 : 0);
  ASSIGN_OR_RETURN(preview.rows_total,
                   store_.CountDeksBefore(preview.key_version));
  return preview;
}

absl::StatusOr<KeyRotation::Progress> KeyRotation::Start(
    int rows_per_second, const std::string& request_id, Extent extent) {
  MutexLock lock(mutex_);
  if (!progress_.done) return errors::OperationRunning(progress_.id);
  if (thread_.joinable()) thread_.join();
  stop_ = false;
  progress_ = Progress();
  progress_.id = NewUlid(clock_.Now());
  thread_ = std::thread([this, rows_per_second, request_id, extent] {
    Run(rows_per_second, request_id, extent);
  });
  return progress_;
}

absl::StatusOr<KeyRotation::Progress> KeyRotation::Get(
    const std::string& id) const {
  MutexLock lock(mutex_);
  if (progress_.id != id || id.empty()) {
    return errors::ResourceDenied(absl::StrCat("operations/", id));
  }
  return progress_;
}

absl::Status KeyRotation::Cancel(const std::string& id) {
  RETURN_IF_ERROR(Get(id).status());
  stop_ = true;
  pace_.NotifyAll();
  return absl::OkStatus();
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

void KeyRotation::Run(int rows_per_second, const std::string& request_id,
                      Extent extent) {
  absl::Status result = Rotate(rows_per_second, request_id, extent);
  if (!result.ok()) {
    Log(LogLevel::kError, "key.rotation_failed",
        "a rotation stopped; running it again goes on where it was",
        {{LogKey::kReason, ReasonOf(result)}});
  }
  MutexLock lock(mutex_);
  progress_.result = std::move(result);
  progress_.done = true;
}

absl::Status KeyRotation::Rotate(int rows_per_second,
                                 const std::string& request_id, Extent extent) {
  ASSIGN_OR_RETURN(uint32_t version, PrepareKey(request_id, extent));
  ASSIGN_OR_RETURN(int64_t total, store_.CountDeksBefore(version));
  {
    MutexLock lock(mutex_);
    progress_.key_version = version;
    progress_.rows_total = total;
  }
  RETURN_IF_ERROR(Rewrap(version, rows_per_second));
  {
    MutexLock lock(mutex_);
    if (progress_.cancelled) return absl::OkStatus();
  }
  if (extent == Extent::kLeftOver && total == 0) return absl::OkStatus();
  WriteBatch batch;
  batch.Append(KeyEvent(audit_kind::kKeyRotated, version, total, request_id,
                        clock_.Now()));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  NoteEnd();
  return absl::OkStatus();
}

// The log gives a leaf its number when it commits it. There is one rotation at
// a time, so the newest leaf of its kind is this one's.
void KeyRotation::NoteEnd() {
  AuditFilter filter;
  filter.kind = audit_kind::kKeyRotated;
  absl::StatusOr<std::vector<AuditEntry>> newest =
      store_.ListLastAuditEntries(filter, 1);
  if (!newest.ok() || newest->empty()) return;
  MutexLock lock(mutex_);
  progress_.audit_sequence = newest->front().sequence;
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
  ASSIGN_OR_RETURN(int64_t left_over,
                   store_.CountDeksBefore(newest.version_number));
  if (left_over > 0 || extent == Extent::kLeftOver) {
    return newest.version_number;
  }

  Kek next;
  next.version_number = newest.version_number + 1;
  next.key_id = RandomBytes(16);
  next.state = KekState::kPending;
  next.create_time = clock_.Now();
  ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(keys_.arena()));
  KekWrap wrap{next.version_number, keys_.source_id(), ""};
  ASSIGN_OR_RETURN(wrap.wrapped, keys_.root().WrapMasterKey(
                                     keys_.deployment_id(), next.version_number,
                                     keys_.source_id(), key));
  WriteBatch batch;
  batch.Insert(next);
  batch.Insert(wrap);
  batch.Append(KeyEvent(audit_kind::kKeyRotationStarted, next.version_number, 0,
                        request_id, clock_.Now()));
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  RETURN_IF_ERROR(Flip(next.version_number));
  return next.version_number;
}

// Makes a pending key the active one, after it was read back from the disk and
// opened: a key that cannot be opened must never wrap anything.
absl::Status KeyRotation::Flip(uint32_t version) {
  ASSIGN_OR_RETURN(std::vector<KekWrap> wraps, store_.ListKekWraps());
  std::string wrapped;
  for (const KekWrap& wrap : wraps) {
    if (wrap.kek_version == version && wrap.source_id == keys_.source_id()) {
      wrapped = wrap.wrapped;
    }
  }
  ASSIGN_OR_RETURN(ArenaKey key, keys_.root().UnwrapMasterKey(
                                     keys_.arena(), keys_.deployment_id(),
                                     version, keys_.source_id(), wrapped));
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
      KeyEvent(audit_kind::kKeyActivated, version, 0, "", clock_.Now()));

  // The ring can open the new version before the first row needs it, and wraps
  // under it only once the flip is durable.
  std::shared_ptr<const KeyRing> opened =
      keys_.ring()->With(version, key_id, std::move(key), /*primary=*/false);
  keys_.Adopt(opened);
  RETURN_IF_ERROR(store_.Commit(std::move(batch)));
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> flipped,
                   opened->WithPrimary(version));
  keys_.Adopt(std::move(flipped));
  return absl::OkStatus();
}

absl::Status KeyRotation::Rewrap(uint32_t version, int rows_per_second) {
  while (true) {
    if (stop_) {
      MutexLock lock(mutex_);
      progress_.cancelled = true;
      return absl::OkStatus();
    }
    const int limit = rows_per_second > 0
                          ? std::min(kBatchSize, rows_per_second)
                          : kBatchSize;
    ASSIGN_OR_RETURN(std::vector<Dek> rows,
                     store_.ListDeksBefore(version, limit));
    if (rows.empty()) return absl::OkStatus();
    WriteBatch batch;
    for (Dek& row : rows) {
      ASSIGN_OR_RETURN(Dek wrapped, RewrapOne(std::move(row), version));
      batch.Update(std::move(wrapped));
    }
    absl::Status status = store_.Commit(std::move(batch));
    // A person was erased meanwhile: the next look finds the others.
    if (HasReason(status, "VERSION_CONFLICT")) continue;
    RETURN_IF_ERROR(status);

    MutexLock lock(mutex_);
    progress_.rows_done += static_cast<int64_t>(rows.size());
    if (rows_per_second > 0 && !stop_) {
      pace_.WaitFor(mutex_, absl::Seconds(1) * rows.size() / rows_per_second);
    }
  }
}

absl::StatusOr<Dek> KeyRotation::RewrapOne(Dek dek, uint32_t version) const {
  std::shared_ptr<const KeyRing> ring = keys_.ring();
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
