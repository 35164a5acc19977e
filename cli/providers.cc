#include "cli/providers.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "cli/list_pages.h"
#include "cli/names.h"
#include "cli/plain_text.h"
#include "oauth/preset_catalogue.h"

namespace tokenvault {
namespace {

// A provider may be slow, and four things are looked at.
constexpr absl::Duration kTestPatience = absl::Minutes(2);

absl::StatusOr<v1::ListProvidersResponse> FetchProviders(Session& session) {
  return FetchAllPages<v1::ListProvidersResponse>(
      v1::ListProvidersRequest(), [&](const v1::ListProvidersRequest& page) {
        return session.daemon().Call(&Channel::Admin::ListProviders, page);
      });
}

std::string YesNo(bool yes) { return yes ? "yes" : "no"; }

std::string Checked(const v1::Provider& provider) {
  return provider.verified_on().empty() ? "not yet" : provider.verified_on();
}

std::string ScopeLines(const v1::Provider& provider) {
  std::vector<std::string> lines;
  for (const auto& scope : provider.scopes()) {
    std::string line = scope.alias().empty() ? scope.value() : scope.alias();
    if (!scope.alias().empty() && scope.alias() != scope.value()) {
      absl::StrAppend(&line, " = ", scope.value());
    }
    if (!scope.sentence().empty()) {
      absl::StrAppend(&line, "   ", scope.sentence());
    }
    lines.push_back(std::move(line));
  }
  return absl::StrJoin(lines, "\n");
}

// "redirect_uri" → "redirect URI"
std::string CheckLabel(const std::string& id) {
  return absl::StrReplaceAll(id, {{"_", " "}, {"uri", "URI"}});
}

}  // namespace

int RunProviderList(Session& session) {
  auto providers = FetchProviders(session);
  if (!providers.ok()) return session.Fail(providers.status());
  if (session.PrintedFor(*providers)) return kExitDone;
  Table table({"ID", "NAME", "PRESET", "ENABLED", "NARROWS", "ROTATES",
               "SCOPES", "FACTS CHECKED"});
  for (const auto& provider : providers->providers()) {
    table.Add({ShortName(provider.name()),
               provider.display_name(),
               provider.preset().empty() ? "-" : provider.preset(),
               {YesNo(provider.enabled()),
                provider.enabled() ? Color::kNone : Color::kYellow},
               YesNo(provider.narrows_scope()),
               YesNo(provider.rotates_refresh_token()),
               absl::StrCat(provider.scopes_size()),
               Checked(provider)});
  }
  session.terminal().Print(
      table.ToText(session.terminal(), "no providers are configured"));
  return kExitDone;
}

int RunProviderShow(Session& session, const std::string& id) {
  auto providers = FetchProviders(session);
  if (!providers.ok()) return session.Fail(providers.status());
  const std::string name = ResourceName("providers", id);
  for (const auto& provider : providers->providers()) {
    if (provider.name() != name) continue;
    if (session.PrintedFor(provider)) return kExitDone;
    Facts facts(18);
    facts.Add("Provider",
              {ShortName(provider.name()), provider.display_name()});
    facts.AddIfAny("Preset", provider.preset());
    facts.Add("Enabled", {YesNo(provider.enabled())});
    facts.AddIfAny("Register there", provider.redirect_uri());
    facts.AddIfAny("Authorize", provider.authorize_url());
    facts.AddIfAny("Token", provider.token_url());
    facts.AddIfAny("Revocation", provider.revocation());
    facts.Add("Narrows tokens", {YesNo(provider.narrows_scope())});
    facts.Add("Refresh",
              {provider.rotates_refresh_token() ? "gives a new refresh token"
                                                : "keeps the refresh token",
               provider.refresh_invalidates_access_token()
                   ? Cell("ends tokens already handed out", Color::kYellow)
                   : Cell("leaves tokens already handed out")});
    facts.AddIfAny("Scopes", ScopeLines(provider));
    facts.Add("Facts checked", {Checked(provider), provider.source()});
    session.terminal().Print(facts.ToText(session.terminal()));
    return kExitDone;
  }
  return session.Fail(errors::ResourceDenied(name));
}

int RunProviderTest(Session& session, const std::string& id) {
  v1::TestProviderRequest request;
  request.set_name(ResourceName("providers", id));
  if (session.terminal().err_is_terminal()) {
    session.terminal().Overwrite(absl::StrCat("asking ", id, "…"));
  }
  auto answer = session.daemon().Call(&Channel::Admin::TestProvider, request,
                                      kTestPatience);
  if (!answer.ok()) return session.Fail(answer.status());
  bool all_well = true;
  Facts facts(15);
  for (const auto& check : answer->checks()) {
    const bool failed = !check.ok() && !check.skipped();
    all_well = all_well && !failed;
    Cell verdict = check.skipped() ? Cell("-   ", Color::kFaint)
                   : check.ok()    ? Cell("ok  ", Color::kGreen)
                                   : Cell("FAIL", Color::kRed);
    facts.Add(CheckLabel(check.id()), {verdict, check.detail()});
    if (failed && !check.fix().empty()) {
      facts.Add("", {"fix ", check.fix()});
    }
  }
  if (!session.PrintedFor(*answer)) {
    session.terminal().Print(facts.ToText(session.terminal()));
  }
  return all_well ? kExitDone : kExitCheckFailed;
}

int RunProviderPresets(Session& session, const std::string& id) {
  // One shape for programs too: the API's Provider, without what only an
  // operator's configuration can say.
  v1::ListProvidersResponse presets;
  Table table({"PRESET", "NAME", "NEEDS", "FACTS CHECKED"});
  for (const PresetInfo& preset : ListPresets()) {
    if (!id.empty() && preset.name != id) continue;
    v1::Provider& shown = *presets.add_providers();
    shown.set_preset(preset.name);
    shown.set_display_name(preset.display_name);
    if (!preset.facts.empty()) {
      shown.set_source(preset.facts.front().source);
      shown.set_verified_on(preset.facts.front().verified_on);
    }
    std::vector<std::string> needs;
    for (const std::string& var : preset.vars) {
      needs.push_back(absl::StrCat("vars.", var));
    }
    table.Add({preset.name, preset.display_name, absl::StrJoin(needs, ", "),
               Checked(shown)});
  }
  if (!id.empty() && presets.providers().empty()) {
    return session.FailUsage(absl::StrCat("there is no preset ", id),
                             "run 'tokenvault provider presets' to see them");
  }
  if (!session.PrintedFor(presets)) {
    session.terminal().Print(
        table.ToText(session.terminal(), "no presets are compiled in"));
    for (const PresetInfo& preset : ListPresets()) {
      if (preset.name != id) continue;
      for (const ProviderFact& fact : preset.facts) {
        session.terminal().Print(SanitizeText(absl::StrCat(
            "\n", absl::StrJoin(fact.fields, ", "), "\n  from ", fact.source,
            fact.verified_on.empty()
                ? ", not checked yet\n"
                : absl::StrCat(", checked ", fact.verified_on, "\n"))));
      }
    }
  }
  return kExitDone;
}

}  // namespace tokenvault
