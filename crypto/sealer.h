#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "crypto/binding.h"
#include "crypto/secret_arena.h"

namespace tokenvault {

// A data key, opened: one per (tenant, subject). What is cached is a
// shared_ptr<const DataKey>; the arena it lives in outlives it.
struct DataKey {
  std::string dek_id;  // 16 bytes
  uint32_t generation = 1;
  ArenaKey key;
};

// Seals the secrets of rows under one data key, each to its place. A sealed
// value opens only under the same key and an equal Binding, so one that was
// copied to another row, tenant or version is refused there.
//
// Immutable and thread-safe.
//
//   Sealer sealer(data_key);
//   ASSIGN_OR_RETURN(row.sealed_refresh_token, sealer.Seal(token, binding));
//   ASSIGN_OR_RETURN(Secret token, sealer.Open(row.sealed_refresh_token,
//   binding));
class Sealer {
 public:
  explicit Sealer(std::shared_ptr<const DataKey> key);

  // A TKV1 envelope. INTERNAL when the secret is larger than
  // kMaxSealedPlaintext.
  absl::StatusOr<std::string> Seal(const Secret& secret,
                                   const Binding& binding) const;

  // KEY_UNKNOWN when it was sealed under another data key or generation;
  // SEAL_BROKEN for everything else.
  absl::StatusOr<Secret> Open(absl::string_view sealed,
                              const Binding& binding) const;

 private:
  const std::shared_ptr<const DataKey> key_;
};

}  // namespace tokenvault
