#include "oauth/preset_catalogue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/embedded.h"
#include "base/errors.h"
#include "oauth/provider_tables.h"
#include "oauth/toml_fields.h"

namespace tokenvault {

const std::vector<EmbeddedFile>& EmbeddedPresets();

namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
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
  return PresetCatalogue::BuiltIn().Make(config);
}

// The sentence of the error.
std::string Refusal(const std::string& toml) {
  absl::Status status = Make(toml).status();
  EXPECT_EQ(ReasonOf(status), "CONFIG_INVALID") << toml;
  return std::string(status.message());
}

TEST(PresetCatalogueTest, HasEveryPresetThatWasCompiledIn) {
  EXPECT_EQ(PresetCatalogue::BuiltIn().List().size(), EmbeddedPresets().size());
}

TEST(PresetCatalogueTest, HasASourceForEveryFact) {
  for (const EmbeddedFile& file : EmbeddedPresets()) {
    auto fields = ReadToml(file.content, file.name);
    ASSERT_TRUE(fields.ok()) << fields.status();
    // What we call it and how we stand to it is nobody else's to say.
    std::set<std::string> covered = {"facts", "display_name", "tier"};
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
  for (const PresetInfo& preset : PresetCatalogue::BuiltIn().List()) {
    std::string toml =
        absl::StrCat("[[providers]]\nid = \"p\"\npreset = \"", preset.name,
                     "\"\nclient_id = \"c\"\nissuer = \"https://i.example\"\n");
    for (const PresetVariable& var : preset.vars) {
      EXPECT_FALSE(var.says.empty()) << preset.name;
      absl::StrAppend(&toml, "vars.", var.name, " = \"", var.example, "\"\n");
    }
    if (preset.name == "generic-oauth2") {
      toml += "authorize_url=\"https://i/a\"\ntoken_url=\"https://i/t\"\n";
    }
    auto provider = Make(toml);
    ASSERT_TRUE(provider.ok()) << preset.name << provider.status();
    EXPECT_EQ(provider->preset, preset.name);
    EXPECT_EQ(provider->enabled, provider->tier != Tier::kP2) << preset.name;
    EXPECT_FALSE(provider->facts.empty());
    for (const ProviderFact& fact : provider->facts) {
      EXPECT_THAT(fact.verified_on,
                  MatchesRegex("|20[0-9]{2}-[01][0-9]-[0-3][0-9]"));
    }
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
        "capture = 1979-05-27", "response.capture = [\"a=b\"]",
        "callback.capture = [\"\"]", "errors.transient = [1]"}) {
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
  EXPECT_TRUE(PresetCatalogue::BuiltIn().Make(config).ok());
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
  EXPECT_THAT(
      std::string(PresetCatalogue::BuiltIn().Make(config).status().message()),
      HasSubstr("client_secret_file is missing"));
  config.toml = absl::StrCat(kGeneric, "client_auth = \"none\"\n");
  EXPECT_TRUE(PresetCatalogue::BuiltIn().Make(config).ok());
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
  EXPECT_EQ(provider->exchange_url,
            "https://api.github.com/applications/Iv1%2Fx/token/scoped");
  EXPECT_TRUE(provider->refresh_invalidates_access_token);
}

constexpr char kOwn[] = R"(display_name = "Acme"
authorize_url = "https://{tenant}.acme.example/authorize"
token_url = "https://{tenant}.acme.example/token"
open_scopes = true

[vars.tenant]
pattern = "^[a-z]+$"
example = "north"
says = "what stands before .acme.example"
)";

std::string AddRefusal(const std::string& file, const std::string& toml) {
  PresetCatalogue presets = PresetCatalogue::BuiltIn();
  absl::Status status = presets.Add(file, toml);
  EXPECT_EQ(ReasonOf(status), "CONFIG_INVALID") << toml;
  return std::string(status.message());
}

TEST(PresetCatalogueTest, TakesAnOperatorsOwnPreset) {
  PresetCatalogue presets = PresetCatalogue::BuiltIn();
  ASSERT_EQ(presets.Add("/etc/tokenvault/presets.d/acme.toml", kOwn),
            absl::OkStatus());
  ProviderConfig config;
  config.file = "vault.toml";
  config.toml = R"([[providers]]
id = "north"
preset = "acme"
client_id = "c"
client_auth = "none"
vars.tenant = "north"
expires.default = "10m"
)";
  auto provider = presets.Make(config);
  ASSERT_TRUE(provider.ok()) << provider.status();
  EXPECT_EQ(provider->token_url, "https://north.acme.example/token");
  EXPECT_EQ(provider->expires_default, absl::Minutes(10));
  EXPECT_EQ(presets.List().size(),
            PresetCatalogue::BuiltIn().List().size() + 1);
}

TEST(PresetCatalogueTest, SaysWhereAnOwnPresetIsWrong) {
  EXPECT_EQ(
      AddRefusal("presets.d/acme.toml", "[refresh]\nrotaton = \"none\"\n"),
      "presets.d/acme.toml:2:11: unknown key refresh.rotaton; did you "
      "mean refresh.rotation?");
  EXPECT_THAT(AddRefusal("presets.d/acme.toml", "a = "),
              HasSubstr("presets.d/acme.toml:1:"));
  for (const char* key : {"id", "enabled", "client_secret_file", "vars.x"}) {
    EXPECT_THAT(AddRefusal("acme.toml", absl::StrCat(key, " = \"x\"\n")),
                HasSubstr(absl::StrCat("unknown key ", key)));
  }
}

TEST(PresetCatalogueTest, RefusesANameThatIsTakenOrNone) {
  EXPECT_THAT(AddRefusal("presets.d/google.toml", kOwn),
              HasSubstr("already: rename the file"));
  EXPECT_THAT(AddRefusal("presets.d/My Preset.toml", kOwn),
              HasSubstr("must be lower-case letters"));
}

TEST(PresetCatalogueTest, NeedsAPatternThatTheExampleMatches) {
  std::string toml = kOwn;
  toml.replace(toml.find("^[a-z]+$"), 8, ".*");
  EXPECT_THAT(AddRefusal("acme.toml", toml), HasSubstr("needs a pattern"));
  toml = kOwn;
  toml.replace(toml.find("\"north\""), 7, "\"North\"");
  EXPECT_THAT(AddRefusal("acme.toml", toml), HasSubstr("needs an example"));
}

TEST(PresetCatalogueTest, SaysWhereABadValueOfAnOwnPresetIs) {
  PresetCatalogue presets = PresetCatalogue::BuiltIn();
  ASSERT_EQ(presets.Add("presets.d/acme.toml", "pkce = \"plain\"\n"),
            absl::OkStatus());
  ProviderConfig config;
  config.file = "vault.toml";
  config.toml = "[[providers]]\nid = \"a\"\npreset = \"acme\"\n";
  EXPECT_THAT(std::string(presets.Make(config).status().message()),
              HasSubstr("presets.d/acme.toml:1:8: pkce must be one of"));
}

TEST(PresetCatalogueTest, FillsVariablesIntoWhatACallbackMaySay) {
  auto provider = Make(R"([[providers]]
id = "crm"
preset = "zoho"
client_id = "c"
vars.dc = "in"
)");
  ASSERT_TRUE(provider.ok()) << provider.status();
  EXPECT_THAT(provider->callback_allow.at("accounts-server"),
              ElementsAre("https://accounts.zoho.in"));
  EXPECT_THAT(
      Refusal(absl::StrCat(kGeneric, "callback.allow.realm = [\"x\"]\n")),
      HasSubstr("callback.capture does not name realm"));
}

TEST(PresetCatalogueTest, LetsAnOperatorTurnAnUnusualPresetOn) {
  std::string toml = R"([[providers]]
id = "gh"
preset = "github-oauth"
client_id = "c"
)";
  EXPECT_FALSE(Make(toml)->enabled);
  EXPECT_TRUE(Make(absl::StrCat(toml, "enabled = true\n"))->enabled);
}

TEST(PresetCatalogueTest, ReadsEveryFieldOfTheSchema) {
  auto provider = Make(absl::StrCat(kGeneric, R"(
adapter = "slack_v2"
tier = "p2"
enabled = true
client_auth = "json"
introspect_url = "https://own.example/introspect"
refresh_url = "https://own.example/refresh"
refresh_method = "GET"
scope.parameter = "user_scope"
scope.delimiter = ","
scope.response_delimiter = ", "
scope.in_response = false
scope.not_echoed = ["offline"]
offline.scope = "offline"
token_params.expiring = "1"
refresh_params.redirect_uri = true
refresh_params.grant_type = "own"
refresh.parameter = "token"
refresh.rotation = "new_old_valid"
refresh.grace = "30s"
refresh.inactivity = "90d"
refresh.invalidates_access_token = true
expires.source = "introspect"
expires.default = "15m"
narrowing = "token_exchange"
exchange.url = "https://own.example/exchange"
exchange.subject_token_type = "urn:x"
exchange.restrictions = "restricted_to"
response.error_path = "err.code"
response.ok_path = "ok"
response.capture = ["instance_url"]
callback.capture = ["realmId"]
callback.allow.realmId = ["1", "2"]
errors.grant_gone = ["gone"]
errors.app_misconfigured = ["app"]
errors.transient = ["later"]
revoke.style = "path"
revoke.url = "https://own.example/tokens/{token}"
revoke.manual_url = "https://own.example/apps"
account.url = "https://own.example/me"
account.id = "user.id"
account.label = "user.name"
account.scopes = ["me"]
resource = true
authorization_response_iss = true
issuer = "https://own.example"
)"));
  ASSERT_TRUE(provider.ok()) << provider.status();
  const Provider& p = *provider;
  EXPECT_EQ(p.tier, Tier::kP2);
  EXPECT_TRUE(p.enabled);
  EXPECT_NE(p.adapter, nullptr);
  EXPECT_EQ(p.client_auth, ClientAuth::kJson);
  EXPECT_EQ(p.body, BodyFormat::kJson);
  EXPECT_EQ(p.introspect_url, "https://own.example/introspect");
  EXPECT_EQ(p.refresh_url, "https://own.example/refresh");
  EXPECT_EQ(p.refresh_method, RefreshMethod::kGet);
  EXPECT_EQ(p.scope_parameter, "user_scope");
  EXPECT_EQ(p.scope_delimiter, ",");
  EXPECT_EQ(p.scope_response_delimiter, ", ");
  EXPECT_FALSE(p.scope_in_response);
  EXPECT_EQ(p.scope_not_echoed, ScopeSet({"offline"}));
  EXPECT_EQ(p.offline_scope, "offline");
  EXPECT_THAT(p.token_params, ElementsAre(Pair("expiring", "1")));
  EXPECT_TRUE(p.refresh_redirect_uri);
  EXPECT_THAT(p.refresh_params, ElementsAre(Pair("grant_type", "own")));
  EXPECT_EQ(p.refresh_parameter, "token");
  EXPECT_EQ(p.rotation, Rotation::kNewOldValid);
  EXPECT_EQ(p.reuse_grace, absl::Seconds(30));
  EXPECT_EQ(p.refresh_inactivity, absl::Hours(24 * 90));
  EXPECT_TRUE(p.refresh_invalidates_access_token);
  EXPECT_EQ(p.expires_source, ExpirySource::kIntrospect);
  EXPECT_EQ(p.expires_default, absl::Minutes(15));
  EXPECT_EQ(p.narrowing, Narrowing::kTokenExchange);
  EXPECT_EQ(p.exchange_url, "https://own.example/exchange");
  EXPECT_EQ(p.exchange_subject_token_type, "urn:x");
  EXPECT_EQ(p.exchange_restrictions, "restricted_to");
  EXPECT_EQ(p.error_path, "err.code");
  EXPECT_EQ(p.ok_path, "ok");
  EXPECT_THAT(p.capture, ElementsAre("instance_url"));
  EXPECT_THAT(p.callback_capture, ElementsAre("realmId"));
  EXPECT_THAT(p.callback_allow.at("realmId"), ElementsAre("1", "2"));
  EXPECT_THAT(p.errors_grant_gone, ElementsAre("gone"));
  EXPECT_THAT(p.errors_app_misconfigured, ElementsAre("app"));
  EXPECT_THAT(p.errors_transient, ElementsAre("later"));
  EXPECT_EQ(p.revocation_style, RevocationStyle::kPath);
  EXPECT_EQ(p.revocation_url, "https://own.example/tokens/{token}");
  EXPECT_EQ(p.revocation_manual_url, "https://own.example/apps");
  EXPECT_EQ(p.account_url, "https://own.example/me");
  EXPECT_EQ(p.account_id, "user.id");
  EXPECT_EQ(p.account_label, "user.name");
  EXPECT_EQ(p.account_scopes, ScopeSet({"me"}));
  EXPECT_TRUE(p.resource);
  EXPECT_TRUE(p.authorization_response_iss);
}

TEST(PresetCatalogueTest, WantsThePlaceOfTheTokenOnceInThePath) {
  for (const char* url :
       {"https://own.example/tokens", "https://{token}.example/t",
        "https://own.example/t?token={token}",
        "https://own.example/{token}/{token}"}) {
    EXPECT_THAT(Refusal(absl::StrCat(kGeneric, "revoke.style = \"path\"\n",
                                     "revoke.url = \"", url, "\"\n")),
                HasSubstr("{token} once"))
        << url;
  }
}

TEST(PresetCatalogueTest, NeedsAKeyWhereTheClientProvesItselfByOne) {
  EXPECT_THAT(
      Refusal(absl::StrCat(kGeneric, "client_auth = \"private_key_jwt\"\n")),
      HasSubstr("must hold a private key in PEM"));
}

}  // namespace
}  // namespace tokenvault
