#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokenvault {

// Names as people type them, and as the API wants them. All pure.

// "google" or "providers/google" → "providers/google".
std::string ResourceName(absl::string_view collection, absl::string_view id);
// The last part: "google".
std::string ShortName(absl::string_view name);

// The same file from the root: who else reads it has another working folder.
std::string AbsolutePath(const std::string& file);

// Whether it reads "users/{user}/connections/{connection}".
bool IsConnectionName(absl::string_view name);

// "a,b c" → {a, b, c}
std::vector<std::string> SplitScopes(absl::string_view text);

// A quoted value of a filter. The language has no escapes: FIELD_INVALID on
// `field` for what would need one.
absl::StatusOr<std::string> Quoted(absl::string_view field,
                                   absl::string_view value);

// How a filter names a person: user = "users/u-…", or user_id = "…" for an id
// at their own provider. FIELD_INVALID on `field` for what a filter cannot
// hold.
absl::StatusOr<std::string> PersonCondition(absl::string_view field,
                                            absl::string_view person);

// Which connections to list.
struct ConnectionQuery {
  std::string user;  // "users/u-…", or a person's id at their own provider
  std::string provider;  // with or without "providers/"
  std::string state;     // in any case: "needs_reconnect"
};

struct ListParent {
  std::string parent;  // "users/-" or one person
  std::string filter;  // the language of ListConnectionsRequest.filter
};

// FIELD_INVALID for a state there is not, and for characters that a filter
// cannot hold.
absl::StatusOr<ListParent> ToListParent(const ConnectionQuery& filter);

}  // namespace tokenvault
