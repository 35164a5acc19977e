#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/store.h"
#include "tokenvault/v1/admin_service.pb.h"
#include "vault/directory.h"
#include "vault/erasure.h"
#include "vault/stops.h"

// What AdminApi does about stops: names, and what they stand for.
namespace tokenvault {

struct StopWork {
  Stops& stops;
  const Store& store;
  const Erasure& erasure;
};

// Whether `what` can only be found on disk: people and connections. The rest is
// known without waiting for anything.
bool IsStopOnDisk(const std::string& what, const std::string& user_id);

// What one of the two names, with nothing but its kind, tenant and name in the
// order's stop. What is stopped is found also when it is not configured or kept
// any more. FIELD_INVALID, RESOURCE_DENIED, STORAGE_*, VAULT_SEALED for a
// `user_id`.
absl::StatusOr<Stops::Order> ReadStopOrder(const StopWork& work,
                                           const Directory& directory,
                                           const std::string& what,
                                           const std::string& user_id);

v1::Stop ToProto(const Store& store, const Stop& stop);
absl::StatusOr<v1::ListLiveTokensResponse> ListLiveTokens(
    const StopWork& work, const Directory& directory,
    const v1::ListLiveTokensRequest& request, absl::Time now);

}  // namespace tokenvault
