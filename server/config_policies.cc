#include <map>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/config_rule.h"
#include "server/config_sections.h"

namespace tokenvault {
namespace {

std::string ReadTarget(ConfigTable& table, absl::string_view key,
                       const std::vector<std::string>& known) {
  std::string text = table.String(key, "*");
  if (text == "*") return "";
  for (const std::string& name : known) {
    if (name == text) return text;
  }
  table.Problem(key, absl::StrCat("there is no ", key, " \"", text, "\"",
                                  DidYouMean(text, known)));
  return text;
}

Effect ReadEffect(ConfigTable& table) {
  const std::string effect =
      table.OneOf("effect", {"allow", "deny", "require_approval"}, "");
  if (effect.empty() && !table.Has("effect")) {
    table.Problem("effect",
                  "effect is missing: write \"allow\", \"deny\" or "
                  "\"require_approval\"");
  }
  if (effect == "allow") return Effect::kAllow;
  return effect == "require_approval" ? Effect::kRequireApproval
                                      : Effect::kDeny;
}

void ReadScopes(ConfigTable& table, const Directory& directory,
                PolicyRule& rule) {
  std::vector<std::string> resolved;
  std::vector<std::string> names = table.Strings("scopes", {});
  if (names.empty()) {
    table.Problem("scopes",
                  "scopes is missing: write scopes or aliases of the "
                  "provider, or [\"*\"]");
  }
  const Provider* provider = directory.FindProvider(rule.provider);
  for (const std::string& name : names) {
    if (name == "*") {
      rule.any_scope = true;
    } else if (rule.provider.empty()) {
      table.Problem("scopes",
                    "without a provider, scopes can only be [\"*\"]: the same "
                    "word is another scope elsewhere");
    } else if (provider != nullptr) {
      auto scopes = provider->ResolveScopes(ScopeSet({name}));
      if (scopes.ok()) {
        resolved.insert(resolved.end(), scopes->begin(), scopes->end());
      } else if (HasReason(scopes.status(), "SCOPE_UNKNOWN")) {
        std::string nearest = MetadataOf(scopes.status(), "nearest");
        table.Problem(
            "scopes",
            absl::StrCat("provider ", rule.provider.value, " has no scope \"",
                         name, "\"",
                         nearest.empty() ? ""
                                         : absl::StrCat("; did you mean \"",
                                                        nearest, "\"?")));
      } else {
        table.Problem("scopes", absl::StrCat("\"", name, "\" is not a scope"));
      }
    }
  }
  rule.scopes = ScopeSet(std::move(resolved));
}

// A rule that asks for what nobody can have would never allow anything, or
// deny everything.
void CheckResources(ConfigTable& table, const Directory& directory,
                    const PolicyRule& rule) {
  const Provider* provider = directory.FindProvider(rule.provider);
  if (rule.resources.empty() || provider == nullptr || provider->resource ||
      !provider->protected_resource.empty()) {
    return;
  }
  table.Problem("resources",
                absl::StrCat("provider ", rule.provider.value,
                             " knows no resources: leave resources out"));
}

}  // namespace

std::vector<PolicyRule> ReadPolicies(
    const ConfigNode& root, const Directory& directory,
    const std::vector<std::string>& broken_providers, ConfigReport& report) {
  std::vector<std::string> agents;
  for (const auto& [id, agent] : directory.agents) agents.push_back(id.value);
  std::vector<std::string> providers = broken_providers;
  for (const auto& [id, provider] : directory.providers) {
    providers.push_back(id.value);
  }

  std::vector<PolicyRule> rules;
  std::map<std::string, std::string> places;
  for (const ConfigNode& node : TablesOf(root, "policies", report)) {
    ConfigTable table(&node, "policies", report);
    PolicyRule rule;
    rule.id = table.RequiredId("id");
    table.Rename(absl::StrCat("policies.", rule.id));
    rule.effect = ReadEffect(table);
    rule.agent = AgentId(ReadTarget(table, "agent", agents));
    rule.provider = ProviderId(ReadTarget(table, "provider", providers));
    ReadScopes(table, directory, rule);
    ReadConditions(table, report, rule);
    CheckResources(table, directory, rule);
    ReadLimits(table, report, rule);
    ReadApproval(table, report, rule);
    table.Finish();
    if (rule.id.empty()) continue;
    auto [place, is_new] = places.emplace(rule.id, table.Where("id"));
    if (!is_new) {
      table.Problem(
          "id", absl::StrCat("policy \"", rule.id, "\" is already given at ",
                             place->second, ": rename one of them"));
      continue;
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace tokenvault
