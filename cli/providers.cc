#include "cli/providers.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "base/file_descriptor.h"
#include "cli/humanize.h"
#include "cli/list_pages.h"
#include "cli/names.h"
#include "cli/plain_text.h"
#include "oauth/preset_catalogue.h"
#include "oauth/provider_words.h"
#include "tokenvault/v1/local_results.pb.h"

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

// A fact nobody read at its source is somebody's memory.
constexpr char kNotVerified[] = "not verified";

std::string Verified(const v1::Provider& provider) {
  if (!provider.verified_on().empty()) return provider.verified_on();
  for (const v1::ProviderFact& fact : provider.facts()) {
    if (!fact.verified_on().empty()) return "in part";
  }
  return kNotVerified;
}

std::string OrDash(const std::string& text) {
  return text.empty() ? "-" : text;
}

std::string Lifetime(const v1::Provider& provider) {
  if (provider.expires_source() == "never") return "for ever";
  if (!provider.has_default_lifetime()) return "";
  return Lasting(DurationOf(provider.default_lifetime()));
}

Cell TierCell(const v1::Provider& provider) {
  return {OrDash(provider.tier()),
          provider.tier() == "p2" ? Color::kYellow : Color::kNone};
}

std::string FactLines(const v1::Provider& provider) {
  std::vector<std::string> lines;
  for (const v1::ProviderFact& fact : provider.facts()) {
    const std::string verified =
        fact.verified_on().empty()
            ? kNotVerified
            : absl::StrCat("verified ", fact.verified_on());
    lines.push_back(absl::StrCat(absl::StrJoin(fact.fields(), ", "), ": ",
                                 verified, "\n  ", fact.source()));
  }
  return absl::StrJoin(lines, "\n");
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

// What a provider is like, wherever that is known from.
void ShowFacts(const v1::Provider& provider, Facts& facts) {
  facts.AddIfAny("Preset", provider.preset());
  facts.AddIfAny("Tier", provider.tier());
  facts.Add("Enabled", {YesNo(provider.enabled())});
  facts.AddIfAny("Register there", provider.redirect_uri());
  facts.AddIfAny("Authorize", provider.authorize_url());
  facts.AddIfAny("Token", provider.token_url());
  facts.AddIfAny("Narrowing", provider.narrowing());
  facts.AddIfAny("Lifetime", Lifetime(provider));
  std::vector<Cell> refresh = {OrDash(provider.rotation())};
  if (provider.refresh_invalidates_access_token()) {
    refresh.emplace_back("ends tokens already handed out", Color::kYellow);
  }
  if (provider.has_refresh_inactivity()) {
    refresh.emplace_back(
        absl::StrCat("dies unused after ",
                     Lasting(DurationOf(provider.refresh_inactivity()))));
  }
  facts.Add("Rotation", std::move(refresh));
  facts.AddIfAny("Revocation", provider.revocation());
  facts.AddIfAny("By hand", provider.revocation_manual_url());
  facts.AddIfAny("Scopes", ScopeLines(provider));
  facts.Add("Verified", {Verified(provider)});
  facts.AddIfAny("Facts", FactLines(provider));
}

// What is compiled in, in the shape of the API: without what only an operator's
// configuration can say.
v1::Provider ToProvider(const PresetInfo& preset) {
  const Provider& sample = preset.sample;
  v1::Provider shown;
  shown.set_preset(preset.name);
  shown.set_display_name(sample.display_name);
  shown.set_enabled(sample.enabled);
  shown.set_tier(std::string(TierName(sample.tier)));
  shown.set_narrows_scope(sample.narrowing != Narrowing::kNone);
  shown.set_narrowing(std::string(NarrowingName(sample.narrowing)));
  shown.set_rotates_refresh_token(sample.rotation != Rotation::kNone);
  shown.set_rotation(std::string(RotationName(sample.rotation)));
  shown.set_refresh_invalidates_access_token(
      sample.refresh_invalidates_access_token);
  shown.set_expires_source(
      std::string(ExpirySourceName(sample.expires_source)));
  shown.mutable_default_lifetime()->set_seconds(
      absl::ToInt64Seconds(sample.expires_default));
  if (sample.refresh_inactivity > absl::ZeroDuration()) {
    shown.mutable_refresh_inactivity()->set_seconds(
        absl::ToInt64Seconds(sample.refresh_inactivity));
  }
  shown.set_revocation(std::string(RevocationName(sample.revocation_style)));
  shown.set_revocation_manual_url(sample.revocation_manual_url);
  for (const ScopeInfo& scope : sample.scopes) {
    v1::ScopeInfo* info = shown.add_scopes();
    info->set_alias(scope.alias);
    info->set_value(scope.value);
    info->set_sentence(scope.says);
  }
  for (const ProviderFact& fact : sample.facts) {
    v1::ProviderFact* added = shown.add_facts();
    for (const std::string& field : fact.fields) added->add_fields(field);
    added->set_source(fact.source);
    added->set_verified_on(fact.verified_on);
  }
  if (!sample.facts.empty()) shown.set_source(sample.facts.front().source);
  shown.set_verified_on(VerifiedOn(sample.facts));
  return shown;
}

// 0, or the errno; the file is then not there, or not ours.
int WriteNewFile(const std::string& path, const std::string& text) {
  const FileDescriptor file(
      open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.ok()) return errno;
  absl::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = write(file.get(), rest.data(), rest.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      const int problem = errno;
      unlink(path.c_str());
      return problem;
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
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
  Table table({"ID", "NAME", "PRESET", "TIER", "ENABLED", "NARROWING",
               "ROTATION", "LIFETIME", "REVOCATION", "VERIFIED"});
  for (const auto& provider : providers->providers()) {
    table.Add({ShortName(provider.name()),
               provider.display_name(),
               OrDash(provider.preset()),
               TierCell(provider),
               {YesNo(provider.enabled()),
                provider.enabled() ? Color::kNone : Color::kYellow},
               OrDash(provider.narrowing()),
               OrDash(provider.rotation()),
               OrDash(Lifetime(provider)),
               OrDash(provider.revocation()),
               Verified(provider)});
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
    ShowFacts(provider, facts);
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

int RunProviderCaptureFixture(Session& session,
                              const CaptureFixtureOptions& options) {
  v1::CaptureFixtureRequest request;
  request.set_name(ResourceName("providers", options.id));
  if (session.terminal().err_is_terminal()) {
    session.terminal().Overwrite(absl::StrCat("asking ", options.id, "…"));
  }
  auto fixture = session.daemon().Call(&Channel::Admin::CaptureFixture, request,
                                       kTestPatience);
  if (!fixture.ok()) return session.Fail(fixture.status());
  if (options.out.empty()) {
    if (session.PrintedFor(*fixture)) return kExitDone;
    session.terminal().Print(ToIndentedJson(*fixture));
    return kExitDone;
  }
  if (const int problem = WriteNewFile(options.out, ToIndentedJson(*fixture));
      problem != 0) {
    return session.FailUsage(
        absl::StrCat("cannot write ", options.out, ": ", strerror(problem)),
        problem == EEXIST ? "name a file that is not there yet" : "");
  }
  v1::CaptureFixtureResult result;
  result.set_file(options.out);
  result.set_exchanges(fixture->exchanges_size());
  if (!session.PrintedFor(result)) {
    session.terminal().Print(
        absl::StrCat("Wrote ", Counted(result.exchanges(), "answer", "answers"),
                     " to ", SanitizeLine(options.out), "\n"));
  }
  return kExitDone;
}

int RunProviderPresets(Session& session, const std::string& id) {
  v1::ListProvidersResponse presets;
  Table table({"PRESET", "NAME", "TIER", "NEEDS", "NARROWING", "ROTATION",
               "LIFETIME", "REVOCATION", "VERIFIED"});
  std::vector<PresetVariable> vars;
  for (const PresetInfo& preset : PresetCatalogue::BuiltIn().List()) {
    if (!id.empty() && preset.name != id) continue;
    vars = preset.vars;
    v1::Provider& shown = *presets.add_providers();
    shown = ToProvider(preset);
    std::vector<std::string> needs;
    for (const PresetVariable& var : preset.vars) {
      needs.push_back(absl::StrCat("vars.", var.name));
    }
    table.Add({preset.name, shown.display_name(), TierCell(shown),
               absl::StrJoin(needs, ", "), shown.narrowing(), shown.rotation(),
               Lifetime(shown), shown.revocation(), Verified(shown)});
  }
  if (!id.empty() && presets.providers().empty()) {
    return session.FailUsage(absl::StrCat("there is no preset ", id),
                             "run 'tokenvault provider presets' to see them");
  }
  if (session.PrintedFor(presets)) return kExitDone;
  if (id.empty()) {
    session.terminal().Print(
        table.ToText(session.terminal(), "no presets are compiled in"));
    return kExitDone;
  }
  Facts facts(18);
  for (const PresetVariable& var : vars) {
    facts.Add(absl::StrCat("vars.", var.name),
              {absl::StrCat(var.says, ", such as \"", var.example, "\"")});
  }
  ShowFacts(presets.providers(0), facts);
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

}  // namespace tokenvault
