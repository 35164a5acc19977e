#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// That a leaf is in a log, in the form of https://c2sp.org/tlog-proof:
//
//   c2sp.org/tlog-proof@v1
//   extra <base64>                 (may be missing)
//   index <the leaf's, from 0>
//   <hash, base64>                 (none, or several)
//
//   <the checkpoint, a signed note>
//
// What it proves is checked with RootOfInclusion and OpenCheckpoint. Nothing
// vouches for the extra data; ours is the leaf.
struct LogProof {
  std::optional<std::string> extra;
  uint64_t index = 0;
  std::vector<std::string> hashes;  // from the leaf's sibling up
  std::string checkpoint;

  std::string ToText() const;
  // Only what ToText() writes, with 64 hashes at most: FIELD_INVALID on "proof"
  // else.
  static absl::StatusOr<LogProof> Parse(absl::string_view text);
};

}  // namespace tokenvault
