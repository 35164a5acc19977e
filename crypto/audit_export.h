#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// The lines of an export of the audit log that are no leaves, as
// docs/audit-format.md has them: for who writes one and who checks it. Each has
// one way of being written; another is refused. Hashes are 32 bytes here, and
// base64 there. Lines are without their end.
namespace tokenvault {

// Line 1.
struct ExportHeader {
  std::string origin;
  std::string key;                // the vkey of the log
  uint64_t first = 1;             // leaves, counted from 1
  uint64_t last = 0;              // first - 1 when there are none
  std::vector<std::string> edge;  // MerkleRoot::subtrees() before `first`
};
std::string ExportHeaderLine(const ExportHeader& header);
// FIELD_INVALID on "export"; also when the numbers or the edge cannot be.
absl::StatusOr<ExportHeader> ParseExportHeader(absl::string_view line);

// Behind the leaf whose number is the size of a checkpoint.
struct ExportCheckpoint {
  std::string note;
  // MerkleRoot::subtrees() there, unless it is the first checkpoint beyond the
  // last leaf: then there is a proof that it grew out of the leaves here.
  std::vector<std::string> edge;
  std::vector<std::string> consistency;
};
std::string ExportCheckpointLine(const ExportCheckpoint& checkpoint);
// FIELD_INVALID on "export". What the note says is not looked at.
absl::StatusOr<ExportCheckpoint> ParseExportCheckpoint(absl::string_view line);

// By its first bytes, which no leaf has.
bool IsExportCheckpoint(absl::string_view line);

}  // namespace tokenvault
