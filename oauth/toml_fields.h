#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// TOML as a flat map of paths, so that one table lies over another field by
// field. The library behind it is in toml_fields.cc alone.
namespace tokenvault {

struct TomlField {
  std::variant<std::string, bool, int64_t, std::vector<std::string>> value;
  std::string where;  // "file:line:column" of the value
};

// {"scopes", "mail.read", "says", "en"} → the field.
using TomlPath = std::vector<std::string>;
using TomlFields = std::map<TomlPath, TomlField>;

// All of a document. CONFIG_INVALID where it does not parse, or holds what we
// have no use for: fractions, dates, arrays of other things than strings.
absl::StatusOr<TomlFields> ReadToml(absl::string_view text,
                                    absl::string_view file);

// The table `name[index]` of a document, such as the second [[providers]].
// Other tables are not looked at. CONFIG_INVALID also when it is not there.
absl::StatusOr<TomlFields> ReadTomlElement(absl::string_view text,
                                           absl::string_view file,
                                           absl::string_view name,
                                           size_t index);

// A duration as configurations have it: as absl::ParseDuration, with "90d"
// besides. False for anything else.
bool ParseTomlDuration(absl::string_view text, absl::Duration& duration);

// The text at `path`, or "" where there is none.
std::string TextAt(const TomlFields& fields, const TomlPath& path);

// "scopes.mail.read.says.en", for sentences.
std::string TomlName(const TomlPath& path);

}  // namespace tokenvault
