#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/secret.h"
#include "server/config.h"

// The files that a configuration is made of. Inside of server/config.
namespace tokenvault {

// CONFIG_INVALID when it cannot be read, or is larger than 1 MiB.
absl::StatusOr<ConfigText> ReadConfigFile(const std::string& path);

// The paths of *.toml in the folder, in order. A missing folder has none.
std::vector<std::string> TomlFilesIn(const std::string& folder);

// What the file behind "/path" or "cred:NAME" holds, without one line-end at
// its end: 1 byte to 8 KiB, which outside dev only its owner may read. The
// status is for ParseOptions::read_secret.
absl::StatusOr<Secret> ReadSecretReference(const std::string& reference,
                                           const std::string& credentials,
                                           const ConfigSources& sources);

}  // namespace tokenvault
