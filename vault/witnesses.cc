#include "vault/witnesses.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/checkpoint.h"
#include "crypto/cosignature.h"
#include "storage/small_file.h"
#include "vault/limits.h"
#include "vault/witness_client.h"

namespace tokenvault {
namespace {

constexpr size_t kLongestNote = size_t{64} * 1024;

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

// Null for a witness that has none yet.
const WitnessedCheckpoint* SeenBy(const WitnessSettings& witness,
                                  const std::vector<WitnessedCheckpoint>& all) {
  for (const WitnessedCheckpoint& seen : all) {
    if (seen.witness == witness.id) return &seen;
  }
  return nullptr;
}

}  // namespace

Witnesses::Witnesses(const Clock& clock, Store& store, NoteSigner& signer,
                     AuditTree& tree, HttpClient& http,
                     std::vector<WitnessSettings> settings, std::string beside)
    : clock_(clock),
      store_(store),
      signer_(signer),
      tree_(tree),
      http_(http),
      settings_(std::move(settings)),
      beside_(std::move(beside)) {}

absl::Status Witnesses::Check() {
  if (!beside_.empty()) {
    RETURN_IF_ERROR(CheckFile(beside_));
  }
  for (const WitnessSettings& witness : settings_) {
    absl::Status checked = CheckOne(witness);
    if (checked.ok()) continue;
    if (HasReason(checked, "DATABASE_ROLLED_BACK")) return checked;
    Log(LogLevel::kWarning, "witness.away",
        absl::StrCat("witness ", witness.id,
                     " could not be asked how the audit log was"),
        {{LogKey::kReason, ReasonOf(checked)}});
  }
  return absl::OkStatus();
}

absl::Status Witnesses::CheckOne(const WitnessSettings& witness) {
  if (!witness.folder.empty()) {
    ASSIGN_OR_RETURN(const std::string file, FileIn(witness));
    return CheckFile(absl::StrCat(file, ".checkpoint"));
  }
  // It says what it saw only to who shows it something.
  absl::StatusOr<AuditCheckpoint> newest = store_.GetNewestCheckpoint();
  if (HasReason(newest.status(), "NOT_FOUND")) return absl::OkStatus();
  RETURN_IF_ERROR(newest.status());
  return PublishTo(witness, *newest);
}

absl::Status Witnesses::CheckFile(const std::string& path) const {
  absl::StatusOr<std::string> note = ReadSmallFile(path, kLongestNote);
  if (HasReason(note.status(), "NOT_FOUND")) return absl::OkStatus();
  RETURN_IF_ERROR(note.status());
  ASSIGN_OR_RETURN(const NoteVerifier verifier, signer_.Verifier());
  if (!absl::StartsWith(*note, absl::StrCat(verifier.name, "\n"))) {
    Log(LogLevel::kWarning, "checkpoint.foreign",
        "a checkpoint that was kept is of another vault, and says nothing",
        {{LogKey::kPath, path}});
    return absl::OkStatus();
  }
  const absl::StatusOr<Checkpoint> seen = OpenCheckpoint(*note, verifier);
  if (!seen.ok()) {
    return errors::DatabaseRolledBack(absl::StrCat(
        path, " has no checkpoint that this vault signed as it stands"));
  }
  ASSIGN_OR_RETURN(const AuditTree::Head head, tree_.head());
  if (seen->size > head.size) {
    return errors::DatabaseRolledBack(
        absl::StrCat("its audit log ends with leaf ", head.size, ", and had ",
                     seen->size, " already, as ", path, " says"));
  }
  ASSIGN_OR_RETURN(const std::string root, tree_.RootOf(seen->size));
  if (root != seen->root) {
    return errors::DatabaseRolledBack(
        absl::StrCat("its first ", seen->size,
                     " leaves are others than they were, as ", path, " says"));
  }
  return absl::OkStatus();
}

void Witnesses::PublishBeside() {
  if (beside_.empty()) return;
  absl::StatusOr<AuditCheckpoint> newest = store_.GetNewestCheckpoint();
  if (!newest.ok()) return;
  {
    MutexLock lock(mutex_);
    if (newest->size == beside_size_) return;
  }
  absl::Status written = WriteSmallFile(beside_, newest->note);
  MutexLock lock(mutex_);
  Try& last = tries_[beside_];
  if (written.ok()) {
    beside_size_ = newest->size;
  } else if (last.problem.empty()) {
    Log(LogLevel::kWarning, "checkpoint.not_beside",
        "the newest checkpoint could not be written beside the database",
        {{LogKey::kReason, ReasonOf(written)}});
  }
  last.problem = ReasonOf(written);
}

absl::Status Witnesses::Accept(const AuditCheckpoint& checkpoint) {
  if (!beside_.empty()) {
    RETURN_IF_ERROR(WriteSmallFile(beside_, checkpoint.note));
  }
  for (const WitnessSettings& witness : settings_) {
    if (witness.folder.empty()) continue;
    RETURN_IF_ERROR(PublishTo(witness, checkpoint));
  }
  return absl::OkStatus();
}

void Witnesses::Publish() {
  MutexLock one(publishing_);
  absl::StatusOr<AuditCheckpoint> newest = store_.GetNewestCheckpoint();
  if (!newest.ok()) return;
  absl::StatusOr<std::vector<WitnessedCheckpoint>> all = store_.ListWitnessed();
  if (!all.ok()) return;
  for (const WitnessSettings& witness : settings_) {
    const WitnessedCheckpoint* seen = SeenBy(witness, *all);
    const bool has_it = seen != nullptr && seen->size == newest->size;
    if (has_it || !IsDue(witness)) continue;
    Finish(witness, PublishTo(witness, *newest));
  }
}

bool Witnesses::IsDue(const WitnessSettings& witness) const {
  MutexLock lock(mutex_);
  const auto last = tries_.find(witness.id);
  if (last == tries_.end()) return true;
  const absl::Duration pause = last->second.problem.empty() ? kEvery : kAgain;
  return clock_.SinceBoot() >= last->second.last + pause;
}

void Witnesses::Finish(const WitnessSettings& witness,
                       const absl::Status& status) {
  MutexLock lock(mutex_);
  Try& last = tries_[witness.id];
  const std::string before = std::exchange(last.problem, ReasonOf(status));
  last.last = clock_.SinceBoot();
  if (status.ok() || before == last.problem) return;
  Log(HasReason(status, "DATABASE_ROLLED_BACK") ? LogLevel::kError
                                                : LogLevel::kWarning,
      "witness.failed",
      absl::StrCat("witness ", witness.id, " did not take the checkpoint"),
      {{LogKey::kReason, last.problem}});
}

absl::Status Witnesses::PublishTo(const WitnessSettings& witness,
                                  const AuditCheckpoint& checkpoint) {
  if (!witness.folder.empty()) {
    ASSIGN_OR_RETURN(const std::string file, FileIn(witness));
    RETURN_IF_ERROR(AppendToFile(
        absl::StrCat(file, ".", DayOf(checkpoint.time), ".checkpoints"),
        checkpoint.note));
    RETURN_IF_ERROR(
        WriteSmallFile(absl::StrCat(file, ".checkpoint"), checkpoint.note));
    return Note(witness, checkpoint.size, checkpoint.note);
  }
  ASSIGN_OR_RETURN(const std::vector<WitnessedCheckpoint> all,
                   store_.ListWitnessed());
  const WitnessedCheckpoint* before = SeenBy(witness, all);
  ASSIGN_OR_RETURN(
      const std::string lines,
      AddCheckpoint(http_, witness, {checkpoint.size, checkpoint.note},
                    before == nullptr ? 0 : before->size, kTimeout,
                    [this](uint64_t from, uint64_t to) {
                      return tree_.ProveConsistency(from, to);
                    }));
  ASSIGN_OR_RETURN(const std::string note,
                   AddNoteSignatures(checkpoint.note, lines));
  ASSIGN_OR_RETURN(const WitnessKey key, WitnessKey::Parse(witness.key));
  ASSIGN_OR_RETURN(const std::optional<absl::Time> saw, CosignedAt(note, key));
  if (!saw.has_value()) {
    return errors::ProviderAnswerInvalid(witness.id, "not_signed");
  }
  RETURN_IF_ERROR(AddToCheckpoint(checkpoint.size, lines));
  return Note(witness, checkpoint.size, note);
}

// So that exports have it. Another one may have signed it meanwhile.
absl::Status Witnesses::AddToCheckpoint(uint64_t size,
                                        const std::string& lines) {
  absl::Status added = absl::OkStatus();
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(std::vector<AuditCheckpoint> there,
                     store_.ListCheckpoints(size, 1));
    if (there.empty() || there.front().size != size) return absl::OkStatus();
    AuditCheckpoint checkpoint = std::move(there.front());
    ASSIGN_OR_RETURN(checkpoint.note,
                     AddNoteSignatures(checkpoint.note, lines));
    WriteBatch batch;
    batch.Update(std::move(checkpoint));
    added = store_.Commit(std::move(batch));
    if (!HasReason(added, "VERSION_CONFLICT")) break;
  }
  return added;
}

absl::Status Witnesses::Note(const WitnessSettings& witness, uint64_t size,
                             const std::string& note) {
  ASSIGN_OR_RETURN(const std::vector<WitnessedCheckpoint> all,
                   store_.ListWitnessed());
  const WitnessedCheckpoint* before = SeenBy(witness, all);
  WitnessedCheckpoint seen;
  if (before != nullptr) seen = *before;
  seen.witness = witness.id;
  seen.size = size;
  seen.note = note;
  seen.time = clock_.Now();
  WriteBatch batch;
  if (before != nullptr) {
    batch.Update(std::move(seen));
  } else {
    batch.Insert(std::move(seen));
  }
  return store_.Commit(std::move(batch));
}

absl::StatusOr<std::string> Witnesses::FileIn(
    const WitnessSettings& witness) const {
  ASSIGN_OR_RETURN(const NoteVerifier verifier, signer_.Verifier());
  return absl::StrCat(witness.folder, "/", verifier.name);
}

absl::StatusOr<std::vector<Witnesses::State>> Witnesses::List() const {
  ASSIGN_OR_RETURN(const std::vector<WitnessedCheckpoint> all,
                   store_.ListWitnessed());
  std::vector<State> states;
  for (const WitnessSettings& witness : settings_) {
    State& state = states.emplace_back();
    state.id = witness.id;
    state.place = witness.folder.empty() ? witness.url : witness.folder;
    if (const WitnessedCheckpoint* seen = SeenBy(witness, all)) {
      state.size = seen->size;
      state.time = seen->time;
    }
    MutexLock lock(mutex_);
    const auto last = tries_.find(witness.id);
    if (last != tries_.end()) state.problem = last->second.problem;
  }
  return states;
}

}  // namespace tokenvault
