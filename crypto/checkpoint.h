#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/signed_note.h"

namespace tokenvault {

// A log's name, how many leaves it had, and the root over them: the text of a
// note of https://c2sp.org/tlog-checkpoint. Ours have no extension lines.
struct Checkpoint {
  std::string origin;  // also the name of the key that signs it
  uint64_t size = 0;
  std::string root;  // 32 bytes

  // Three lines, each with its end.
  std::string ToText() const;
  // Only what ToText() writes: FIELD_INVALID on "checkpoint" else.
  static absl::StatusOr<Checkpoint> Parse(absl::string_view text);
};

// What a note says, if the log of that name and key signed it. FIELD_INVALID on
// "note" or "checkpoint".
absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note,
                                          const NoteVerifier& log);

}  // namespace tokenvault
