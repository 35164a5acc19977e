#include "base/fault_point.h"

#ifdef TOKENVAULT_FAULTS
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "absl/strings/numbers.h"
#endif

namespace tokenvault {

std::vector<absl::string_view> FaultPoints() {
  return {
      "refresh.before_lease",
      "refresh.lease_committed",
      "refresh.before_call",
      "refresh.answer_received",
      "refresh.before_land",
      "refresh.landed",
      "refresh.parsed",
      "refresh.before_commit",
      "refresh.committed",
      "refresh.before_slot_freed",
      "refresh.done",
      "refresh.before_give_back",
      "refresh.given_back",
      "refresh.before_unknown",
      "refresh.unknown",
      "refresh.before_mark",
      "refresh.marked",
      "recover.begin",
      "recover.slot_read",
      "recover.done",
      "connect.before_exchange",
      "connect.exchanged",
      "connect.before_commit",
      "connect.committed",
      "revoke.before_commit",
      "revoke.committed",
      "revoke.told",
      "revoke.erased",
      "erase.closed",
      "erase.revoked",
      "erase.before_shred",
      "erase.shredded",
      "erase.scrubbed",
      "reseal.before_commit",
      "reseal.committed",
      "rotate.created",
      "rotate.flipped",
      "rotate.before_batch",
      "rotate.batch_committed",
      "rotate.rewrapped",
      "rotate.proved",
      "rotate.before_retire",
      "rotate.retired",
      "restore.verified",
      "restore.set_aside",
      "restore.mark_removed",
      "restore.in_place",
  };
}

#ifdef TOKENVAULT_FAULTS
namespace {

struct Fault {
  std::string point;
  int64_t passing = 0;
  std::atomic<int64_t> passed = 0;
};

Fault& Armed() {
  static Fault fault;
  return fault;
}

}  // namespace

void ArmFaultPoint(absl::string_view fault) {
  const size_t colon = fault.rfind(':');
  if (colon == absl::string_view::npos ||
      !absl::SimpleAtoi(fault.substr(colon + 1), &Armed().passing)) {
    return;
  }
  Armed().point = std::string(fault.substr(0, colon));
}

void FaultPoint(absl::string_view name) {
  Fault& fault = Armed();
  if (name != fault.point) return;
  if (++fault.passed == fault.passing) raise(SIGKILL);
}
#endif

}  // namespace tokenvault
