#include "server/demo/endpoints.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/demo/fields.h"
#include "server/demo/pages.h"
#include "server/demo/persona.h"
#include "server/demo/wording.h"

namespace tokenvault {
namespace {

constexpr char kWellKnown[] = "/.well-known/";

WebResponse JsonText(std::string text) {
  WebResponse response = DemoJson(200, {});
  response.body = std::move(text);
  return response;
}

WebResponse NotUnderstood() {
  return DemoJson(400, {{"error", "invalid_request"}});
}

}  // namespace

DemoEndpoints::DemoEndpoints(absl::Duration access_token_ttl, bool rotate,
                             JwtSigner signer)
    : signer_(std::move(signer)) {
  for (DemoPersona persona : DemoPersonas()) {
    if (persona.Prefix().empty()) persona.rotates = rotate;
    servers_.push_back(std::make_unique<DemoServer>(
        std::move(persona), access_token_ttl, signer_, ledger_, faults_));
  }
}

void DemoEndpoints::SetBaseUrl(absl::string_view base_url) {
  MutexLock lock(mutex_);
  origin_ = std::string(base_url);
  for (const auto& server : servers_) server->SetOrigin(base_url);
}

void DemoEndpoints::SetRedirectUris(absl::string_view persona,
                                    absl::string_view client,
                                    std::vector<std::string> uris) {
  MutexLock lock(mutex_);
  for (const auto& server : servers_) {
    if (server->persona().name != persona) continue;
    server->clients().SetRedirectUris(client, std::move(uris));
    return;
  }
}

std::optional<std::string> DemoEndpoints::DocumentFor(
    const WebRequest& request) const {
  MutexLock lock(mutex_);
  auto [server, path] = ServerFor(request.path);
  if (!server->persona().takes_client_documents || path != "/authorize" ||
      request.method != "GET") {
    return std::nullopt;
  }
  auto query = DemoFields::OfQuery(request);
  if (!query.has_value()) return std::nullopt;
  std::string client = query->Get("client_id");
  if (!DemoClients::IsDocumentUrl(client)) return std::nullopt;
  return client;
}

void DemoEndpoints::LearnDocument(const std::string& url,
                                  absl::string_view document) {
  MutexLock lock(mutex_);
  for (const auto& server : servers_) {
    if (!server->persona().takes_client_documents) continue;
    server->clients().LearnDocument(url, document);
  }
}

DemoAnswer DemoEndpoints::Answer(const WebRequest& request, absl::Time now) {
  MutexLock lock(mutex_);
  if (origin_.empty()) return {DemoErrorPage(503, "Not ready yet.")};
  const bool get = request.method == "GET";
  if (request.path == "/") {
    return {get ? DemoFrontPage(origin_) : DemoWrongMethod("GET")};
  }
  if (request.path == "/ledger") {
    return {get ? Ledger(request) : DemoWrongMethod("GET")};
  }
  if (request.path == "/faults") return {Faults(request)};
  if (absl::StartsWith(request.path, kWellKnown) &&
      request.path != "/.well-known/openid-configuration") {
    return {get ? WellKnown(request.path) : DemoWrongMethod("GET")};
  }
  auto [server, path] = ServerFor(request.path);
  return server->Answer(request, path, now);
}

std::pair<DemoServer*, absl::string_view> DemoEndpoints::ServerFor(
    absl::string_view path) const {
  for (const auto& server : servers_) {
    const std::string prefix = server->persona().Prefix();
    absl::string_view rest = path;
    if (!prefix.empty() && absl::ConsumePrefix(&rest, prefix) &&
        absl::StartsWith(rest, "/")) {
      return {server.get(), rest};
    }
  }
  return {servers_.front().get(), path};
}

// RFC 8414 §3.1 and RFC 9728 §3.1 put the well-known part first:
// /.well-known/oauth-authorization-server/demo-mcp.
WebResponse DemoEndpoints::WellKnown(absl::string_view path) const {
  path.remove_prefix(sizeof(kWellKnown) - 1);
  const size_t slash = std::min(path.find('/'), path.size());
  const absl::string_view name = path.substr(0, slash);
  absl::string_view rest = path.substr(slash);
  const bool of_resource = name == "oauth-protected-resource";
  for (const auto& server : servers_) {
    const std::string place = absl::StrCat(server->persona().Prefix(),
                                           of_resource ? "/calendar" : "");
    if (rest != place) continue;
    auto document = server->WellKnown(name);
    if (document.has_value()) return *std::move(document);
  }
  return DemoErrorPage(404, "There is nothing here.");
}

WebResponse DemoEndpoints::Ledger(const WebRequest& request) const {
  auto query = DemoFields::OfQuery(request);
  uint64_t after = 0;
  if (!query.has_value() ||
      (query->Has("after") && !absl::SimpleAtoi(query->Get("after"), &after))) {
    return NotUnderstood();
  }
  return JsonText(ledger_.ToJson(query->Get("persona"), after));
}

WebResponse DemoEndpoints::Faults(const WebRequest& request) {
  if (request.method == "GET") return JsonText(faults_.ToJson());
  if (request.method != "POST") return DemoWrongMethod("GET, POST");
  // A page of somebody else must not break things here; tools send no Origin.
  const std::string sender = request.Header("origin");
  if (!sender.empty() && sender != origin_) {
    return DemoJson(403, {{"error", "access_denied"}});
  }
  auto fields = DemoFields::OfForm(request);
  if (!fields.has_value()) fields = DemoFields::OfJson(request);
  if (!fields.has_value()) return NotUnderstood();
  const std::string persona = fields->Get("persona");
  const auto fault = FindDemoFault(fields->Get("fault"));
  int count = 1;
  const bool counted =
      !fields->Has("count") || absl::SimpleAtoi(fields->Get("count"), &count);
  const bool known = std::any_of(
      servers_.begin(), servers_.end(),
      [&](const auto& server) { return server->persona().name == persona; });
  if (!known || !fault.has_value() || !counted || count < 0 ||
      count > DemoFaults::kMostCalls) {
    return NotUnderstood();
  }
  faults_.Set(persona, *fault, count);
  return JsonText(faults_.ToJson());
}

}  // namespace tokenvault
