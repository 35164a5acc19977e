#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "oauth/address_guard.h"
#include "oauth/url.h"
#include "server/config_sections.h"
#include "server/listener_address.h"
#include "server/spiffe_id.h"

namespace tokenvault {
namespace {

// Well within a refresh's lease.
constexpr absl::Duration kLongestProviderCall = absl::Seconds(30);

bool IsCredentialName(absl::string_view name) {
  return !name.empty() && name.size() <= 255 && name[0] != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

bool IsLoopbackHost(absl::string_view host) {
  if (host == "localhost") return true;
  auto ip = IpAddress::Parse(host);
  return ip.ok() && ip->IsLoopback();
}

// A listener's address, checked for shape and for the promise of dev mode.
std::optional<ListenerAddress> ReadListener(ConfigTable& table,
                                            absl::string_view key,
                                            absl::string_view otherwise,
                                            const ConfigContext& context,
                                            std::string& text) {
  text = table.String(key, otherwise);
  auto address = ParseListenerAddress(text);
  if (!address.has_value()) {
    table.Problem(key, absl::StrCat(key,
                                    " is not an address to listen on: "
                                    "write \"unix:/path\", "
                                    "\"127.0.0.1:8443\" or \"[::1]:8443\""));
    return std::nullopt;
  }
  if (context.options.dev && !address->is_local()) {
    table.Problem(
        key, absl::StrCat(key,
                          " must be loopback or unix: with --dev, because "
                          "dev credentials are names that anybody can say"));
  }
  return address;
}

void CheckGrpc(ConfigTable& table, const ServerSettings& settings,
               const ListenerAddress& address, const ConfigContext& context) {
  bool any = !settings.grpc_tls_cert_file.empty() ||
             !settings.grpc_tls_key_file.empty() ||
             !settings.grpc_client_ca_file.empty();
  bool all = !settings.grpc_tls_cert_file.empty() &&
             !settings.grpc_tls_key_file.empty() &&
             !settings.grpc_client_ca_file.empty();
  if (!address.is_unix() && !all && (any || !context.options.dev)) {
    table.Problem("grpc_listen",
                  "gRPC over TCP requires a client certificate: write "
                  "grpc_tls_cert_file, grpc_tls_key_file and "
                  "grpc_client_ca_file, or listen on \"unix:/path\"");
  } else if (address.is_unix() && any) {
    table.Problem("grpc_listen",
                  "a unix: listener has no TLS: leave out grpc_tls_cert_file, "
                  "grpc_tls_key_file and grpc_client_ca_file");
  }
}

void CheckHttp(ConfigTable& table, const ServerSettings& settings,
               const ListenerAddress& address, const ConfigContext& context) {
  bool cert = !settings.http_tls_cert_file.empty();
  bool key = !settings.http_tls_key_file.empty();
  if (cert != key) {
    table.Problem("http_listen",
                  "http_tls_cert_file and http_tls_key_file go together: write "
                  "both or neither");
  } else if (!cert && !settings.http_client_ca_file.empty()) {
    table.Problem("http_client_ca_file",
                  "client certificates need TLS: write http_tls_cert_file and "
                  "http_tls_key_file");
  } else if (cert && address.is_unix()) {
    table.Problem("http_listen",
                  "a unix: listener has no TLS: leave out http_tls_cert_file "
                  "and http_tls_key_file");
  } else if (!cert && !address.is_local() && !context.options.dev) {
    table.Problem(
        "http_listen",
        "HTTP without TLS may listen on loopback or unix: only: write "
        "http_tls_cert_file and http_tls_key_file, or let a proxy on "
        "this machine do TLS");
  }
}

}  // namespace

std::string ReadPath(ConfigTable& table, absl::string_view key,
                     const ConfigContext& context) {
  std::string text = table.String(key, "");
  absl::string_view name = text;
  if (text.empty()) return "";
  if (absl::ConsumePrefix(&name, "cred:")) {
    if (!IsCredentialName(name)) {
      table.Problem(key, absl::StrCat(key,
                                      " wants a name of letters, digits, "
                                      "'.', '-' and '_' after cred:"));
      return "";
    }
    return absl::StrCat(context.options.credentials_directory, "/", name);
  }
  if (!absl::StartsWith(text, "/") || text.find('\0') != std::string::npos) {
    table.Problem(key, absl::StrCat(key,
                                    " wants an absolute path, or "
                                    "\"cred:NAME\" for a credential of "
                                    "systemd"));
    return "";
  }
  return text;
}

std::shared_ptr<const Secret> ReadSecretFile(ConfigTable& table,
                                             absl::string_view key,
                                             const ConfigContext& context) {
  if (ReadPath(table, key, context).empty()) return nullptr;
  if (context.options.read_secret == nullptr) {
    return std::make_shared<Secret>(Secret::Copy("secret"));
  }
  auto secret = context.options.read_secret(table.Find(key)->text);
  if (secret.ok()) return std::make_shared<Secret>(*std::move(secret));
  if (absl::IsUnavailable(secret.status())) {
    context.report.warnings.push_back(
        absl::StrCat(table.Where(key), ": ", secret.status().message()));
    return std::make_shared<Secret>(Secret::Copy("secret"));
  }
  table.Problem(key, secret.status().message());
  return nullptr;
}

bool CheckUrl(ConfigTable& table, absl::string_view key, absl::string_view url,
              const ConfigContext& context) {
  auto parsed = ParseUrl(url);
  if (!parsed.ok()) {
    table.Problem(key, absl::StrCat(key,
                                    " is not a URL: write https://…, "
                                    "without a user name or a fragment"));
    return false;
  }
  if (parsed->scheme == "https") return true;
  if (!context.options.dev) {
    table.Problem(key, absl::StrCat(key, " must be https"));
    return false;
  }
  if (!IsLoopbackHost(parsed->host)) {
    table.Problem(key,
                  absl::StrCat(key, " must be https, or http to this machine"));
    return false;
  }
  return true;
}

ServerSettings ReadServer(const ConfigNode& root,
                          const ConfigContext& context) {
  ConfigTable table(root.Find("server"), "server", context.report);
  ServerSettings settings;
  auto grpc =
      ReadListener(table, "grpc_listen", "unix:/run/tokenvault/grpc.sock",
                   context, settings.grpc_listen);
  settings.grpc_tls_cert_file = ReadPath(table, "grpc_tls_cert_file", context);
  settings.grpc_tls_key_file = ReadPath(table, "grpc_tls_key_file", context);
  settings.grpc_client_ca_file =
      ReadPath(table, "grpc_client_ca_file", context);
  settings.trust_domains = table.Strings("trust_domains", {});
  auto http = ReadListener(table, "http_listen", "127.0.0.1:8080", context,
                           settings.http_listen);
  settings.http_tls_cert_file = ReadPath(table, "http_tls_cert_file", context);
  settings.http_tls_key_file = ReadPath(table, "http_tls_key_file", context);
  settings.http_client_ca_file =
      ReadPath(table, "http_client_ca_file", context);
  settings.public_url =
      table.RequiredString("public_url",
                           "write where browsers reach http_listen, such as "
                           "\"https://connect.example.com\"");
  auto admin =
      ReadListener(table, "admin_listen", "unix:/run/tokenvault/admin.sock",
                   context, settings.admin_listen);
  settings.reflection = table.Bool("reflection", context.options.dev);
  settings.shutdown_grace =
      table.Duration("shutdown_grace", absl::Seconds(20), absl::ZeroDuration());
  settings.log_level =
      table.OneOf("log_level", {"debug", "info", "warning", "error"}, "info");
  settings.seccomp = table.OneOf("seccomp", {"kill", "log", "off"}, "kill");
  settings.allow_swap = table.Bool("allow_swap", context.options.dev);
  table.Finish();

  if (grpc.has_value()) CheckGrpc(table, settings, *grpc, context);
  if (http.has_value()) CheckHttp(table, settings, *http, context);
  if (admin.has_value() && !admin->is_unix()) {
    table.Problem(
        "admin_listen",
        "admin_listen must be \"unix:/path\": who may open the socket "
        "is an operator");
  }
  for (const std::string& domain : settings.trust_domains) {
    if (IsTrustDomain(domain)) continue;
    table.Problem("trust_domains",
                  "trust_domains wants names such as \"example.com\": lower "
                  "case, without spiffe://");
  }
  if (!settings.public_url.empty() &&
      CheckUrl(table, "public_url", settings.public_url, context) &&
      ParseUrl(settings.public_url)->Origin() != settings.public_url) {
    table.Problem("public_url",
                  "public_url is a scheme and a host (and a port) in lower "
                  "case, without a path or a slash at the end: "
                  "\"https://connect.example.com\"");
  }
  return settings;
}

StorageSettings ReadStorage(const ConfigNode& root,
                            const ConfigContext& context) {
  ConfigTable table(root.Find("storage"), "storage", context.report);
  StorageSettings settings;
  settings.path = table.String("path", context.options.dev
                                           ? ":memory:"
                                           : "/var/lib/tokenvault/vault.db");
  table.Finish();
  if (settings.path == ":memory:") {
    if (!context.options.dev) {
      table.Problem("path",
                    "path = \":memory:\" forgets everything at the end and is "
                    "for --dev only: write an absolute path");
    }
  } else if (!absl::StartsWith(settings.path, "/") ||
             settings.path.find('\0') != std::string::npos) {
    table.Problem("path", "path wants an absolute path");
  }
  return settings;
}

EgressSettings ReadEgress(const ConfigNode& root,
                          const ConfigContext& context) {
  ConfigTable table(root.Find("egress"), "egress", context.report);
  EgressSettings settings;
  settings.allow_http_loopback =
      table.Bool("allow_http_loopback", context.options.dev);
  settings.allow = table.Strings("allow", {});
  settings.ca_file = ReadPath(table, "ca_file", context);
  settings.timeout =
      table.Duration("timeout", absl::Seconds(10), absl::Seconds(1));
  table.Finish();
  if (settings.allow_http_loopback && !context.options.dev) {
    table.Problem("allow_http_loopback",
                  "allow_http_loopback is for --dev only: leave it out");
  }
  for (const std::string& range : settings.allow) {
    if (Cidr::Parse(range).ok()) continue;
    table.Problem(
        "allow",
        "allow wants ranges such as \"10.1.0.0/16\", with no bits set "
        "behind the prefix");
  }
  if (settings.timeout > kLongestProviderCall) {
    table.Problem("timeout", "timeout is at most \"30s\"");
  }
  return settings;
}

TokenRules ReadTokens(const ConfigNode& root, const ConfigContext& context) {
  ConfigTable table(root.Find("tokens"), "tokens", context.report);
  TokenRules rules;
  rules.max_ttl = table.Duration("max_ttl", rules.max_ttl, absl::Minutes(1));
  rules.allow_long_lived =
      table.OneOf("long_lived", {"deny", "allow"}, "deny") == "allow";
  rules.allow_policy_only =
      table.OneOf("policy_only_scope", {"deny", "allow"}, "deny") == "allow";
  table.Finish();
  return rules;
}

}  // namespace tokenvault
