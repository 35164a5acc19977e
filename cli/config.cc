#include "cli/config.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/humanize.h"
#include "cli/plain_text.h"
#include "server/config.h"
#include "tokenvault/v1/local_results.pb.h"

namespace tokenvault {

int RunConfigCheck(Session& session, const std::string& file) {
  ConfigSources sources;
  sources.file = file;
  auto config = LoadConfig(sources);
  if (!config.ok()) {
    // One problem a line, each with its own advice.
    return session.Fail(config.status(), FaultOrigin::kHere,
                        "docs/configuration.md names every key");
  }
  const Directory& directory = *config->directory;
  v1::ConfigCheckResult result;
  result.set_config_generation(config->generation);
  result.set_providers(static_cast<int>(directory.providers.size()));
  result.set_agents(static_cast<int>(directory.agents.size()));
  result.set_policies(static_cast<int>(directory.policy.rules().size()));
  result.set_database(config->storage.path);
  std::vector<std::string> roots;
  for (const RootSourceSettings& source : config->root_sources) {
    roots.push_back(source.id);
  }
  result.set_seal_type(absl::StrJoin(roots, ", "));
  for (const std::string& warning : config->warnings) {
    session.terminal().Complain(absl::StrCat("warning: ", warning));
    result.add_warnings(warning);
  }
  if (session.PrintedFor(result)) return kExitDone;
  Facts facts(18);
  facts.Add("Config", {result.config_generation(), {"valid", Color::kGreen}});
  facts.Add("Providers", {Grouped(result.providers())});
  facts.Add("Agents", {Grouped(result.agents())});
  facts.Add("Policies", {Grouped(result.policies())});
  facts.Add("Storage", {result.database()});
  facts.Add("Seal", {result.seal_type()});
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

int RunConfigShow(Session& session) {
  auto config =
      session.daemon().Call(&Channel::Admin::GetConfig, v1::GetConfigRequest());
  if (!config.ok()) return session.Fail(config.status());
  if (session.PrintedFor(*config)) return kExitDone;
  Table table({"KEY", "VALUE", "ORIGIN"});
  for (const auto& value : config->values()) {
    table.Add({value.key(), value.value(), value.origin()});
  }
  session.terminal().Print(table.ToText(session.terminal(), "no values"));
  return kExitDone;
}

int RunConfigReload(Session& session, bool dry_run) {
  v1::ReloadConfigRequest request;
  request.set_validate_only(dry_run);
  auto answer = session.daemon().Call(&Channel::Admin::ReloadConfig, request);
  if (!answer.ok()) {
    return session.Fail(answer.status(), FaultOrigin::kServer,
                        absl::IsInvalidArgument(answer.status())
                            ? "the daemon keeps the configuration it has"
                            : "");
  }
  for (const std::string& warning : answer->warnings()) {
    session.terminal().Complain(absl::StrCat("warning: ", warning));
  }
  if (session.PrintedFor(*answer)) return kExitDone;
  std::string text =
      absl::StrCat(dry_run ? "Would load   " : "Loaded   ",
                   SanitizeLine(answer->config_generation()), "\n");
  for (const std::string& key : answer->needs_restart()) {
    absl::StrAppend(&text, "Needs a restart   ", SanitizeLine(key), "\n");
  }
  session.terminal().Print(text);
  return kExitDone;
}

}  // namespace tokenvault
