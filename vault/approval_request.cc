#include "vault/approval_request.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

constexpr char kNoDetails[] = "[]";

void AppendMember(std::string& out, absl::string_view name,
                  absl::string_view value) {
  absl::StrAppend(&out, "\"", name, "\":");
  AppendCanonicalString(out, value);
  out += ',';
}

}  // namespace

std::string CanonicalDetails(const std::vector<DeclaredAct>& acts) {
  if (acts.empty()) return "";
  std::string json;
  char before = '[';
  for (const DeclaredAct& act : acts) {
    absl::StrAppend(&json, std::string(1, before), "{\"fields\":{");
    before = ',';
    bool first = true;
    // A map is sorted byte by byte; RFC 8785 sorts by UTF-16, which is the same
    // for the names that the edge lets pass (ASCII).
    for (const auto& [name, value] : act.fields) {
      if (!first) json += ',';
      first = false;
      AppendCanonicalString(json, name);
      json += ':';
      AppendCanonicalString(json, value);
    }
    json += "},\"type\":";
    AppendCanonicalString(json, act.type);
    json += '}';
  }
  json += ']';
  return json;
}

std::vector<DeclaredAct> ParseDetails(absl::string_view details) {
  const auto json = nlohmann::json::parse(details.begin(), details.end(),
                                          nullptr, /*allow_exceptions=*/false);
  std::vector<DeclaredAct> acts;
  if (!json.is_array()) return acts;
  for (const auto& one : json) {
    if (!one.is_object() || !one.contains("type") || !one["type"].is_string() ||
        !one.contains("fields") || !one["fields"].is_object()) {
      return {};
    }
    DeclaredAct act;
    act.type = one["type"].get<std::string>();
    for (const auto& [name, value] : one["fields"].items()) {
      if (!value.is_string()) return {};
      act.fields[name] = value.get<std::string>();
    }
    acts.push_back(std::move(act));
  }
  return acts;
}

std::string ApprovalRequestHash(const AccessRequest& request,
                                const ConnectionId& connection,
                                absl::Duration max_lifetime) {
  std::string json = "{";
  AppendMember(json, "agent", request.agent.value);
  AppendMember(json, "connection", connection.value);
  absl::StrAppend(&json, "\"details\":",
                  request.details.empty() ? kNoDetails : request.details, ",");
  AppendMember(json, "max_lifetime",
               max_lifetime == absl::InfiniteDuration()
                   ? ""
                   : absl::StrCat(absl::ToInt64Seconds(max_lifetime)));
  AppendMember(json, "provider", request.provider.value);
  AppendMember(json, "resource", request.resource);
  absl::StrAppend(&json, "\"scopes\":[");
  bool first = true;
  for (const std::string& scope : request.scopes) {
    if (!first) json += ',';
    first = false;
    AppendCanonicalString(json, scope);
  }
  json += "],";
  AppendMember(json, "tenant", request.tenant.value);
  absl::StrAppend(&json, "\"user\":");
  AppendCanonicalString(json, request.user.value);
  json += '}';
  return Sha256(json);
}

}  // namespace tokenvault
