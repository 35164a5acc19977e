#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/string_view.h"

// JSON from outside. For this floor's own .cc files: nobody else sees the
// library.
namespace tokenvault {

enum class JsonProblem { kNotJson, kTooDeep, kDuplicateKey };

// "not_json", "too_deep", "duplicate_key": words for PROVIDER_ANSWER_INVALID.
absl::string_view JsonProblemName(JsonProblem problem);

// A parsed document whose strings are overwritten when it goes: tokens pass
// through it.
class JsonDocument {
 public:
  explicit JsonDocument(nlohmann::json root) : root_(std::move(root)) {}
  JsonDocument(JsonDocument&&) = default;
  JsonDocument& operator=(JsonDocument&&) = default;
  ~JsonDocument();

  nlohmann::json& root() { return root_; }
  const nlohmann::json& root() const { return root_; }

 private:
  nlohmann::json root_;
};

// One JSON object, in valid UTF-8, at most 16 levels deep, no name twice in one
// object: two readers would believe different halves. A number too large for a
// double becomes null, since one silly `expires_in` must not cost a refresh
// token.
std::variant<JsonDocument, JsonProblem> ParseStrictJson(absl::string_view text);

// The value at a dotted path ("user.id"), or null.
const nlohmann::json* FindJson(const nlohmann::json& root,
                               absl::string_view dotted_path);
// The string there; nothing for another kind.
std::optional<std::string> FindJsonString(const nlohmann::json& root,
                                          absl::string_view dotted_path);

}  // namespace tokenvault
