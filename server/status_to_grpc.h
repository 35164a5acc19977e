#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"

namespace tokenvault {

// Who will read an error: operators see every reason, agents and back ends only
// those of docs/errors.md that are theirs.
enum class Audience { kCaller, kOperator };

// What leaves the house for a status that is not OK, by either door: the code,
// a sentence of at most kMaxErrorMessage bytes, and details with an ErrorInfo
// first.
//
// Reasons that only make sense inside (NOT_FOUND, STORAGE_*, SEAL_BROKEN, …)
// become the ones callers know. What must not be seen, and what came without a
// reason, becomes "internal error, id=…": the truth is logged under that id.
google::rpc::Status ToOutwardStatus(const absl::Status& status,
                                    Audience audience);

// The same as gRPC carries it, details and all.
grpc::Status ToGrpcStatus(const google::rpc::Status& outward);

// RetryInfo's delay, for the trailer "grpc-retry-pushback-ms" and the header
// "Retry-After"; zero when there is none.
absl::Duration RetryDelayOf(const google::rpc::Status& status);

}  // namespace tokenvault
