#pragma once

#include "absl/status/statusor.h"
#include "storage/store.h"
#include "tokenvault/v1/admin_service.pb.h"
#include "vault/data_key_rotation.h"
#include "vault/directory.h"
#include "vault/erasure.h"
#include "vault/operations.h"

// What AdminApi does about people: each checks its request and begins the work,
// or says how much there would be.
namespace tokenvault {

// FIELD_INVALID, OPERATION_RUNNING, STORAGE_*.
absl::StatusOr<Operation::Progress> EraseUser(
    Erasure& erasure, const v1::EraseUserRequest& request);

// The same, and RESOURCE_DENIED for a person or tenant that is not known.
absl::StatusOr<Operation::Progress> RotateDataKeys(
    DataKeyRotation& rotation, const Erasure& erasure,
    const Directory& directory, const v1::RotateDataKeysRequest& request);

// Which leaves `text` asks for. FIELD_INVALID; RESOURCE_DENIED for a person who
// is not known by their id at an identity provider.
absl::StatusOr<AuditFilter> ReadAuditFilter(const Erasure& erasure,
                                            const std::string& text);

}  // namespace tokenvault
