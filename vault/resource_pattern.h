#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "vault/fit.h"

namespace tokenvault {

// Which resources (RFC 8707) a rule is about: one URI, or, with "/*" at its
// end, all below that path segment.
//
// One resource can be spelled in many ways, and who serves it may know them
// all. So only plain spellings are compared; of any other it is not known
// whether it fits, unless it is the pattern to the letter.
class ResourcePattern {
 public:
  // FIELD_INVALID: no URI in a plain spelling, or a "*" anywhere but after the
  // last slash of its path.
  static absl::StatusOr<ResourcePattern> Parse(absl::string_view text);

  // "" is no resource: such a token may be good for any.
  Fit FitOf(absl::string_view resource) const;
  const std::string& text() const { return text_; }

  friend bool operator==(const ResourcePattern&,
                         const ResourcePattern&) = default;

 private:
  explicit ResourcePattern(absl::string_view text) : text_(text) {}

  std::string text_;
};

}  // namespace tokenvault
