#include "bench/seeded_config.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bench/transport.h"

namespace tokenvault {
namespace {

// The short grace: a client of ours that has nothing to ask does not hear that
// the daemon wants to go.
constexpr char kSeededConfig[] = R"([server]
@GRPC@
http_listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8080"
admin_listen = "unix:@FOLDER@/admin.sock"
log_level = "warning"
shutdown_grace = "1s"

[seal]
type = "file"
key_file = "@FOLDER@/root.key"

[storage]
path = "@FOLDER@/vault.db"

[[tenants]]
id = "default"
name = "Bench"
issuer = "https://login.example.com"
client_id = "bench"

[[agents]]
id = "bench-agent"
name = "Bench Agent"
auth = @AUTH@
may_assert_user = true

[[providers]]
id = "bench"
client_id = "bench"
preset = "generic-oauth2"
client_auth = "none"
authorize_url = "@ENDPOINT@/authorize"
token_url = "@ENDPOINT@/token"
narrowing = "refresh_scope"
refresh.rotation = "none"
scopes."calendar.read".says.en = "see your events"
scopes."calendar.write".says.en = "change your events"

[[policies]]
id = "reads"
effect = "allow"
agent = "bench-agent"
provider = "bench"
scopes = ["calendar.read"]
)";

// The keys of [server] by which agents come in.
std::string ListenerKeys(const SeededVault& vault) {
  const Certificates& made = vault.certificates;
  switch (vault.transport) {
    case Transport::kTcp:
      return "grpc_listen = \"127.0.0.1:0\"";
    case Transport::kUnixSocket:
      return absl::StrCat("grpc_listen = \"unix:", vault.folder,
                          "/agents.sock\"");
    case Transport::kMtls:
      return absl::StrCat("grpc_listen = \"127.0.0.1:0\"\n",
                          "grpc_tls_cert_file = \"", made.server(), "\"\n",
                          "grpc_tls_key_file = \"", made.server_key(), "\"\n",
                          "grpc_client_ca_file = \"", made.authority(),
                          "\"\ntrust_domains = [\"", kBenchTrustDomain, "\"]");
  }
  return "";
}

std::string AgentAuth(Transport transport) {
  return transport == Transport::kMtls
             ? absl::StrCat("{ type = \"mtls\", spiffe_id = \"", kBenchSpiffeId,
                            "\" }")
             : "{ type = \"dev\" }";
}

}  // namespace

std::string ConfigOf(const SeededVault& vault) {
  return absl::StrReplaceAll(kSeededConfig,
                             {{"@FOLDER@", vault.folder},
                              {"@ENDPOINT@", vault.token_endpoint},
                              {"@GRPC@", ListenerKeys(vault)},
                              {"@AUTH@", AgentAuth(vault.transport)}});
}

}  // namespace tokenvault
