#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "crypto/cosignature.h"
#include "crypto/signed_note.h"
#include "verify/report.h"

namespace tokenvault {

struct ProvenLeaf {
  uint64_t number = 0;  // from 1
  uint64_t size = 0;    // of the checkpoint
  std::vector<Vouched> witnesses;
};

// What a file of crypto/log_proof.h proves: that `leaf`, or what stands in it
// as extra data, is in the log of that key. FIELD_INVALID: it proves nothing,
// and why.
absl::StatusOr<ProvenLeaf> CheckProof(absl::string_view text,
                                      const std::optional<std::string>& leaf,
                                      const NoteVerifier& log,
                                      const std::vector<WitnessKey>& witnesses);

// That result for a program: an object on one line, whose "ok" says which.
std::string ProofJson(const absl::StatusOr<ProvenLeaf>& proven);

}  // namespace tokenvault
