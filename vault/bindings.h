#pragma once

#include <string>

#include "base/encoding.h"
#include "crypto/binding.h"
#include "storage/records.h"

// Where each sealed value belongs, rebuilt from its row and never stored: a
// token copied to another row, tenant, person or generation does not open
// there. What is written here is part of every envelope on disk: changing it
// makes them unreadable.
namespace tokenvault {

inline DataKeyBinding DataKeyBindingOf(const std::string& deployment_id,
                                       const Dek& dek) {
  return {deployment_id, dek.tenant, dek.subject, dek.dek_id};
}

inline Binding RefreshTokenBinding(const std::string& deployment_id,
                                   const Connection& connection) {
  return Binding{.deployment_id = deployment_id,
                 .tenant = connection.tenant,
                 .subject = connection.user.value,
                 .connection = connection.id.value,
                 .issuer = connection.provider.value,
                 .purpose = "refresh_token",
                 .row_version = connection.generation,
                 .schema = 1};
}

// The answer to one refresh: of this lease, and of no other.
inline Binding LandedAnswerBinding(const std::string& deployment_id,
                                   const Connection& connection) {
  return Binding{.deployment_id = deployment_id,
                 .tenant = connection.tenant,
                 .subject = connection.user.value,
                 .connection = connection.id.value,
                 .issuer = connection.provider.value,
                 .purpose = "refresh_answer",
                 .row_version = connection.lease_epoch,
                 .schema = 1};
}

// Of the vault itself, and of no tenant.
inline Binding SigningSeedBinding(const std::string& deployment_id,
                                  const SigningKey& key) {
  return Binding{.deployment_id = deployment_id,
                 .tenant = TenantId(),
                 .subject = "",
                 .connection = "",
                 .issuer = key.name,
                 .purpose = "signing_seed",
                 .row_version = 0,
                 .schema = 1};
}

inline Binding FlowVerifierBinding(const std::string& deployment_id,
                                   const OAuthFlow& flow) {
  return Binding{.deployment_id = deployment_id,
                 .tenant = flow.tenant,
                 .subject = "",
                 .connection = HexEncode(flow.state_hash),
                 .issuer = flow.provider.value,
                 .purpose = "pkce_verifier",
                 .row_version = 0,
                 .schema = 1};
}

}  // namespace tokenvault
