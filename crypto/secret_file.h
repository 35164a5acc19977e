#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/secret.h"

namespace tokenvault {

// A file that holds one secret, as the configuration names it.
struct SecretFile {
  std::string path;
  // systemd gave it to the unit ($CREDENTIALS_DIRECTORY): it may belong to
  // root, and shows the unit's own right to read as the group's.
  bool is_credential = false;

  bool empty() const { return path.empty(); }
};

// Its first line, without the end. ROOT_KEY_INVALID, with what to do, when it
// is not a regular file, is empty or longer than 1 KiB, or when others than its
// owner may read it.
absl::StatusOr<Secret> ReadSecretFile(const SecretFile& file);

}  // namespace tokenvault
