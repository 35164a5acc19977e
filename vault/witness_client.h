#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "oauth/http_client.h"
#include "vault/witness_settings.h"

namespace tokenvault {

// What is shown to a witness.
struct ShownCheckpoint {
  uint64_t size = 0;
  std::string note;
};

// The add-checkpoint of C2SP tlog-witness: shows it a checkpoint that grew out
// of the one of `old_size` leaves, which we think it saw last (0: none). Where
// it says that it saw another, it is asked once more from there. Returns the
// lines of its signatures, of which one is by `witness.key`.
//
// `prove` gives the consistency proof between two sizes; its errors go through.
// DATABASE_ROLLED_BACK: it saw more leaves than there are, or others.
// PROVIDER_UNREACHABLE, ADDRESS_REFUSED; PROVIDER_ANSWER_INVALID: it does not
// know this log, or says what no witness says, or did not sign. These name its
// host.
absl::StatusOr<std::string> AddCheckpoint(
    HttpClient& http, const WitnessSettings& witness,
    const ShownCheckpoint& shown, uint64_t old_size, absl::Duration timeout,
    absl::FunctionRef<absl::StatusOr<std::vector<std::string>>(
        uint64_t old_size, uint64_t size)>
        prove);

}  // namespace tokenvault
