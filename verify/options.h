#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "verify/log_checker.h"

namespace tokenvault {

// What stands on the command line, with the files it names read.
struct VerifyOptions {
  bool help = false;
  bool version = false;
  bool json = false;
  Trust trust;
  std::optional<std::string> proof;  // the text of it
  std::optional<std::string> leaf;
  std::vector<std::string> exports;
};

// FIELD_INVALID on "options", "key" or "witnessed".
absl::StatusOr<VerifyOptions> ReadVerifyOptions(
    const std::vector<std::string>& arguments);

// What --help prints.
std::string VerifyHelp();

}  // namespace tokenvault
