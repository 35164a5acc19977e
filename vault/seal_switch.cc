#include "vault/seal_switch.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"

namespace tokenvault {

SealSwitch::SealSwitch(const Clock& clock, Store& store, SecretArena& arena,
                       KeyKeeper& keys, RootSources& sources,
                       Operations& operations, Hooks hooks)
    : clock_(clock),
      store_(store),
      arena_(arena),
      keys_(keys),
      sources_(sources),
      operations_(operations),
      hooks_(std::move(hooks)) {}

absl::Status SealSwitch::Open() {
  MutexLock turning(turning_);
  RETURN_IF_ERROR(OpenByAny());
  open_ = true;
  return absl::OkStatus();
}

absl::Status SealSwitch::OpenByAny() {
  absl::Status last = errors::StorageNotInitialized();
  for (const RootSourceSettings& source : sources_.settings()) {
    absl::Status opened = OpenBy(source.id);
    if (opened.ok()) return opened;
    // One that is configured for later is no way in yet.
    if (HasReason(opened, "RESOURCE_DENIED")) continue;
    // Of the database, and not of the source.
    if (HasReason(opened, "DATABASE_ROLLED_BACK")) return opened;
    Log(LogLevel::kWarning, "root_source.closed",
        absl::StrCat(source.id, ": ", opened.message()),
        {{LogKey::kReason, ReasonOf(opened)}});
    last = std::move(opened);
  }
  return last;
}

absl::Status SealSwitch::OpenBy(const std::string& source) {
  ASSIGN_OR_RETURN(std::shared_ptr<const RootKey> root, sources_.Open(source));
  RETURN_IF_ERROR(keys_.Unseal(*root, source));
  absl::Status checked =
      hooks_.checked == nullptr ? absl::OkStatus() : hooks_.checked();
  if (!checked.ok()) {
    keys_.Seal();
    return checked;
  }
  {
    MutexLock lock(mutex_);
    opened_by_ = source;
  }
  absl::Status followed = hooks_.opened();
  if (!followed.ok()) {
    Log(LogLevel::kError, "unseal.incomplete",
        "not everything that an earlier end left could be settled",
        {{LogKey::kReason, ReasonOf(followed)}});
  }
  return absl::OkStatus();
}

absl::Status SealSwitch::Unseal(const std::string& source,
                                const Secret& passphrase) {
  MutexLock turning(turning_);
  if (!passphrase.empty()) {
    RETURN_IF_ERROR(sources_.Unlock(source, passphrase));
  }
  if (open_) return absl::OkStatus();
  RETURN_IF_ERROR(source.empty() ? OpenByAny() : OpenBy(source));
  absl::Status noted = Note(audit_kind::kVaultUnsealed,
                            absl::StrCat("root source ", opened_by()));
  // Nothing is done that nobody can look up.
  if (!noted.ok()) {
    Close();
    return noted;
  }
  open_ = true;
  hooks_.turned();
  return absl::OkStatus();
}

absl::StatusOr<size_t> SealSwitch::Seal() {
  MutexLock turning(turning_);
  open_ = false;
  operations_.CancelAll();
  Close();
  hooks_.turned();
  const size_t held = arena_.WaitUntilEmpty(kPatience);
  RETURN_IF_ERROR(Note(audit_kind::kVaultSealed,
                       absl::StrCat(held, " keys held by calls under way")));
  return held;
}

void SealSwitch::Close() {
  keys_.Seal();
  sources_.Forget();
  hooks_.closed();
  MutexLock lock(mutex_);
  opened_by_.clear();
}

std::string SealSwitch::opened_by() const {
  MutexLock lock(mutex_);
  return opened_by_;
}

absl::Status SealSwitch::Note(const char* kind, const std::string& detail) {
  AuditEvent event;
  event.kind = kind;
  event.actor = "operator";
  event.detail = detail;
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status written = store_.Commit(std::move(batch));
  return written.ok() ? absl::OkStatus() : NotAudited(written);
}

}  // namespace tokenvault
