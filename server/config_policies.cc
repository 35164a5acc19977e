#include <map>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
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
    std::string effect =
        table.OneOf("effect", {"allow", "deny", "require_approval"}, "");
    if (effect == "require_approval") {
      table.Problem("effect",
                    "approvals are not built in this version: write "
                    "\"allow\" or \"deny\"");
    } else if (effect.empty() && !table.Has("effect")) {
      table.Problem("effect", "effect is missing: write \"allow\" or \"deny\"");
    }
    rule.effect = effect == "allow" ? Effect::kAllow : Effect::kDeny;
    rule.agent = AgentId(ReadTarget(table, "agent", agents));
    rule.provider = ProviderId(ReadTarget(table, "provider", providers));
    ReadScopes(table, directory, rule);
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
