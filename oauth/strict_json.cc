#include "oauth/strict_json.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "base/secret.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr size_t kMaxDepth = 16;
constexpr int kNumberOverflow = 406;  // of nlohmann's exceptions

// Looks at the structure alone and stops at the first thing we refuse.
class Inspector : public nlohmann::json_sax<json> {
 public:
  std::optional<JsonProblem> problem() const { return problem_; }
  bool number_overflow() const { return number_overflow_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }

  bool start_object(std::size_t) override { return Enter(); }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_object() override { return Leave(); }
  bool end_array() override { return Leave(); }
  bool key(string_t& name) override {
    if (!names_.back().insert(name).second) {
      return Refuse(JsonProblem::kDuplicateKey);
    }
    return true;
  }

  bool parse_error(std::size_t, const std::string&,
                   const nlohmann::detail::exception& error) override {
    number_overflow_ = error.id == kNumberOverflow;
    return Refuse(JsonProblem::kNotJson);
  }

 private:
  bool Enter() {
    names_.emplace_back();
    return names_.size() <= kMaxDepth || Refuse(JsonProblem::kTooDeep);
  }
  bool Leave() {
    names_.pop_back();
    return true;
  }
  bool Refuse(JsonProblem problem) {
    problem_ = problem;
    return false;
  }

  std::vector<std::set<std::string>> names_;  // of each object we are inside
  std::optional<JsonProblem> problem_;
  bool number_overflow_ = false;
};

bool IsNumberPart(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' ||
         c == 'e' || c == 'E';
}

// The text with numbers beyond a double as null. Secret, as the text is.
Secret WithoutHugeNumbers(absl::string_view text) {
  std::string out;
  out.reserve(4 * text.size());
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 1;
    if (text[i] == '"') {
      while (end < text.size() && text[end] != '"') {
        end += text[end] == '\\' ? 2 : 1;
      }
      end = std::min(end + 1, text.size());
    } else if (text[i] == '-' || (text[i] >= '0' && text[i] <= '9')) {
      while (end < text.size() && IsNumberPart(text[end])) ++end;
      const std::string number(text.substr(i, end - i));
      if (!std::isfinite(std::strtod(number.c_str(), nullptr))) {
        out += "null";
        i = end;
        continue;
      }
    }
    out.append(text.data() + i, end - i);
    i = end;
  }
  return Secret(std::move(out));
}

void WipeStrings(json& value) {
  if (value.is_string()) {
    WipeString(value.get_ref<std::string&>());
  } else if (value.is_structured()) {
    for (json& child : value) WipeStrings(child);
  }
}

std::variant<JsonDocument, JsonProblem> Parse(absl::string_view text,
                                              bool mend_numbers) {
  const char* const end = text.data() + text.size();
  Inspector inspector;
  json::sax_parse(text.data(), end, &inspector);
  if (inspector.number_overflow() && mend_numbers) {
    const Secret mended = WithoutHugeNumbers(text);
    return Parse(mended.Reveal(), /*mend_numbers=*/false);
  }
  if (inspector.problem().has_value()) return *inspector.problem();
  json root =
      json::parse(text.data(), end, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return JsonProblem::kNotJson;
  return JsonDocument(std::move(root));
}

}  // namespace

JsonDocument::~JsonDocument() { WipeStrings(root_); }

absl::string_view JsonProblemName(JsonProblem problem) {
  switch (problem) {
    case JsonProblem::kNotJson:
      return "not_json";
    case JsonProblem::kTooDeep:
      return "too_deep";
    case JsonProblem::kDuplicateKey:
      return "duplicate_key";
  }
  return "not_json";
}

std::variant<JsonDocument, JsonProblem> ParseStrictJson(
    absl::string_view text) {
  // An empty view may have no address, which the library does not take.
  if (text.empty()) return JsonProblem::kNotJson;
  return Parse(text, /*mend_numbers=*/true);
}

const json* FindJson(const json& root, absl::string_view dotted_path) {
  const json* value = &root;
  for (absl::string_view step : absl::StrSplit(dotted_path, '.')) {
    if (!value->is_object()) return nullptr;
    auto it = value->find(std::string(step));
    if (it == value->end()) return nullptr;
    value = &*it;
  }
  return value;
}

std::optional<std::string> FindJsonString(const json& root,
                                          absl::string_view dotted_path) {
  const json* value = FindJson(root, dotted_path);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

}  // namespace tokenvault
