#include "server/demo/clients.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/hash.h"
#include "oauth/url.h"
#include "server/demo/provider.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr size_t kMostDocuments = 64;
constexpr size_t kMostRedirectUris = 16;
constexpr size_t kLongestUrl = 512;
constexpr char kGuestPath[] = "/callback";

struct Registered {
  absl::string_view id;
  absl::string_view secret;
  absl::string_view name;
};
constexpr Registered kRegistered[] = {
    {kDemoLoginClient, kDemoLoginSecret, "tokenvault"},
    {kDemoClient, kDemoSecret, "tokenvault"},
    {kDemoGuestClient, kDemoGuestSecret, "your client"},
};

const Registered* FindRegistered(absl::string_view id) {
  for (const Registered& client : kRegistered) {
    if (client.id == id) return &client;
  }
  return nullptr;
}

bool IsSecretOf(absl::string_view id, absl::string_view secret) {
  const Registered* client = FindRegistered(id);
  return client != nullptr && EqualInConstantTime(secret, client->secret);
}

std::optional<std::string> FormUnescape(absl::string_view text) {
  auto parsed = ParseQuery(absl::StrCat("x=", text));
  if (!parsed.ok() || parsed->size() != 1) return std::nullopt;
  return (*parsed)[0].second;
}

bool IsLoopback(const Url& url) {
  return url.scheme == "http" && (url.host == "127.0.0.1" ||
                                  url.host == "localhost" || url.host == "::1");
}

}  // namespace

void DemoClients::SetRedirectUris(absl::string_view client,
                                  std::vector<std::string> uris) {
  redirect_uris_[std::string(client)] = std::move(uris);
}

bool DemoClients::IsDocumentUrl(absl::string_view id) {
  if (id.size() > kLongestUrl) return false;
  auto url = ParseUrl(id);
  return url.ok() && IsLoopback(*url) && url->path.size() > 1 &&
         url->query.empty();
}

void DemoClients::LearnDocument(const std::string& url,
                                absl::string_view document) {
  documents_.erase(url);
  order_.erase(std::remove(order_.begin(), order_.end(), url), order_.end());

  auto root = json::parse(document.begin(), document.end(), nullptr,
                          /*allow_exceptions=*/false);
  if (!root.is_object()) return;
  auto text = [&root](const char* name) -> std::string {
    auto it = root.find(name);
    return it != root.end() && it->is_string() ? it->get<std::string>() : "";
  };
  auto uris = root.find("redirect_uris");
  if (text("client_id") != url ||
      text("token_endpoint_auth_method") != "none" || uris == root.end() ||
      !uris->is_array() || uris->size() > kMostRedirectUris) {
    return;
  }
  Document found;
  found.name = text("client_name").substr(0, 64);
  for (const json& uri : *uris) {
    if (uri.is_string()) found.redirect_uris.push_back(uri);
  }
  while (order_.size() >= kMostDocuments) {
    documents_.erase(order_.front());
    order_.pop_front();
  }
  documents_[url] = std::move(found);
  order_.push_back(url);
}

bool DemoClients::Knows(absl::string_view client) const {
  if (client == kDemoLoginClient) return persona_.signs_people_in;
  return FindRegistered(client) != nullptr ||
         documents_.count(std::string(client)) > 0;
}

bool DemoClients::MayReturnTo(absl::string_view client,
                              absl::string_view uri) const {
  if (client == kDemoGuestClient) {
    auto url = ParseUrl(uri);
    return url.ok() && IsLoopback(*url) && url->path == kGuestPath &&
           url->query.empty();
  }
  const std::vector<std::string>* uris = nullptr;
  if (auto document = documents_.find(std::string(client));
      document != documents_.end()) {
    uris = &document->second.redirect_uris;
  } else if (auto registered = redirect_uris_.find(std::string(client));
             registered != redirect_uris_.end()) {
    uris = &registered->second;
  }
  return uris != nullptr &&
         std::find(uris->begin(), uris->end(), uri) != uris->end();
}

std::string DemoClients::NameOf(absl::string_view client) const {
  if (const Registered* registered = FindRegistered(client)) {
    return std::string(registered->name);
  }
  auto document = documents_.find(std::string(client));
  if (document == documents_.end() || document->second.name.empty()) {
    return std::string(client);
  }
  // The name is the client's own word; where it comes from is not.
  auto url = ParseUrl(client);
  return absl::StrCat(document->second.name, " (",
                      url.ok() ? url->Origin() : "", ")");
}

std::optional<std::string> DemoClients::Authenticate(
    const WebRequest& request, const DemoFields& fields) const {
  const bool posts = fields.Has("client_secret");
  const std::string named = fields.Get("client_id");
  std::optional<std::string> client;
  if (!request.Header("authorization").empty()) {
    if (posts || !persona_.takes_basic) return std::nullopt;
    client = AuthenticateBasic(request);
    if (client.has_value() && fields.Has("client_id") && named != *client) {
      return std::nullopt;
    }
  } else if (posts) {
    if (!persona_.takes_post || !IsSecretOf(named, fields.Get("client_secret")))
      return std::nullopt;
    client = named;
  } else if (documents_.count(named) > 0) {
    client = named;
  }
  if (!client.has_value() || !Knows(*client)) return std::nullopt;
  return client;
}

std::optional<std::string> DemoClients::AuthenticateBasic(
    const WebRequest& request) {
  const std::string header = request.Header("authorization");
  std::string pair;
  if (!absl::StartsWithIgnoreCase(header, "Basic ") ||
      !absl::Base64Unescape(header.substr(6), &pair)) {
    return std::nullopt;
  }
  const size_t colon = pair.find(':');
  if (colon == std::string::npos) return std::nullopt;
  auto id = FormUnescape(absl::string_view(pair).substr(0, colon));
  auto secret = FormUnescape(absl::string_view(pair).substr(colon + 1));
  if (!id.has_value() || !secret.has_value() || !IsSecretOf(*id, *secret)) {
    return std::nullopt;
  }
  return id;
}

}  // namespace tokenvault
