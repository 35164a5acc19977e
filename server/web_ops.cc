#include "server/web_ops.h"

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/secret_memory.h"
#include "vault/provider_call.h"

namespace tokenvault {
namespace {

constexpr char kLive[] = "/livez";
constexpr char kReady[] = "/readyz";
constexpr char kMetrics[] = "/metrics";
constexpr char kResource[] = "/.well-known/oauth-protected-resource";

WebResponse PublicJson(const nlohmann::json& document) {
  WebResponse response;
  response.content_type = "application/json";
  response.body =
      document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  response.headers.emplace_back("Cache-Control", "max-age=300");
  return response;
}

// A proxy on this host speaks for someone who may be anywhere.
bool IsFromThisHost(const WebRequest& request) {
  for (const char* header :
       {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"}) {
    if (!request.Header(header).empty()) return false;
  }
  const std::string& peer = request.remote_address;
  return peer == "unix" || peer == "::1" || absl::StartsWith(peer, "127.");
}

absl::StatusOr<MetricsSnapshot> TakeSnapshot(const Store& store,
                                             const Directory& directory,
                                             const Refresher& refresher) {
  absl::StatusOr<StoreStatus> stored = store.GetStatus();
  if (!stored.ok()) return stored.status();
  MetricsSnapshot now;
  now.active_connections = stored->connections[ConnectionState::kActive];
  now.reconnect_connections =
      stored->connections[ConnectionState::kNeedsReconnect];
  now.revoked_connections = stored->connections[ConnectionState::kRevoked];
  now.paused_connections = stored->paused_connections;
  now.audit_events = stored->audit_entries;
  now.secrets_unlocked = SecretsOutsideLockedMemory();
  absl::StatusOr<std::vector<Kek>> keys = store.ListKeks();
  if (!keys.ok()) return keys.status();
  for (const Kek& key : *keys) {
    if (key.state == KekState::kActive) now.key_generation = key.version_number;
  }
  absl::StatusOr<int64_t> left = store.CountDeksBefore(now.key_generation);
  if (!left.ok()) return left.status();
  now.rows_on_old_key = *left;
  for (const auto& [id, unused] : directory.providers) {
    now.in_doubt[id.value] = false;
  }
  for (const ProviderBreaker::Doubt& doubt : refresher.Doubts()) {
    now.in_doubt[doubt.provider.value] = true;
  }
  for (const auto& [key, count] : refresher.counts().Get()) {
    now.refreshes[{key.first.value,
                   std::string(RefreshCounts::NameOf(key.second))}] = count;
  }
  return now;
}

}  // namespace

WebOps::WebOps(const DirectoryHolder& directory, const Readiness& readiness,
               Store& store, const Refresher& refresher, const Stops& stops,
               const Notifier& notifier, Metrics& metrics, WorkerPool& pool)
    : directory_(directory),
      readiness_(readiness),
      store_(store),
      refresher_(refresher),
      stops_(stops),
      notifier_(notifier),
      metrics_(metrics),
      pool_(pool) {}

bool WebOps::Serves(const std::string& path) {
  return path == kLive || path == kReady || path == kMetrics ||
         path == kResource || path == kClientDocumentPath;
}

void WebOps::Handle(WebRequest request, WebRespond respond) {
  // Balancers ask with HEAD too.
  if (request.method != "GET" && request.method != "HEAD") {
    return respond(WrongMethod("GET, HEAD"));
  }
  if (request.path == kLive) return respond(TextResponse(200, "ok\n"));
  if (request.path == kReady) {
    const bool ready = readiness_.ready();
    return respond(
        TextResponse(ready ? 200 : 503, ready ? "ready\n" : "not ready\n"));
  }
  if (request.path == kResource) return respond(ProtectedResource());
  if (request.path == kClientDocumentPath) return respond(ClientDocument());
  if (!IsFromThisHost(request)) {
    return respond(TextResponse(404, "not found\n"));
  }
  ServeMetrics(std::move(respond));
}

void WebOps::ServeMetrics(WebRespond respond) {
  auto way_back = std::make_shared<WebRespond>(std::move(respond));
  bool taken = pool_.Submit([this, way_back] {
    absl::StatusOr<MetricsSnapshot> now =
        TakeSnapshot(store_, *directory_.Get(), refresher_);
    if (!now.ok()) {
      return (*way_back)(TextResponse(503, "the store does not answer\n"));
    }
    now->sealed = readiness_.sealed();
    for (const Stop& stop : stops_.List()) {
      ++now->stops[std::string(NameOf(stop.kind))];
    }
    now->notices = notifier_.counts();
    WebResponse response = TextResponse(200, metrics_.Render(*now));
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    (*way_back)(std::move(response));
  });
  if (!taken) (*way_back)(TextResponse(503, "busy\n"));
}

WebResponse WebOps::ProtectedResource() const {
  std::shared_ptr<const Directory> directory = directory_.Get();
  std::set<std::string> issuers;
  for (const auto& [id, tenant] : directory->tenants) {
    issuers.insert(tenant.identity.issuer);
  }
  for (const auto& [id, issuer] : directory->workload_issuers) {
    issuers.insert(issuer.issuer);
  }
  nlohmann::json document;
  document["resource"] = directory->public_url;
  document["authorization_servers"] = issuers;
  document["bearer_methods_supported"] = {"header"};
  // No scopes_supported: a credential only says who calls. What that agent may
  // do here is the operator's policy, and no scope of its token adds to it.
  return PublicJson(document);
}

WebResponse WebOps::ClientDocument() const {
  std::shared_ptr<const Directory> directory = directory_.Get();
  std::vector<std::string> redirect_uris;
  for (const auto& [id, provider] : directory->providers) {
    if (!provider.client_is_document || !provider.enabled) continue;
    for (const auto& [tenant, unused] : directory->tenants) {
      redirect_uris.push_back(CallbackUrl(*directory, tenant, id));
    }
  }
  if (redirect_uris.empty()) return TextResponse(404, "not found\n");
  nlohmann::json document;
  document["client_id"] =
      absl::StrCat(directory->public_url, kClientDocumentPath);
  document["client_name"] = "tokenvault";
  document["client_uri"] = directory->public_url;
  document["redirect_uris"] = redirect_uris;
  document["grant_types"] = {"authorization_code", "refresh_token"};
  document["response_types"] = nlohmann::json::array({"code"});
  document["token_endpoint_auth_method"] = "none";
  return PublicJson(document);
}

}  // namespace tokenvault
