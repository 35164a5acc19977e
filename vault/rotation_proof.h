#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tokenvault {

// What a rotation ends with: that at one moment no data key was wrapped by an
// older master key, and that every one opened. As text it is the body of a note
// that the vault signs (docs/key-rotation.md); the text is ours and frozen.
struct RotationProof {
  std::string deployment_id;    // 16 bytes
  uint32_t key_version = 0;     // all data keys are wrapped by this one
  int64_t data_keys = 0;        // opened
  int64_t data_keys_older = 0;  // wrapped by an older one: 0
  int64_t records = 0;          // opened, at least one of each data key that
                                // seals any
  std::string root;             // SealedCensus::root
  absl::Time time;

  std::string ToText() const;
  // FIELD_INVALID on "note" for everything that ToText does not write.
  static absl::StatusOr<RotationProof> Parse(absl::string_view text);
};

}  // namespace tokenvault
