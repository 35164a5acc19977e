#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "oauth/jwks.h"
#include "oauth/preset_catalogue.h"
#include "server/config_sections.h"
#include "server/display_name.h"
#include "server/spiffe_id.h"
#include "vault/provider_call.h"

namespace tokenvault {
namespace {

// Where each id was first given. An id given twice is an error that names both
// places.
class Ids {
 public:
  // False, with a problem, when the id is bad or taken.
  bool Take(ConfigTable& table, absl::string_view noun, absl::string_view key,
            const std::string& id) {
    if (id.empty()) return false;
    auto [it, is_new] = places_.emplace(id, table.Where(key));
    if (is_new) return true;
    table.Problem(key, absl::StrCat(noun, " \"", id, "\" is already given at ",
                                    it->second, ": rename one of them"));
    return false;
  }

  std::vector<std::string> All() const {
    std::vector<std::string> all;
    for (const auto& [id, place] : places_) all.push_back(id);
    return all;
  }

 private:
  std::map<std::string, std::string> places_;
};

std::string ReadDisplayName(ConfigTable& table, absl::string_view key,
                            const std::string& otherwise) {
  std::string name = table.String(key, otherwise);
  if (!name.empty() || table.Has(key)) {
    if (auto problem = DisplayNameProblem(name)) {
      table.Problem(key, absl::StrCat(key, " ", *problem));
      return otherwise;
    }
  }
  return name;
}

void ReadTenant(const ConfigNode& node, const ConfigContext& context, Ids& ids,
                Directory& directory) {
  ConfigTable table(&node, "tenants", context.report);
  Tenant tenant;
  tenant.id = TenantId(table.RequiredId("id"));
  table.Rename(absl::StrCat("tenants.", tenant.id.value));
  tenant.name = ReadDisplayName(table, "name", tenant.id.value);
  IdentityProvider& identity = tenant.identity;
  identity.issuer = table.RequiredString(
      "issuer",
      "write the issuer of the identity provider, as its discovery "
      "document has it");
  if (!identity.issuer.empty()) {
    CheckUrl(table, "issuer", identity.issuer, context);
  }
  identity.client_id = table.RequiredString(
      "client_id",
      "write the id that the identity provider gave to tokenvault");
  identity.client_secret = ReadSecretFile(table, "client_secret_file", context);
  identity.scopes = ScopeSet(table.Strings("scopes", identity.scopes.values()));
  identity.user_token_audience =
      table.String("user_token_audience", identity.client_id);
  identity.groups_claim = table.String("groups_claim", identity.groups_claim);
  table.Finish();
  if (identity.groups_claim.empty()) {
    table.Problem("groups_claim",
                  "groups_claim is empty: write the name of the claim, or "
                  "leave it out for \"groups\"");
  }
  if (!identity.scopes.Contains("openid")) {
    table.Problem("scopes", "scopes must contain \"openid\"");
  }
  if (ids.Take(table, "tenant", "id", tenant.id.value)) {
    directory.tenants.emplace(tenant.id, std::move(tenant));
  }
}

void ReadWorkloadIssuer(const ConfigNode& node, const ConfigContext& context,
                        Ids& ids, Directory& directory) {
  ConfigTable table(&node, "workload_issuers", context.report);
  WorkloadIssuer issuer;
  issuer.issuer = table.RequiredString(
      "issuer", "write the iss of the tokens that workloads bring");
  table.Rename(absl::StrCat("workload_issuers.", issuer.issuer));
  if (!issuer.issuer.empty()) {
    CheckUrl(table, "issuer", issuer.issuer, context);
  }
  issuer.jwks_uri = table.String("jwks_uri", "");
  if (!issuer.jwks_uri.empty()) {
    CheckUrl(table, "jwks_uri", issuer.jwks_uri, context);
  }
  issuer.audience = table.RequiredString(
      "audience",
      "write what the aud of these tokens must be, such as "
      "\"tokenvault\"");
  issuer.algorithms = table.Strings("algorithms", issuer.algorithms);
  issuer.max_lifetime =
      table.Duration("max_lifetime", issuer.max_lifetime, absl::Seconds(30));
  table.Finish();
  const std::vector<std::string> known = {
      std::string(JwsAlgorithmName(JwsAlgorithm::kRs256)),
      std::string(JwsAlgorithmName(JwsAlgorithm::kPs256)),
      std::string(JwsAlgorithmName(JwsAlgorithm::kEs256)),
      std::string(JwsAlgorithmName(JwsAlgorithm::kEdDsa))};
  bool good = !issuer.algorithms.empty();
  for (const std::string& name : issuer.algorithms) {
    good = good && std::find(known.begin(), known.end(), name) != known.end();
  }
  if (!good) {
    table.Problem("algorithms", absl::StrCat("algorithms are some of: ",
                                             absl::StrJoin(known, ", ")));
  }
  if (ids.Take(table, "issuer", "issuer", issuer.issuer)) {
    directory.workload_issuers.emplace(issuer.issuer, std::move(issuer));
  }
}

void ReadAgentAuth(ConfigTable& agent_table,
                   const std::vector<std::string>& trust_domains,
                   const ConfigContext& context, const Directory& directory,
                   Ids& credentials, Agent& agent) {
  const ConfigNode* node = agent_table.Find("auth");
  if (node == nullptr) {
    agent_table.Problem(
        "auth",
        "auth is missing: write auth = { type = \"mtls\", spiffe_id = "
        "\"spiffe://…\" } or { type = \"jwt\", issuer = …, subject = … }");
    return;
  }
  ConfigTable table(node, absl::StrCat(agent_table.path(), ".auth"),
                    context.report);
  std::vector<std::string> types = {"mtls", "jwt"};
  if (context.options.dev) types.push_back("dev");
  std::string type = table.OneOf("type", types, "");
  if (type == "mtls") {
    std::string text = table.RequiredString(
        "spiffe_id", "write the URI name of the agent's certificate");
    auto spiffe_id = ParseSpiffeId(text);
    if (!spiffe_id.has_value()) {
      if (!text.empty()) {
        table.Problem("spiffe_id",
                      "spiffe_id is not a SPIFFE ID: write "
                      "\"spiffe://domain/path\", without a slash at the end");
      }
    } else if (std::find(trust_domains.begin(), trust_domains.end(),
                         spiffe_id->trust_domain) == trust_domains.end()) {
      table.Problem("spiffe_id",
                    absl::StrCat("trust domain \"", spiffe_id->trust_domain,
                                 "\" is not trusted: add it to trust_domains "
                                 "in [server], or correct the name"));
    } else if (credentials.Take(table, "credential", "spiffe_id", text)) {
      agent.spiffe_id = text;
    }
  } else if (type == "jwt") {
    agent.jwt_issuer =
        table.RequiredString("issuer", "write one of [[workload_issuers]]");
    agent.jwt_subject =
        table.RequiredString("subject", "write the sub of the agent's tokens");
    if (!agent.jwt_issuer.empty() &&
        directory.workload_issuers.count(agent.jwt_issuer) == 0) {
      table.Problem("issuer",
                    "issuer is not one of [[workload_issuers]]: add it there, "
                    "or correct the name");
    }
    if (!agent.jwt_subject.empty()) {
      credentials.Take(
          table, "credential", "subject",
          absl::StrCat(agent.jwt_subject, " of ", agent.jwt_issuer));
    }
  } else if (type.empty()) {
    if (!table.Has("type")) {
      table.Problem("type", "type is missing: write \"mtls\" or \"jwt\"");
    }
    // Without a type, nobody knows which other keys it may have.
    return;
  }
  table.Finish();
}

void ReadAgent(const ConfigNode& node,
               const std::vector<std::string>& trust_domains,
               const ConfigContext& context, Ids& ids, Ids& credentials,
               std::map<std::string, std::string>& lookalikes,
               Directory& directory) {
  ConfigTable table(&node, "agents", context.report);
  Agent agent;
  agent.id = AgentId(table.RequiredId("id"));
  table.Rename(absl::StrCat("agents.", agent.id.value));
  agent.name = ReadDisplayName(table, "name", agent.id.value);
  agent.owner = ReadDisplayName(table, "owner", "");
  agent.tenant = ReadTenantOf(table, directory, "this agent's");
  ReadAgentAuth(table, trust_domains, context, directory, credentials, agent);
  agent.may_assert_user = table.Bool("may_assert_user", false);
  agent.may_manage_connections = table.Bool("may_manage_connections", false);
  agent.may_confirm_people = table.Bool("may_confirm_people", false);
  agent.may_relay_approvals = table.Bool("may_relay_approvals", false);
  agent.owner_subject = table.String("owner_subject", "");
  agent.return_uris = table.Strings("return_uris", {});
  table.Finish();

  for (const std::string& uri : agent.return_uris) {
    if (!CheckUrl(table, "return_uris", uri, context)) break;
  }
  if (agent.may_confirm_people &&
      (!agent.may_manage_connections || agent.return_uris.empty())) {
    table.Problem("may_confirm_people",
                  "an agent that confirms people needs may_manage_connections "
                  "too, and return_uris for their browsers to come back to");
  }
  if (!ids.Take(table, "agent", "id", agent.id.value)) return;
  // Two agents of a tenant that people would take for one another are a trap on
  // the consent page, whoever set it.
  auto [twin, is_new] = lookalikes.emplace(
      absl::StrCat(agent.tenant.value, "/", LookalikeKey(agent.name)),
      agent.id.value);
  if (!is_new) {
    table.Problem(table.Has("name") ? "name" : "id",
                  absl::StrCat("people would take this name for the one of "
                               "agent \"",
                               twin->second, "\": give it a name of its own"));
  }
  directory.agents.emplace(agent.id, std::move(agent));
}

// Fields of providers are known to oauth/ only, so what is shown is what is
// written.
void ShowProvider(const ConfigNode& node, const std::string& path,
                  ConfigReport& report) {
  for (const auto& [key, value] : node.entries) {
    // Shown by who read them.
    if (key == "id" || key == "client_secret_file") continue;
    std::string name = absl::StrCat(path, ".", key);
    if (value.kind == ConfigNode::Kind::kTable) {
      ShowProvider(value, name, report);
    } else {
      report.effective.push_back({name, value.ToToml(), value.place});
    }
  }
}

bool HasLiteralSecret(const ConfigNode& node) {
  ConfigReport report;
  ReportLiteralSecrets(node, report);
  return !report.problems.empty();
}

std::vector<std::string> ReadProviders(const MergedConfig& merged,
                                       const std::vector<ConfigText>& texts,
                                       const ConfigContext& context,
                                       Directory& directory) {
  std::vector<std::string> broken;
  Ids ids;
  const PresetCatalogue presets = ReadPresets(context);
  const auto& nodes = TablesOf(merged.root, "providers", context.report);
  for (size_t i = 0; i < nodes.size() && i < merged.provider_texts.size();
       ++i) {
    ConfigTable table(&nodes[i], "providers", context.report);
    std::string id = table.RequiredId("id");
    ProviderConfig config;
    table.Rename(absl::StrCat("providers.", id));
    config.client_secret = ReadSecretFile(table, "client_secret_file", context);
    if (!ids.Take(table, "provider", "id", id)) continue;
    ShowProvider(nodes[i], table.path(), context.report);
    broken.push_back(id);
    // A secret that could not be read, or that stands here, is reported.
    if (table.Has("client_secret_file") && config.client_secret == nullptr) {
      continue;
    }
    if (HasLiteralSecret(nodes[i])) continue;
    const ConfigText& text = texts[merged.provider_texts[i]];
    config.file = text.name;
    config.toml = text.toml;
    config.index = merged.provider_indexes[i];
    config.allow_http_loopback = context.options.dev;
    config.client_document_url =
        absl::StrCat(directory.public_url, kClientDocumentPath);
    auto provider = presets.Make(config);
    if (!provider.ok()) {
      context.report.Problem(provider.status());
      continue;
    }
    // Nobody shall be asked for a consent that leads to no token.
    if (provider->enabled && !directory.tokens.allow_long_lived &&
        provider->expires_source == ExpirySource::kNever) {
      table.Problem(table.Has("enabled") ? "enabled" : "preset",
                    "tokens of this provider never expire: set long_lived = "
                    "\"allow\" in [tokens] to hand them out all the same");
      continue;
    }
    broken.pop_back();
    const ProviderId key = provider->id;
    directory.providers.emplace(key, *std::move(provider));
  }
  return broken;
}

}  // namespace

TenantId ReadTenantOf(ConfigTable& table, const Directory& directory,
                      absl::string_view whose) {
  const std::string only_tenant = directory.tenants.size() == 1
                                      ? directory.tenants.begin()->first.value
                                      : "";
  TenantId named(table.String("tenant", only_tenant));
  if (named.empty() && directory.tenants.size() > 1) {
    table.Problem(
        "tenant",
        absl::StrCat("tenant is missing: there are several, write ", whose));
  } else if (!named.empty() && directory.FindTenant(named) == nullptr) {
    std::vector<std::string> known;
    for (const auto& [id, tenant] : directory.tenants) {
      known.push_back(id.value);
    }
    table.Problem("tenant", absl::StrCat("there is no tenant \"", named.value,
                                         "\"", DidYouMean(named.value, known)));
  }
  return named;
}

const std::vector<ConfigNode>& TablesOf(const ConfigNode& root,
                                        absl::string_view key,
                                        ConfigReport& report) {
  static const auto* const kNone = new std::vector<ConfigNode>();
  const ConfigNode* node = root.Find(key);
  if (node == nullptr) return *kNone;
  if (node->kind != ConfigNode::Kind::kArray) {
    report.Problem(node->place, absl::StrCat("write [[", key,
                                             "]], in two "
                                             "brackets: there may be several"));
    return *kNone;
  }
  return node->items;
}

void ReadDirectory(const MergedConfig& merged,
                   const std::vector<ConfigText>& texts,
                   const std::vector<std::string>& trust_domains,
                   const ConfigContext& context, Directory& directory) {
  const ConfigNode& root = merged.root;
  ConfigReport& report = context.report;
  Ids tenants, issuers, agents, credentials;
  for (const ConfigNode& node : TablesOf(root, "tenants", report)) {
    ReadTenant(node, context, tenants, directory);
  }
  if (root.Find("tenants") == nullptr) {
    report.Problem(
        "[[tenants]]",
        "there is no tenant: write [[tenants]] with id, name, issuer "
        "and client_id, for the people to sign in");
  }
  for (const ConfigNode& node : TablesOf(root, "workload_issuers", report)) {
    ReadWorkloadIssuer(node, context, issuers, directory);
  }
  std::map<std::string, std::string> lookalikes;
  for (const ConfigNode& node : TablesOf(root, "agents", report)) {
    ReadAgent(node, trust_domains, context, agents, credentials, lookalikes,
              directory);
  }
  std::vector<std::string> broken =
      ReadProviders(merged, texts, context, directory);
  directory.policy = Policy(ReadPolicies(root, directory, broken, report));
  if (directory.policy.rules().empty()) {
    report.warnings.push_back(
        "there are no [[policies]], so every request will be denied");
  }
}

}  // namespace tokenvault
