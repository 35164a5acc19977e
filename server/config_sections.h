#pragma once

#include <optional>
#include <string>
#include <vector>

#include "oauth/preset_catalogue.h"
#include "server/config.h"
#include "server/config_reader.h"
#include "server/config_tree.h"
#include "vault/decision_point.h"
#include "vault/policy.h"

// The sections of a configuration, each from its table to its struct. Inside of
// server/config; whatever is wrong goes to the report and reading goes on.
namespace tokenvault {

struct ConfigContext {
  const ParseOptions& options;
  ConfigReport& report;
};

// All texts in one. `provider_texts[i]` and `provider_indexes[i]` say which
// text, and which [[providers]] of it, the i-th provider is.
struct MergedConfig {
  ConfigNode root;
  std::vector<size_t> provider_texts;
  std::vector<size_t> provider_indexes;
};

ServerSettings ReadServer(const ConfigNode& root, const ConfigContext& context);
// [seal], which is called by its type, then [[root_sources]].
std::vector<RootSourceSettings> ReadRootSources(const ConfigNode& root,
                                                const ConfigContext& context);
StorageSettings ReadStorage(const ConfigNode& root,
                            const ConfigContext& context);
// [audit] and [[witnesses]].
AuditSettings ReadAudit(const ConfigNode& root, const ConfigContext& context);
EgressSettings ReadEgress(const ConfigNode& root, const ConfigContext& context);
// [webhook] and [email].
NoticeSettings ReadNotices(const ConfigNode& root,
                           const ConfigContext& context);
// [decision_point], if it is there.
std::optional<DecisionPoint> ReadDecisionPoint(const ConfigNode& root,
                                               const ConfigContext& context);
// `tenant` of a table, of which it says whose it is: the only tenant, unless
// one is named. After the tenants.
TenantId ReadTenantOf(ConfigTable& table, const Directory& directory,
                      absl::string_view whose);
// [operators], if it is there; after the tenants.
std::optional<Operators> ReadOperators(const ConfigNode& root,
                                       const Directory& directory,
                                       ConfigReport& report);
TokenRules ReadTokens(const ConfigNode& root, const ConfigContext& context);

// The presets that are compiled in, and those of ParseOptions::presets.
PresetCatalogue ReadPresets(const ConfigContext& context);

// [[tenants]], [[workload_issuers]], [[agents]], [[providers]], [[policies]].
void ReadDirectory(const MergedConfig& merged,
                   const std::vector<ConfigText>& texts,
                   const std::vector<std::string>& trust_domains,
                   const ConfigContext& context, Directory& directory);

// [[policies]] alone, for what is in `directory`. Ids in `broken_providers` are
// known, though nothing else is of them.
std::vector<PolicyRule> ReadPolicies(
    const ConfigNode& root, const Directory& directory,
    const std::vector<std::string>& broken_providers, ConfigReport& report);

// The items of [[key]]; none, with a problem, when it is something else.
const std::vector<ConfigNode>& TablesOf(const ConfigNode& root,
                                        absl::string_view key,
                                        ConfigReport& report);

// A path, absolute or "cred:NAME"; "" when the key is absent.
std::string ReadPath(ConfigTable& table, absl::string_view key,
                     const ConfigContext& context);
// What the file holds that the key names; null when the key is absent.
std::shared_ptr<const Secret> ReadSecretFile(ConfigTable& table,
                                             absl::string_view key,
                                             const ConfigContext& context);

// https; in dev also http to loopback. Reports what it is not.
bool CheckUrl(ConfigTable& table, absl::string_view key, absl::string_view url,
              const ConfigContext& context);

}  // namespace tokenvault
