#include "crypto/checkpoint.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "base/hash.h"
#include "base/status_macros.h"
#include "crypto/base64.h"
#include "crypto/note_format.h"

namespace tokenvault {
namespace {

absl::Status NotACheckpoint(absl::string_view problem) {
  return errors::FieldInvalid("checkpoint", problem);
}

}  // namespace

std::string Checkpoint::ToText() const {
  return absl::StrCat(origin, "\n", size, "\n", absl::Base64Escape(root), "\n");
}

absl::StatusOr<Checkpoint> Checkpoint::Parse(absl::string_view text) {
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  // The fourth is what is behind the last line end: nothing.
  if (lines.size() != 4) return NotACheckpoint("does not have three lines");
  Checkpoint checkpoint;
  checkpoint.origin = std::string(lines[0]);
  std::optional<std::string> root = Base64Decode(lines[2]);
  if (!IsNoteKeyName(checkpoint.origin) ||
      !absl::SimpleAtoi(lines[1], &checkpoint.size) || !root.has_value() ||
      root->size() != kSha256Size) {
    return NotACheckpoint("is not a name, a number and a root");
  }
  checkpoint.root = *std::move(root);
  // Leading zeros, white space, and what follows the last line end.
  if (checkpoint.ToText() != text) {
    return NotACheckpoint("is not written as such");
  }
  return checkpoint;
}

absl::StatusOr<Checkpoint> OpenCheckpoint(absl::string_view note,
                                          const NoteVerifier& log) {
  ASSIGN_OR_RETURN(const std::string text, OpenNote(note, log));
  ASSIGN_OR_RETURN(Checkpoint checkpoint, Checkpoint::Parse(text));
  if (checkpoint.origin != log.name) {
    return NotACheckpoint("is of another log");
  }
  return checkpoint;
}

}  // namespace tokenvault
