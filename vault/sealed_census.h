#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "storage/store.h"
#include "vault/key_keeper.h"

namespace tokenvault {

// What opens and what does not, of all that is sealed at one moment.
struct SealedCensus {
  int64_t data_keys = 0;  // opened
  int64_t records = 0;    // opened
  std::map<uint32_t, int64_t> data_keys_by_version;
  int64_t broken_count = 0;
  // The first kMostNamed of them: "data key of users/u-…", "connections/…"; and
  // what opens, but is not what the audit log says was written last: "an older
  // copy of connections/…".
  std::vector<std::string> broken;
  bool complete = false;  // false: it was told to stop
  // Over the data keys in their order, each as id, master key version
  // (big-endian) and the commitment of its envelope (RFC 6962). 32 bytes.
  std::string root;
};

// Opens every data key, and of the records that it seals one or all; where all,
// each is also compared with the audit log. Nothing
// opened is kept. `go_on` hears of each data key, and may end it by false.
// STORAGE_*.
enum class CensusDepth { kOneRecordEach, kAllRecords };
absl::StatusOr<SealedCensus> CountSealed(const Store& store, KeyKeeper& keys,
                                         CensusDepth depth,
                                         absl::FunctionRef<bool()> go_on);

}  // namespace tokenvault
