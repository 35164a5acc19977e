#pragma once

#include <cstdint>
#include <vector>

#include "verify/report.h"

namespace tokenvault {

// A run of leaves without damage in it: what vouches for its end vouches for
// all of it, and for nothing before it.
class Stretch {
 public:
  // Of no leaves yet; the first will be this one.
  explicit Stretch(uint64_t start) : start_(start), confirmed_(start - 1) {}

  // The last leaf that the log's key confirmed; start - 1 when there is none.
  uint64_t confirmed() const { return confirmed_; }
  // A checkpoint of the log holds up to there.
  void Confirm(uint64_t size);
  // And somebody else vouches for it.
  void Vouch(const Vouched& vouched);
  // Says what can be said of the leaves up to confirmed().
  void Tell(Report& report) const;

 private:
  uint64_t start_;
  uint64_t confirmed_;
  std::vector<Vouched> vouched_;
};

}  // namespace tokenvault
