#include "server/demo/application.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/demo/wording.h"

namespace tokenvault {
namespace {

using nlohmann::json;

WebResponse NotFound() { return DemoJson(404, {{"message", "Not Found"}}); }
WebResponse NotValid() {
  return DemoJson(422, {{"message", "Validation Failed"}});
}

std::string TextOf(const json& body, const char* name) {
  auto it = body.find(name);
  return it != body.end() && it->is_string() ? it->get<std::string>() : "";
}

// To write is to read, too. All that the token can do when there is nothing;
// no scope at all for what this calendar does not know.
std::optional<ScopeSet> ReadPermissions(const json& body) {
  auto permissions = body.find("permissions");
  if (permissions == body.end()) return std::nullopt;
  if (!permissions->is_object() || permissions->size() != 1) return ScopeSet();
  const std::string level = TextOf(*permissions, "calendar");
  if (level == "read") return ScopeSet{"calendar.read"};
  if (level == "write") return ScopeSet{"calendar.read", "calendar.write"};
  return ScopeSet();
}

WebResponse ScopeToken(const std::string& client, const json& body,
                       DemoGrants& grants, absl::Time now) {
  const std::string token = TextOf(body, "access_token");
  const auto live = grants.FindAccessToken(token, now);
  // Nobody has repositories here: whoever names some would get more than that.
  if (!live.has_value() || TextOf(body, "target") != live->grant.person ||
      body.contains("repositories") || body.contains("repository_ids")) {
    return NotValid();
  }
  auto result = grants.Narrow(client, token, ReadPermissions(body), "", now);
  const auto* tokens = std::get_if<DemoTokens>(&result);
  if (tokens == nullptr) return NotValid();
  const bool writes = tokens->scopes.Contains("calendar.write");
  return DemoJson(
      200,
      {{"token", tokens->access_token},
       {"scopes", json::array()},
       {"expires_at", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", tokens->expires,
                                       absl::UTCTimeZone())},
       {"installation",
        {{"permissions", {{"calendar", writes ? "write" : "read"}}}}}});
}

}  // namespace

WebResponse DemoApplication(const WebRequest& request, absl::string_view path,
                            const DemoClients& clients, DemoGrants& grants,
                            absl::Time now) {
  std::optional<std::string> client = DemoClients::AuthenticateBasic(request);
  if (!client.has_value() || !clients.Knows(*client)) {
    return DemoJson(401, {{"message", "Bad credentials"}});
  }
  if (!absl::ConsumePrefix(&path, absl::StrCat("/applications/", *client))) {
    return NotFound();
  }
  const json body =
      json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return NotValid();
  if (path == "/token/scoped" && request.method == "POST") {
    return ScopeToken(*client, body, grants, now);
  }
  if (path == "/grant" && request.method == "DELETE") {
    if (grants.Revoke(*client, TextOf(body, "access_token"),
                      DemoGrants::Reach::kGrant,
                      now) != DemoGrants::Revocation::kDone) {
      return NotValid();
    }
    WebResponse response;
    response.status = 204;
    return response;
  }
  return NotFound();
}

}  // namespace tokenvault
