#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "crypto/cosignature.h"
#include "crypto/signed_note.h"
#include "verify/report.h"

namespace tokenvault {

// A checkpoint that somebody who is not the vault kept.
struct KeptCheckpoint {
  uint64_t size = 0;
  std::string root;
  std::string by;                        // who kept it: a path, or a name
  absl::Time at = absl::InfinitePast();  // by a cosignature, if any
};

// What --witnessed names: files of notes, one after another. Read first; judged
// when it is known what key the log has.
class KeptNotes {
 public:
  // A file, or a folder of them, whose hidden files are left out. FIELD_INVALID
  // on "witnessed": it cannot be read, or is not made of notes.
  absl::Status Read(const std::string& path);
  // The notes of one file that `by` kept. The same errors.
  absl::Status Add(absl::string_view text, const std::string& file,
                   const std::string& by);

  bool empty() const { return notes_.empty(); }

  // Those of `log`, the smallest first. Those of other logs are left out; one
  // of this name that the key did not sign, or with a cosignature that is
  // false, is a fault.
  std::vector<KeptCheckpoint> Of(const NoteVerifier& log,
                                 const std::vector<WitnessKey>& witnesses,
                                 Report& report) const;

 private:
  struct Note {
    std::string text;
    std::string file;
    std::string by;
  };
  std::vector<Note> notes_;
};

}  // namespace tokenvault
