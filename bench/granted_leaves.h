#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace tokenvault {

// What the audit log says of one token that was handed out.
struct GrantedLeaf {
  uint64_t sequence = 0;
  std::string token_id;
};

// The leaves of all tokens that were handed out, by the request_id they were
// asked for with; those without one are left out. While no daemon serves the
// vault. STORAGE_*; DATA_LOSS when a leaf is not JSON, or two have one
// request_id.
absl::StatusOr<absl::flat_hash_map<std::string, GrantedLeaf>> ReadGrantedLeaves(
    const std::string& database);

// A UUID for a request: another one for each pair of numbers.
std::string RequestIdOf(int life, int64_t number);

}  // namespace tokenvault
