#include "server/demo/fields.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "oauth/url.h"

namespace tokenvault {
namespace {

constexpr size_t kLongestValue = 2048;

bool IsOfType(const WebRequest& request, absl::string_view type) {
  return absl::StartsWithIgnoreCase(request.Header("content-type"), type);
}

}  // namespace

std::optional<DemoFields> DemoFields::OfQuery(const WebRequest& request) {
  auto query = ParseQuery(request.query);
  if (!query.ok()) return std::nullopt;
  DemoFields fields;
  fields.fields_ = *std::move(query);
  return fields;
}

std::optional<DemoFields> DemoFields::OfForm(const WebRequest& request) {
  if (!IsOfType(request, "application/x-www-form-urlencoded")) {
    return std::nullopt;
  }
  auto form = ParseQuery(request.body);
  if (!form.ok()) return std::nullopt;
  DemoFields fields;
  fields.fields_ = *std::move(form);
  return fields;
}

std::optional<DemoFields> DemoFields::OfJson(const WebRequest& request) {
  if (!IsOfType(request, "application/json")) return std::nullopt;
  auto root = nlohmann::json::parse(request.body, nullptr,
                                    /*allow_exceptions=*/false);
  if (!root.is_object()) return std::nullopt;
  DemoFields fields;
  for (const auto& [name, value] : root.items()) {
    if (value.is_string()) fields.fields_.emplace_back(name, value);
    if (value.is_number()) fields.fields_.emplace_back(name, value.dump());
  }
  return fields;
}

bool DemoFields::Has(absl::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [&](const auto& field) { return field.first == name; });
}

std::string DemoFields::Get(absl::string_view name) const {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return "";
}

std::optional<ScopeSet> DemoFields::Scopes(absl::string_view name) const {
  if (!Has(name)) return std::nullopt;
  return ScopeSet::Parse(Get(name));
}

bool DemoFields::IsOverlong() const {
  return std::any_of(fields_.begin(), fields_.end(), [](const auto& field) {
    return field.second.size() > kLongestValue;
  });
}

}  // namespace tokenvault
