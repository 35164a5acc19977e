#include "cli/names.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

constexpr const char* kStates[] = {"ACTIVE", "NEEDS_RECONNECT", "PAUSED",
                                   "REVOKED"};

}  // namespace

std::string ResourceName(absl::string_view collection, absl::string_view id) {
  const std::string prefix = absl::StrCat(collection, "/");
  return absl::StartsWith(id, prefix) ? std::string(id)
                                      : absl::StrCat(prefix, id);
}

std::string ShortName(absl::string_view name) {
  const size_t slash = name.rfind('/');
  return std::string(slash == absl::string_view::npos ? name
                                                      : name.substr(slash + 1));
}

std::string AbsolutePath(const std::string& file) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::absolute(file, error);
  return error ? file : path.lexically_normal().string();
}

bool IsConnectionName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  return parts.size() == 4 && parts[0] == "users" && !parts[1].empty() &&
         parts[1] != "-" && parts[2] == "connections" && !parts[3].empty();
}

std::vector<std::string> SplitScopes(absl::string_view text) {
  return absl::StrSplit(text, absl::ByAnyChar(", "), absl::SkipEmpty());
}

absl::StatusOr<std::string> Quoted(absl::string_view field,
                                   absl::string_view value) {
  for (char c : value) {
    if (c == '"' || c == '\\' || absl::ascii_iscntrl(c)) {
      return errors::FieldInvalid(
          field, "must not hold quotes, backslashes or control characters");
    }
  }
  return absl::StrCat("\"", value, "\"");
}

absl::StatusOr<std::string> PersonCondition(absl::string_view field,
                                            absl::string_view person) {
  ASSIGN_OR_RETURN(std::string value, Quoted(field, person));
  return absl::StrCat(
      absl::StartsWith(person, "users/") ? "user = " : "user_id = ", value);
}

absl::StatusOr<ListParent> ToListParent(const ConnectionQuery& filter) {
  ListParent list;
  list.parent = "users/-";
  std::vector<std::string> conditions;
  if (absl::StartsWith(filter.user, "users/")) {
    list.parent = filter.user;
  } else if (!filter.user.empty()) {
    ASSIGN_OR_RETURN(std::string value, Quoted("--user", filter.user));
    conditions.push_back(absl::StrCat("user_id = ", value));
  }
  if (!filter.provider.empty()) {
    ASSIGN_OR_RETURN(
        std::string value,
        Quoted("--provider", ResourceName("providers", filter.provider)));
    conditions.push_back(absl::StrCat("provider = ", value));
  }
  if (!filter.state.empty()) {
    const std::string state = absl::AsciiStrToUpper(filter.state);
    bool known = false;
    for (const char* one : kStates) known = known || state == one;
    if (!known) {
      return errors::FieldInvalid(
          "--state", "must be active, needs_reconnect, paused or revoked");
    }
    conditions.push_back(absl::StrCat("state = ", state));
  }
  list.filter = absl::StrJoin(conditions, " AND ");
  return list;
}

}  // namespace tokenvault
