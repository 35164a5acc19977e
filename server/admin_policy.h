#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/store.h"
#include "tokenvault/v1/admin_service.pb.h"
#include "vault/directory.h"
#include "vault/erasure.h"

// What AdminService says about policy. Reads the store, and hands out nothing.
namespace tokenvault {

// Errors as of AdminService.EvaluatePolicy; STORAGE_*.
absl::StatusOr<v1::EvaluatePolicyResponse> EvaluatePolicy(
    const Directory& directory, const Erasure& people, const Store& store,
    absl::Time now, const v1::EvaluatePolicyRequest& request);

// FIELD_INVALID.
absl::StatusOr<v1::ListPoliciesResponse> ListPolicies(
    const Directory& directory, const v1::ListPoliciesRequest& request);

}  // namespace tokenvault
