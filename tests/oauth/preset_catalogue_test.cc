#include "oauth/preset_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/embedded.h"
#include "base/errors.h"
#include "oauth/provider_fields.h"
#include "oauth/toml_fields.h"

namespace tokenvault {

const std::vector<EmbeddedFile>& EmbeddedPresets();

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr char kMicrosoft[] = R"([[providers]]
id = "work"
preset = "microsoft"
client_id = "c-1"
client_secret_file = "cred:work"
vars.tenant = "contoso"
)";

constexpr char kGeneric[] = R"([server]
public_url = "https://connect.example.com"

[[providers]]
id = "own"
preset = "generic-oauth2"
client_id = "c-1"
authorize_url = "https://own.example/authorize"
token_url = "https://own.example/token"
)";

absl::StatusOr<Provider> Make(const std::string& toml, size_t index = 0) {
  ProviderConfig config;
  config.file = "vault.toml";
  config.toml = toml;
  config.index = index;
  config.client_secret = std::make_shared<const Secret>(Secret::Copy("s"));
  return MakeProvider(config);
}

// The sentence of the error.
std::string Refusal(const std::string& toml) {
  absl::Status status = Make(toml).status();
  EXPECT_EQ(ReasonOf(status), "CONFIG_INVALID") << toml;
  return std::string(status.message());
}

TEST(PresetCatalogueTest, HasEveryPresetThatWasCompiledIn) {
  std::vector<std::string> names;
  for (const PresetInfo& preset : ListPresets()) names.push_back(preset.name);
  EXPECT_THAT(names, ElementsAre("demo", "generic-oauth2", "github-app",
                                 "google", "microsoft", "oidc"));
  EXPECT_EQ(names.size(), EmbeddedPresets().size());
}

TEST(PresetCatalogueTest, HasASourceForEveryFact) {
  for (const EmbeddedFile& file : EmbeddedPresets()) {
    auto fields = ReadToml(file.content, file.name);
    ASSERT_TRUE(fields.ok()) << fields.status();
    std::set<std::string> covered = {"facts", "display_name"};
    for (const ProviderFact& fact : ReadFacts(*fields)) {
      EXPECT_FALSE(fact.source.empty()) << file.name;
      covered.insert(fact.fields.begin(), fact.fields.end());
    }
    for (const auto& [path, field] : *fields) {
      EXPECT_THAT(covered, Contains(path[0])) << file.name;
    }
  }
}

TEST(PresetCatalogueTest, MakesAProviderOfEveryPreset) {
  for (const PresetInfo& preset : ListPresets()) {
    std::string toml =
        absl::StrCat("[[providers]]\nid = \"p\"\npreset = \"", preset.name,
                     "\"\nclient_id = \"c\"\nissuer = \"https://i.example\"\n");
    for (const std::string& name : preset.vars) {
      absl::StrAppend(&toml, "vars.", name, " = \"x\"\n");
    }
    if (preset.name == "generic-oauth2") {
      toml += "authorize_url=\"https://i/a\"\ntoken_url=\"https://i/t\"\n";
    }
    auto provider = Make(toml);
    ASSERT_TRUE(provider.ok()) << preset.name << provider.status();
    EXPECT_EQ(provider->preset, preset.name);
    EXPECT_FALSE(provider->facts.empty());
    for (const ScopeInfo& scope : provider->scopes) {
      EXPECT_FALSE(scope.says.empty()) << scope.alias;
    }
  }
}

TEST(PresetCatalogueTest, PutsVariablesIntoUrls) {
  auto provider = Make(kMicrosoft);
  ASSERT_TRUE(provider.ok()) << provider.status();
  EXPECT_EQ(provider->token_url,
            "https://login.microsoftonline.com/contoso/oauth2/v2.0/token");
  EXPECT_EQ(provider->rotation, Rotation::kNewOldValid);
  EXPECT_EQ(provider->pkce, PkceUse::kUnadvertised);
  EXPECT_EQ(provider->client_secret->Reveal(), "s");
}

TEST(PresetCatalogueTest, RefusesVariablesThatCouldLeadElsewhere) {
  for (const char* value : {"evil.example", "a/b", "a:1", "a@b", "", "..", "-a",
                            "a b", "a%2f", "a#", "a?b", "\\u00e4"}) {
    std::string toml = kMicrosoft;
    toml.replace(toml.find("contoso"), 7, value);
    EXPECT_THAT(Refusal(toml), HasSubstr("vault.toml:6:")) << value;
  }
}

TEST(PresetCatalogueTest, NeedsEveryVariable) {
  std::string toml = kMicrosoft;
  toml.replace(toml.find("vars"), std::string::npos, "");
  EXPECT_THAT(Refusal(toml), HasSubstr("vars.tenant is missing"));
  EXPECT_THAT(Refusal(absl::StrCat(kGeneric, "vars.x = \"y\"\n")),
              HasSubstr("no variable x"));
}

TEST(PresetCatalogueTest, LaysTheOperatorsFieldsOverThePreset) {
  auto provider = Make(absl::StrCat(kMicrosoft, R"(
display_name = "Work mail"
narrowing = "none"
refresh.grace = "30s"
scopes."mail.read".says.en = "read the team's mail"
scopes."tasks.read" = { value = "https://graph.microsoft.com/Tasks.Read", risk = "low" }
authorize_params.domain_hint = "contoso.com"
)"));
  ASSERT_TRUE(provider.ok()) << provider.status();
  EXPECT_EQ(provider->display_name, "Work mail");
  EXPECT_EQ(provider->narrowing, Narrowing::kNone);
  EXPECT_EQ(provider->reuse_grace, absl::Seconds(30));
  EXPECT_EQ(provider->FindScope("mail.read")->says, "read the team's mail");
  EXPECT_EQ(provider->FindScope("mail.read")->value,
            "https://graph.microsoft.com/Mail.Read");
  EXPECT_EQ(provider->FindScope("tasks.read")->risk, ScopeRisk::kLow);
  EXPECT_THAT(provider->authorize_params,
              ElementsAre(Pair("domain_hint", "contoso.com")));
}

TEST(PresetCatalogueTest, TakesAParameterAwayWithAnEmptyValue) {
  auto provider = Make(R"([[providers]]
id = "g"
preset = "google"
client_id = "c"
authorize_params.prompt = ""
)");
  ASSERT_TRUE(provider.ok()) << provider.status();
  EXPECT_THAT(provider->authorize_params,
              ElementsAre(Pair("access_type", "offline")));
}

TEST(PresetCatalogueTest, ReadsTheTableOfTheIndex) {
  const std::string both = absl::StrCat(kGeneric, kMicrosoft);
  EXPECT_EQ(Make(both, 0)->id.value, "own");
  EXPECT_EQ(Make(both, 1)->id.value, "work");
  EXPECT_EQ(ReasonOf(Make(both, 2).status()), "CONFIG_INVALID");
}

TEST(PresetCatalogueTest, SaysWhereAnUnknownKeyIsAndWhatWasMeant) {
  EXPECT_EQ(Refusal(absl::StrCat(kGeneric, "tokenurl = \"https://x/\"\n")),
            "vault.toml:10:12: unknown key tokenurl; did you mean token_url?");
  EXPECT_THAT(Refusal(absl::StrCat(kGeneric, "refresh.rotaton = \"none\"\n")),
              HasSubstr("did you mean refresh.rotation?"));
  EXPECT_THAT(Refusal(absl::StrCat(kGeneric, "facts.x.source = \"y\"\n")),
              HasSubstr("unknown key facts.x.source"));
}

TEST(PresetCatalogueTest, SaysWhereAPresetIsMisspelt) {
  std::string toml = kMicrosoft;
  toml.replace(toml.find("microsoft"), 9, "microsft");
  EXPECT_EQ(Refusal(toml),
            "vault.toml:3:10: there is no preset of that name; did you mean "
            "microsoft?");
  EXPECT_THAT(Refusal("[[providers]]\nid = \"x\"\n"),
              HasSubstr("preset is missing"));
}

TEST(PresetCatalogueTest, RefusesValuesOfAnotherKind) {
  for (const char* line :
       {"enabled = \"yes\"", "client_auth = \"digest\"", "client_auth = true",
        "display_name = 7", "errors.transient = \"x\"",
        "expires.default = \"soon\"", "expires.default = \"-1s\"",
        "expires.default = 3600", "pkce = \"plain\"",
        "scopes.a.risk = \"huge\"", "scopes.a.value = true",
        "authorize_params.x = 1", "narrowing = [\"none\"]", "accept = 1.5",
        "capture = 1979-05-27", "errors.transient = [1]"}) {
    EXPECT_THAT(Refusal(absl::StrCat(kGeneric, line, "\n")),
                HasSubstr("vault.toml:10:"))
        << line;
  }
}

TEST(PresetCatalogueTest, RefusesUrlsThatAreNotHttps) {
  for (const char* url : {"http://own.example/r", "http://127.0.0.1/r",
                          "own.example", "https://u@own.example/"}) {
    EXPECT_THAT(
        Refusal(absl::StrCat(kGeneric, "refresh_url = \"", url, "\"\n")),
        HasSubstr("refresh_url must be a plain https:// URL"));
  }
  ProviderConfig config;
  config.toml = absl::StrCat(kGeneric, "refresh_url = \"http://[::1]:1/\"\n");
  config.client_secret = std::make_shared<const Secret>(Secret::Copy("s"));
  config.allow_http_loopback = true;
  EXPECT_TRUE(MakeProvider(config).ok());
}

TEST(PresetCatalogueTest, RefusesASecretInTheFileWithoutQuotingIt) {
  for (const char* line :
       {"client_secret = \"hunter2\"\n", "client_secret = hunter2\n"}) {
    EXPECT_THAT(Refusal(absl::StrCat(kGeneric, line)),
                Not(HasSubstr("hunter2")));
  }
}

TEST(PresetCatalogueTest, NeedsASecretUnlessTheClientIsPublic) {
  ProviderConfig config;
  config.toml = kGeneric;
  EXPECT_THAT(std::string(MakeProvider(config).status().message()),
              HasSubstr("client_secret_file is missing"));
  config.toml = absl::StrCat(kGeneric, "client_auth = \"none\"\n");
  EXPECT_TRUE(MakeProvider(config).ok());
}

TEST(PresetCatalogueTest, SaysWhatIsMissing) {
  for (const char* key : {"client_id", "authorize_url", "token_url"}) {
    std::string toml = kGeneric;
    const size_t start = toml.find(key);
    toml.erase(start, toml.find('\n', start) - start);
    EXPECT_THAT(Refusal(toml), HasSubstr(absl::StrCat(key, " is missing")));
  }
}

TEST(PresetCatalogueTest, RefusesAnIdThatIsNoName) {
  for (const char* id : {"", "Own", "a b", "a/b", "-a"}) {
    std::string toml = kGeneric;
    toml.replace(toml.find("\"own\""), 5, absl::StrCat("\"", id, "\""));
    EXPECT_THAT(Refusal(toml), HasSubstr("id must be"));
  }
}

TEST(PresetCatalogueTest, PutsTheClientIdIntoGithubsRevocationUrl) {
  auto provider = Make(R"([[providers]]
id = "gh"
preset = "github-app"
client_id = "Iv1/x"
)");
  ASSERT_TRUE(provider.ok()) << provider.status();
  EXPECT_EQ(provider->revocation_url,
            "https://api.github.com/applications/Iv1%2Fx/grant");
  EXPECT_TRUE(provider->refresh_invalidates_access_token);
  EXPECT_FALSE(provider->scope_in_response);
}

}  // namespace
}  // namespace tokenvault
