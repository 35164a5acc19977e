#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// What a witness adds to a checkpoint: that it saw this one at that time, as
// the largest, and that it grew out of the one it saw before. Ed25519 alone:
// the type 0x04 of https://c2sp.org/tlog-cosignature, whose signature is
//
//   8 bytes, seconds since 1970, big-endian; 64 bytes, Ed25519 over
//   "cosignature/v1\ntime ", those seconds in decimal, "\n", the note's text
namespace tokenvault {

struct WitnessKey {
  std::string name;
  std::string public_key;  // 32 bytes

  // A vkey, as that of a note's signer, but for its type.
  std::string ToString() const;
  // FIELD_INVALID on "key"; so is a key that signs notes.
  static absl::StatusOr<WitnessKey> Parse(absl::string_view text);
};

// When `witness` saw `note`; nothing when it has no line there. Where it has
// more than one, each must hold, and the first time counts. FIELD_INVALID on
// "note": it has another form, or such a line does not hold. Nobody looks at
// the signature of the log.
absl::StatusOr<std::optional<absl::Time>> CosignedAt(absl::string_view note,
                                                     const WitnessKey& witness);

}  // namespace tokenvault
