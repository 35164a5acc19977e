#pragma once

#include "storage/records.h"
#include "vault/connection_admin.h"
#include "vault/operations.h"

namespace tokenvault {

// Counts what became of `connection`, which was just revoked, and names it when
// there is something that a person must end by hand.
void CountRevoked(const Connection& connection,
                  const ConnectionAdmin::Revoked& revoked,
                  Operation::Revocations& counts);

}  // namespace tokenvault
