#include "vault/landing_slots.h"

#include <algorithm>
#include <utility>

#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "vault/bindings.h"

namespace tokenvault {

LandingSlots::LandingSlots(KeyKeeper& keys, std::unique_ptr<LandingFile> file)
    : keys_(keys), file_(std::move(file)), owners_(LandingFile::kSlots) {}

void LandingSlots::Reserve(const std::vector<Connection>& unsettled) {
  {
    MutexLock lock(mutex_);
    for (const Connection& row : unsettled) {
      if (row.landing_slot == 0 || row.landing_slot > owners_.size()) continue;
      owners_[row.landing_slot - 1] = row.id;
    }
  }
  // What a person left who was erased, say. It opens for nobody.
  Scrub().IgnoreError();
}

absl::Status LandingSlots::Scrub() {
  if (file_ == nullptr) return absl::OkStatus();
  for (uint64_t slot = 1; slot <= LandingFile::kSlots; ++slot) {
    // So that nobody takes it meanwhile. Most need no write.
    MutexLock lock(mutex_);
    if (!owners_[slot - 1].empty()) continue;
    RETURN_IF_ERROR(file_->Wipe(slot));
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> LandingSlots::Take(const ConnectionId& connection) {
  MutexLock lock(mutex_);
  auto slot = std::find(owners_.begin(), owners_.end(), connection);
  if (slot == owners_.end()) {
    slot = std::find(owners_.begin(), owners_.end(), ConnectionId());
  }
  if (slot == owners_.end()) {
    return errors::RateLimited("landing_slots", absl::Seconds(1));
  }
  *slot = connection;
  return static_cast<uint64_t>(slot - owners_.begin()) + 1;
}

void LandingSlots::Free(const ConnectionId& connection) {
  FaultPoint("refresh.before_slot_freed");
  uint64_t slot = 0;
  {
    MutexLock lock(mutex_);
    held_.erase(connection);
    auto owned = std::find(owners_.begin(), owners_.end(), connection);
    if (owned == owners_.end()) return;
    slot = static_cast<uint64_t>(owned - owners_.begin()) + 1;
  }
  // What stays behind when this fails opens for no other refresh.
  if (file_ != nullptr) file_->Clear(slot).IgnoreError();
  MutexLock lock(mutex_);
  owners_[slot - 1] = ConnectionId();
}

absl::Status LandingSlots::Land(const Connection& leased, const Sealer& sealer,
                                const Secret& answer) {
  ASSIGN_OR_RETURN(
      std::string sealed,
      sealer.Seal(answer, LandedAnswerBinding(keys_.deployment_id(), leased)));
  absl::Status landed = file_ == nullptr
                            ? errors::StorageFailed(0)
                            : file_->Write(leased.landing_slot, sealed);
  if (landed.ok()) return landed;
  if (file_ != nullptr) {
    Log(LogLevel::kError, "refresh.not_landed",
        "an answer could not be put on the disk; it is held in memory",
        {{LogKey::kConnection, leased.id.value},
         {LogKey::kReason, ReasonOf(landed)}});
  }
  MutexLock lock(mutex_);
  held_.insert_or_assign(leased.id, std::move(sealed));
  return absl::OkStatus();
}

absl::StatusOr<Secret> LandingSlots::Find(const Connection& row) const {
  std::string sealed;
  {
    MutexLock lock(mutex_);
    auto it = held_.find(row.id);
    if (it != held_.end()) sealed = it->second;
  }
  if (sealed.empty() && file_ != nullptr && row.landing_slot != 0) {
    ASSIGN_OR_RETURN(sealed, file_->Read(row.landing_slot));
  }
  if (sealed.empty()) return errors::NotFound("landed answer");
  ASSIGN_OR_RETURN(Sealer sealer, keys_.SealerFor(row.tenant, row.user.value));
  absl::StatusOr<Secret> answer =
      sealer.Open(sealed, LandedAnswerBinding(keys_.deployment_id(), row));
  // Of an earlier lease, or torn by a power cut.
  if (!answer.ok()) return errors::NotFound("landed answer");
  return answer;
}

}  // namespace tokenvault
