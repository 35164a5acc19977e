#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace tokenvault {

// As many bytes as the vault's leaf of a cached token has, about; the benchmark
// looks whether they still are.
inline constexpr size_t kHandMadeLeafBytes = 300;

// What somebody would write by hand to have a leaf on the disk before each
// answer. Thread-safe.
class HandMadeLog {
 public:
  virtual ~HandMadeLog() = default;

  // Calls `done` once, on any thread, when a leaf is on stable storage, or with
  // false when it could not be put there.
  using Done = absl::AnyInvocable<void(bool written)>;
  virtual void Append(Done done) = 0;
};

// One transaction of SQLite for each leaf, one after the other.
absl::StatusOr<std::unique_ptr<HandMadeLog>> MakeNaiveLog(
    const std::string& file);

// The best that can be done by hand: all that came in during one sync goes to
// the disk with the next.
absl::StatusOr<std::unique_ptr<HandMadeLog>> MakeBatchingLog(
    const std::string& file);

}  // namespace tokenvault
