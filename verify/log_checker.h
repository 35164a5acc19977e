#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/merkle_tree.h"
#include "crypto/audit_export.h"
#include "crypto/checkpoint.h"
#include "crypto/cosignature.h"
#include "crypto/signed_note.h"
#include "verify/kept_checkpoints.h"
#include "verify/report.h"
#include "verify/stretch.h"

namespace tokenvault {

// What the caller trusts that is not in the export.
struct Trust {
  std::optional<NoteVerifier> key;
  std::vector<WitnessKey> witnesses;
  KeptNotes kept;
};

// Checks one log, told line by line, file by file, in a fixed amount of memory.
//
//   LogChecker checker(trust, report);
//   checker.BeginFile("a.jsonl");
//   checker.Line(1, line); …
//   checker.EndFile(ends_with_line_end);
//   checker.Finish();
//
// How it works: the tree of RFC 6962 grows leaf by leaf. A checkpoint either
// confirms it, and with it every leaf since the one before; or there is damage
// between the two, and the tree begins anew with the edge that stands beside
// the checkpoint (verify/stretch.h).
//
// Invariants: 1. The tree is over what the stretch confirmed and the leaves
// read since. 2. Without a tree, the leaves since are damaged. 3. position_ is
// the number of the last leaf, as far as one knows.
//
// Not thread-safe.
class LogChecker {
 public:
  LogChecker(const Trust& trust, Report& report)
      : trust_(trust), report_(report) {}

  void BeginFile(const std::string& name);
  void Line(uint64_t number, absl::string_view line);
  void TooLongLine(uint64_t number);
  void EndFile(bool whole);
  void Finish();

 private:
  // A kept checkpoint that was passed; the root that the tree had there.
  struct Passed {
    size_t kept;
    std::optional<std::string> root;
  };

  void Header(absl::string_view line);
  bool Admit(const ExportHeader& header);
  void Follow(const ExportHeader& header);
  void Leaf(absl::string_view line);
  void CheckpointLine(absl::string_view line);
  void Within(const Checkpoint& checkpoint, const ExportCheckpoint& line);
  void Beyond(const Checkpoint& checkpoint, const ExportCheckpoint& line);
  void Disagree(const Checkpoint& checkpoint, absl::StatusOr<MerkleRoot> edge);

  // Whoever saw the checkpoint vouches for the stretch, which ends at `up_to`.
  void Witness(const Checkpoint& checkpoint, const std::string& note,
               uint64_t up_to);
  // Kept checkpoints are passed leaf by leaf, and settled by the next
  // checkpoint here, of `size`: those of fewer leaves should have stood before
  // it.
  uint64_t SkipKept(uint64_t size);
  void PassKept();
  void SettleKept(uint64_t size, bool tree_was_confirmed);
  void CompareKept(const KeptCheckpoint& kept, absl::string_view root);

  void EndTail();
  void BeginStretch(uint64_t start, std::optional<MerkleRoot> tree);
  void Damaged(uint64_t last, absl::string_view problem);
  void Complain(absl::string_view problem, uint64_t first = 0,
                uint64_t last = 0);

  const Trust& trust_;
  Report& report_;

  // Of the log.
  std::optional<NoteVerifier> log_;
  std::vector<KeptCheckpoint> kept_;
  size_t next_kept_ = 0;
  std::vector<Passed> passed_;
  uint64_t covered_ = 0;  // the size of the largest checkpoint
  uint64_t least_ = 0;    // what the next checkpoint may have
  uint64_t position_ = 0;
  std::optional<MerkleRoot> tree_;

  Stretch stretch_{1};
  uint64_t agreed_ = 0;  // how far it is known to be what was kept

  // Of the file.
  std::string file_;
  uint64_t line_ = 0;
  bool readable_ = false;  // its header was
  bool began_ = false;     // some file was
  bool closed_ = false;    // its last line was a checkpoint
  bool beyond_ = false;    // and one of beyond its end
  uint64_t last_ = 0;      // as its header says
};

}  // namespace tokenvault
