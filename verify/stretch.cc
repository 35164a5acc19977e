#include "verify/stretch.h"

#include <algorithm>
#include <utility>

namespace tokenvault {

void Stretch::Confirm(uint64_t size) {
  confirmed_ = std::max(confirmed_, size);
}

void Stretch::Vouch(const Vouched& vouched) {
  for (Vouched& known : vouched_) {
    if (known.by != vouched.by) continue;
    known.size = std::max(known.size, vouched.size);
    known.at = std::max(known.at, vouched.at);
    return;
  }
  vouched_.push_back(vouched);
}

void Stretch::Tell(Report& report) const {
  using State = LeafRange::State;
  uint64_t witnessed = start_ - 1;
  std::vector<Vouched> witnesses;
  for (const Vouched& vouched : vouched_) {
    // Of a checkpoint that stands before its first leaf.
    if (vouched.size < start_) continue;
    witnesses.push_back(vouched);
    witnessed = std::max(witnessed, vouched.size);
  }
  report.Add(
      LeafRange{start_, witnessed, State::kWitnessed, std::move(witnesses)});
  report.Add(LeafRange{witnessed + 1, confirmed_, State::kSigned, {}});
}

}  // namespace tokenvault
