#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "oauth/toml_fields.h"

namespace tokenvault {

// What an operator gives for the {names} in a preset's URLs. The preset
// declares each with a pattern; without these rules whoever writes a tenant's
// name could send tokens anywhere:
//
//  1. The whole value matches the preset's pattern, so it is made of letters,
//     digits, '-', '_', '~' and '.', and it is neither "." nor has "..".
//  2. Where it is a part of a host it is one plain label besides: no dot, no
//     port, no slash can lead the request elsewhere.
//
// A value once made; thread-safe.
class ProviderVariables {
 public:
  // `where` is for variables that are missing. CONFIG_INVALID for those, for
  // values that break the first rule, and for names that no preset declares.
  static absl::StatusOr<ProviderVariables> Read(const TomlFields& fields,
                                                absl::string_view where);

  // Adds one that is not the operator's; `value` is escaped already.
  void Add(absl::string_view name, std::string value);

  // `url` with every {name} replaced. CONFIG_INVALID, at the value, for the
  // second rule. Names nobody gave stay.
  absl::StatusOr<std::string> Fill(absl::string_view url) const;

 private:
  struct Variable {
    std::string name;  // with its braces
    std::string value;
    std::string where;
  };
  std::vector<Variable> variables_;
};

// CONFIG_INVALID for a variable of a preset that does not have a pattern, or
// whose example does not match it.
absl::Status CheckVars(const TomlFields& preset);

// The variables that a preset declares.
std::vector<std::string> ReadVars(const TomlFields& fields);

}  // namespace tokenvault
