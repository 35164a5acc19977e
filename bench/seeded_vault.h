#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "bench/transport.h"

namespace tokenvault {

// A vault on disk in which people have already connected their accounts, and
// the configuration to serve it with: what consent would have left, without the
// browsers. The daemon refreshes at the first request for each person.
struct SeededVault {
  std::string folder;          // exists, mode 0700, empty
  std::string token_endpoint;  // http://127.0.0.1:1234
  int people = 0;
  // How agents reach it; with mTLS, by these certificates.
  Transport transport = Transport::kTcp;
  Certificates certificates = {};

  std::string database() const { return folder + "/vault.db"; }
  std::string config() const { return folder + "/tokenvault.toml"; }

  // Says on stderr how far it is when there are many people.
  // STORAGE_*, ROOT_KEY_INVALID.
  absl::Status Create() const;
  // How many leaves the audit log has. Only while no daemon serves it.
  absl::StatusOr<int64_t> CountAuditEntries() const;
  // Of them, those of one kind (vault/audit_events.h).
  absl::StatusOr<int64_t> CountLeavesOf(const std::string& kind) const;
  // The median of the newest that say a token was handed out.
  absl::StatusOr<double> TypicalLeafBytes() const;
};

// The subject of a person at the identity provider of the tenant.
std::string SubjectOf(int person);

}  // namespace tokenvault
