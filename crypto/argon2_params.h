#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// How a passphrase becomes a root key: Argon2id 1.3 with one lane. Not secret;
// kept as JSON in RootSource.params, since the same passphrase with other
// parameters is another key.
struct Argon2Params {
  std::string salt;  // 16 bytes
  uint64_t ops = 3;
  uint64_t mem_bytes = uint64_t{256} << 20;

  // The defaults with a new random salt.
  static Argon2Params New();
  // ROOT_KEY_INVALID for anything but what ToJson() writes, and for costs that
  // protect nothing or that no machine of ours could pay: 1 to 16 passes over
  // 64 MiB to 4 GiB.
  static absl::StatusOr<Argon2Params> FromJson(absl::string_view json);

  std::string ToJson() const;
  bool InBounds() const;
};

}  // namespace tokenvault
