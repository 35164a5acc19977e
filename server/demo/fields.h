#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/scope_set.h"
#include "server/http_types.h"

namespace tokenvault {

// What a request to the demo provider says, by name. A value.
class DemoFields {
 public:
  // Nothing for what is malformed, or says one thing twice.
  static std::optional<DemoFields> OfQuery(const WebRequest& request);
  // Of a form, told by its Content-Type.
  static std::optional<DemoFields> OfForm(const WebRequest& request);
  // Of a JSON object: its texts and numbers; what is nested is left out.
  static std::optional<DemoFields> OfJson(const WebRequest& request);

  bool Has(absl::string_view name) const;
  std::string Get(absl::string_view name) const;  // "" when absent
  std::optional<ScopeSet> Scopes(absl::string_view name) const;
  // Whether some value is longer than any that means something here.
  bool IsOverlong() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace tokenvault
