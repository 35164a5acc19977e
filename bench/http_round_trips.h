#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/closed_loop.h"

namespace tokenvault {

// Whether a request may use the connection of one before it.
enum class HttpConnections { kKept, kOneEach };

// Refreshes at a TokenEndpoint with nothing around it: one POST about each of
// `people`, `in_flight` at a time, from one thread with libcurl, as the vault's
// own client is. DATA_LOSS when an answer is not that person's token.
absl::StatusOr<LoopResult> MakeRoundTrips(const std::string& endpoint,
                                          const std::vector<int>& people,
                                          int in_flight,
                                          HttpConnections connections);

}  // namespace tokenvault
