#include "server/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A configuration that is good, for tests to break.
constexpr char kGood[] = R"toml([server]
grpc_listen = "127.0.0.1:8443"
grpc_tls_cert_file = "/etc/tokenvault/server.pem"
grpc_tls_key_file = "/etc/tokenvault/server.key"
grpc_client_ca_file = "/etc/tokenvault/agents-ca.pem"
trust_domains = ["example.com"]
http_listen = "127.0.0.1:8080"
public_url = "https://connect.example.com"
admin_listen = "unix:/run/tokenvault/admin.sock"

[seal]
type = "file"
key_file = "/etc/tokenvault/root.key"

[[tenants]]
id = "acme"
name = "Acme"
issuer = "https://login.example.com"
client_id = "vault"
client_secret_file = "/etc/tokenvault/login-secret"

[[workload_issuers]]
issuer = "https://kubernetes.example.com"
jwks_uri = "https://kubernetes.example.com/openid/v1/jwks"
audience = "tokenvault"

[[agents]]
id = "calendar-bot"
name = "Calendar Bot"
auth = { type = "mtls", spiffe_id = "spiffe://example.com/agent/calendar" }

[[agents]]
id = "mailer"
name = "Mailer"
auth = { type = "jwt", issuer = "https://kubernetes.example.com", subject = "system:serviceaccount:agents:mailer" }
return_uris = ["https://app.example.com/back"]

[[providers]]
id = "google"
preset = "google"
client_id = "1234.apps.googleusercontent.com"
client_secret_file = "/etc/tokenvault/google-secret"

[[policies]]
id = "calendar"
effect = "allow"
agent = "calendar-bot"
provider = "google"
scopes = ["calendar.read"]
)toml";

absl::StatusOr<Config> Parse(const std::string& toml,
                             ParseOptions options = {}) {
  return ParseConfig({{"test.toml", toml}}, options);
}

// kGood with one text in place of another, which must be there.
std::string With(const std::string& from, const std::string& to) {
  std::string toml = absl::StrReplaceAll(kGood, {{from, to}});
  EXPECT_NE(toml, kGood) << from;
  return toml;
}

std::string MessageOf(const absl::StatusOr<Config>& config) {
  EXPECT_EQ(ReasonOf(config.status()), "CONFIG_INVALID");
  return std::string(config.status().message());
}

TEST(ConfigTest, ReadsHowApproversHearOfThings) {
  std::string text = kGood;
  text +=
      "\n[webhook]\nurl = \"https://chat.example/h\"\n"
      "secret_file = \"/secret\"\ntimeout = \"3s\"\n"
      "[email]\nsmtp_url = \"smtp://mail.example:587\"\n"
      "from = \"vault@mail.example\"\nreply_to = \"it@mail.example\"\n"
      "username = \"vault\"\npassword_file = \"/password\"\n";
  auto config = Parse(text);
  ASSERT_TRUE(config.ok()) << config.status().message();
  const NoticeSettings& notices = config->notices;
  EXPECT_EQ(notices.webhook.url, "https://chat.example/h");
  EXPECT_NE(notices.webhook.secret, nullptr);
  EXPECT_EQ(notices.webhook.timeout, absl::Seconds(3));
  EXPECT_EQ(notices.email.server.url, "smtp://mail.example:587");
  EXPECT_EQ(notices.email.from, "vault@mail.example");
  EXPECT_EQ(notices.email.reply_to, "it@mail.example");
  EXPECT_EQ(notices.email.server.username, "vault");
  EXPECT_NE(notices.email.server.password, nullptr);
  EXPECT_EQ(Parse(kGood)->notices.webhook.url, "");
}

TEST(ConfigTest, ReadsAGoodConfiguration) {
  auto config = Parse(kGood);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server.grpc_listen, "127.0.0.1:8443");
  ASSERT_THAT(config->root_sources, SizeIs(1));
  EXPECT_EQ(config->root_sources[0].id, "file");
  EXPECT_EQ(config->root_sources[0].key_file.path, "/etc/tokenvault/root.key");
  EXPECT_EQ(config->storage.path, "/var/lib/tokenvault/vault.db");
  EXPECT_EQ(config->egress.timeout, absl::Seconds(10));
  EXPECT_THAT(config->warnings, IsEmpty());
  const Directory& directory = *config->directory;
  EXPECT_EQ(directory.generation, config->generation);
  EXPECT_FALSE(directory.dev_mode);
  const Agent* agent = directory.FindAgent(AgentId("calendar-bot"));
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agent->tenant, TenantId("acme"));
  EXPECT_EQ(agent->spiffe_id, "spiffe://example.com/agent/calendar");
  EXPECT_FALSE(agent->may_assert_user);
  EXPECT_NE(directory.FindProvider(ProviderId("google")), nullptr);
  const Tenant* tenant = directory.FindTenant(TenantId("acme"));
  ASSERT_NE(tenant, nullptr);
  EXPECT_EQ(tenant->identity.user_token_audience, "vault");
}

TEST(ConfigTest, ResolvesAliasesInPolicies) {
  auto config = Parse(kGood);
  ASSERT_TRUE(config.ok());
  ASSERT_EQ(config->directory->policy.rules().size(), 1u);
  const PolicyRule& rule = config->directory->policy.rules()[0];
  auto scopes = config->directory->FindProvider(ProviderId("google"))
                    ->ResolveScopes(ScopeSet({"calendar.read"}));
  ASSERT_TRUE(scopes.ok());
  EXPECT_EQ(rule.scopes, *scopes);
  EXPECT_FALSE(rule.scopes.Contains("calendar.read"));
}

// One mistake each: what is changed, and what the message must have in it.
struct Mistake {
  const char* name;
  const char* from;
  const char* to;
  const char* says;
};

class ConfigMistakeTest : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistakeTest, IsReportedWithItsPlaceAndTheWayOut) {
  const Mistake& mistake = GetParam();
  const std::string message = MessageOf(Parse(With(mistake.from, mistake.to)));
  EXPECT_THAT(message, HasSubstr(mistake.says));
  EXPECT_THAT(message, testing::ContainsRegex("(test.toml:[0-9]+:[0-9]+|\\[)"));
  // One mistake, one line: no others follow from it.
  EXPECT_THAT(message, Not(HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, ConfigMistakeTest,
    testing::Values(
        Mistake{"UnknownKey", "http_listen", "http_listn",
                "no key \"http_listn\"; did you mean \"http_listen\"?"},
        Mistake{"UnknownSection", "[seal]", "[seals]\nx = 1\n[seal]",
                "there is no section \"seals\"; did you mean \"seal\"?"},
        Mistake{"WrongKind", "name = \"Mailer\"", "name = 3",
                "name wants a text in quotes"},
        Mistake{"UpperCaseId", "id = \"mailer\"", "id = \"Mailer\"",
                "lower-case letters, digits and hyphens"},
        Mistake{"ConfirmsWithoutManaging", "[[providers]]",
                "may_confirm_people = true\n[[providers]]",
                "needs may_manage_connections"},
        Mistake{"MissingId", "id = \"mailer\"\n", "", "id is missing"},
        Mistake{"SameIdTwice", "id = \"mailer\"", "id = \"calendar-bot\"",
                "already given at test.toml:28:6"},
        Mistake{"SameSpiffeIdTwice", "[[providers]]",
                "[[agents]]\nid = \"other\"\nauth = { type = \"mtls\", "
                "spiffe_id = \"spiffe://example.com/agent/calendar\" }\n"
                "[[providers]]",
                "already given at test.toml:30:37"},
        Mistake{"BadSpiffeId", "spiffe://example.com/agent/calendar",
                "spiffe://example.com/agent//calendar", "is not a SPIFFE ID"},
        Mistake{"ForeignTrustDomain", "spiffe://example.com/agent/calendar",
                "spiffe://evil.example/agent/calendar",
                "trust domain \"evil.example\" is not trusted"},
        Mistake{"BadTrustDomain", "[\"example.com\"]",
                "[\"example.com\", \"spiffe://x\"]", "without spiffe://"},
        Mistake{"NoTenantOfThatName", "name = \"Mailer\"", "tenant = \"acmee\"",
                "did you mean \"acme\"?"},
        Mistake{"NoIssuerOfThatName",
                "issuer = \"https://kubernetes.example.com\", subject",
                "issuer = \"https://other.example.com\", subject",
                "not one of [[workload_issuers]]"},
        Mistake{"DevAuthOutsideDev", "type = \"mtls\"", "type = \"dev\"",
                "type is one of: mtls, jwt"},
        Mistake{"NoAuth",
                "auth = { type = \"mtls\", spiffe_id = "
                "\"spiffe://example.com/agent/calendar\" }\n",
                "", "auth is missing"},
        Mistake{"PlainReturnUri", "https://app.example.com/back",
                "http://app.example.com/back", "return_uris must be https"},
        Mistake{"ReturnUriWithFragment", "https://app.example.com/back",
                "https://app.example.com/back#x", "is not a URL"},
        Mistake{"LookalikeAgent", "name = \"Mailer\"",
                "name = \"Ca1endar Bot\"",
                "take this name for the one of agent \"calendar-bot\""},
        Mistake{"CyrillicAgent", "name = \"Mailer\"", "name = \"M\\u0430iler\"",
                "pass for one another"},
        Mistake{"TurnedAroundAgent", "name = \"Mailer\"",
                "name = \"Mail\\u202Eer\"", "hides or turns text"},
        Mistake{"UnknownPreset", "preset = \"google\"", "preset = \"gogle\"",
                "did you mean google?"},
        Mistake{"PolicyForNobody", "agent = \"calendar-bot\"",
                "agent = \"calender-bot\"",
                "there is no agent \"calender-bot\"; did you mean "
                "\"calendar-bot\"?"},
        Mistake{"PolicyForNoProvider", "provider = \"google\"",
                "provider = \"goggle\"", "did you mean \"google\"?"},
        Mistake{"PolicyForNoScope", "scopes = [\"calendar.read\"]",
                "scopes = [\"calender.read\"]", "did you mean"},
        Mistake{"PolicyWithoutScopes", "scopes = [\"calendar.read\"]\n", "",
                "scopes is missing"},
        Mistake{"PolicyWithScopesOfNoProvider", "provider = \"google\"\n", "",
                "without a provider, scopes can only be [\"*\"]"},
        Mistake{"GrpcWithoutClientCa",
                "grpc_client_ca_file = \"/etc/tokenvault/agents-ca.pem\"\n", "",
                "requires a client certificate"},
        Mistake{"HttpForAllWithoutTls", "http_listen = \"127.0.0.1:8080\"",
                "http_listen = \"0.0.0.0:8080\"",
                "HTTP without TLS may listen on loopback or unix: only"},
        Mistake{"AdminByTcp", "unix:/run/tokenvault/admin.sock",
                "127.0.0.1:9000", "admin_listen must be \"unix:/path\""},
        Mistake{"ListenOnAName", "\"127.0.0.1:8080\"", "\"localhost:8080\"",
                "is not an address to listen on"},
        Mistake{"PlainPublicUrl", "https://connect.example.com",
                "http://connect.example.com", "public_url must be https"},
        Mistake{"PublicUrlWithPath", "https://connect.example.com",
                "https://connect.example.com/", "without a path"},
        Mistake{"SealWithoutType", "type = \"file\"\n", "",
                "[seal] type is missing"},
        Mistake{"SealWithoutKeyFile",
                "key_file = \"/etc/tokenvault/root.key\"\n", "",
                "key_file is missing"},
        Mistake{"KeyOfAnotherSealType", "[seal]\n",
                "[seal]\nuri = \"pkcs11:x\"\n",
                "uri is for type = \"pkcs11\" only"},
        Mistake{"TokenWithoutPin", "[[tenants]]",
                "[[root_sources]]\nid = \"hsm\"\ntype = \"pkcs11\"\n"
                "module = \"/usr/lib/p11.so\"\nuri = \"pkcs11:token=a\"\n"
                "[[tenants]]",
                "pin_file is missing"},
        Mistake{"TokenByAnotherUri", "[[tenants]]",
                "[[root_sources]]\nid = \"hsm\"\ntype = \"pkcs11\"\n"
                "module = \"/usr/lib/p11.so\"\npin_file = \"/etc/pin\"\n"
                "uri = \"file:/x\"\n[[tenants]]",
                "uri wants a PKCS#11 URI"},
        Mistake{"SourceOfATakenId", "[[tenants]]",
                "[[root_sources]]\nid = \"file\"\ntype = \"passphrase\"\n"
                "[[tenants]]",
                "the id file is taken"},
        Mistake{"SourceWithoutType", "[[tenants]]",
                "[[root_sources]]\nid = \"hsm\"\n[[tenants]]",
                "type is missing"},
        Mistake{"WitnessWithoutAPlace", "[[tenants]]",
                "[[witnesses]]\nid = \"nas\"\n[[tenants]]",
                "a witness has a folder or a url"},
        Mistake{"WitnessInTwoPlaces", "[[tenants]]",
                "[[witnesses]]\nid = \"nas\"\nfolder = \"/mnt/w\"\n"
                "url = \"https://w.example\"\n[[tenants]]",
                "a witness has a folder or a url"},
        Mistake{"WitnessWithoutAKey", "[[tenants]]",
                "[[witnesses]]\nid = \"w\"\nurl = \"https://w.example\"\n"
                "[[tenants]]",
                "vkey wants the key"},
        Mistake{"WitnessOfATakenId", "[[tenants]]",
                "[[witnesses]]\nid = \"w\"\nfolder = \"/a\"\n"
                "[[witnesses]]\nid = \"w\"\nfolder = \"/b\"\n[[tenants]]",
                "the id w is taken"},
        Mistake{"WebhookWithoutASecret", "[seal]",
                "[webhook]\nurl = \"https://chat.example/h\"\n[seal]",
                "url and secret_file go together"},
        Mistake{"WebhookInClear", "[seal]",
                "[webhook]\nurl = \"http://chat.example/h\"\n"
                "secret_file = \"/s\"\n[seal]",
                "url must be https"},
        Mistake{"WebhookThatWaitsForLong", "[seal]",
                "[webhook]\nurl = \"https://chat.example/h\"\n"
                "secret_file = \"/s\"\ntimeout = \"5m\"\n[seal]",
                "timeout is at most"},
        Mistake{"EmailWithoutASender", "[seal]",
                "[email]\nsmtp_url = \"smtps://mail.example\"\n[seal]",
                "smtp_url and from go together"},
        Mistake{"EmailFromANameWithSpaces", "[seal]",
                "[email]\nsmtp_url = \"smtps://mail.example\"\n"
                "from = \"The Vault <vault@mail.example>\"\n[seal]",
                "from wants one address"},
        Mistake{"EmailByHttp", "[seal]",
                "[email]\nsmtp_url = \"https://mail.example\"\n"
                "from = \"vault@mail.example\"\n[seal]",
                "smtp_url wants a mail server"},
        Mistake{"EmailWithANameAndNoPassword", "[seal]",
                "[email]\nsmtp_url = \"smtps://mail.example\"\n"
                "from = \"vault@mail.example\"\nusername = \"vault\"\n"
                "[seal]",
                "username and password_file go together"},
        Mistake{"KeepingWithoutAnArchive", "[seal]",
                "[audit]\nkeep = \"90d\"\n[seal]", "keep needs archive_folder"},
        Mistake{"KeepingForAnHour", "[seal]",
                "[audit]\nkeep = \"1h\"\narchive_folder = \"/a\"\n[seal]",
                "at least \"24h\""},
        Mistake{"ArchiveOfNothing", "[seal]",
                "[audit]\narchive_folder = \"/a\"\n[seal]",
                "archive_folder needs keep"},
        Mistake{"RelativePath", "\"/etc/tokenvault/root.key\"", "\"root.key\"",
                "wants an absolute path"},
        Mistake{"MemoryOutsideDev", "[seal]",
                "[storage]\npath = \":memory:\"\n[seal]", "for --dev only"},
        Mistake{"LoopbackEgressOutsideDev", "[seal]",
                "[egress]\nallow_http_loopback = true\n[seal]",
                "for --dev only"},
        Mistake{"CrookedRange", "[seal]",
                "[egress]\nallow = [\"10.1.2.3/8\"]\n[seal]",
                "no bits set behind the prefix"},
        Mistake{"ProviderCallLongerThanALease", "[seal]",
                "[egress]\ntimeout = \"31s\"\n[seal]", "at most \"30s\""},
        Mistake{"DurationAsNumber", "[seal]",
                "[tokens]\nmax_ttl = 3600\n[seal]", "wants a duration such as"},
        Mistake{"TooShortDuration", "[seal]",
                "[tokens]\nmax_ttl = \"1s\"\n[seal]", "at least \"1m\""},
        Mistake{"LiteralSecret",
                "client_secret_file = \"/etc/tokenvault/google-secret\"",
                "client_secret = \"hunter2hunter2\"",
                "test.toml:42:17: client_secret must not stand here"},
        Mistake{"SecretByTheLookOfIt", "client_id = \"vault\"",
                "client_id = \"GOCSPX-abcdefgh\"", "looks like a secret"}),
    [](const auto& info) { return info.param.name; });

TEST(ConfigTest, NeverQuotesASecret) {
  for (const char* line :
       {"client_secret = \"hunter2hunter2\"", "client_secret = hunter2hunter2",
        "client_id = \"ghp_hunter2hunter2\""}) {
    const std::string message = MessageOf(Parse(
        With("client_secret_file = \"/etc/tokenvault/google-secret\"", line)));
    EXPECT_THAT(message, Not(HasSubstr("hunter2"))) << line;
  }
}

TEST(ConfigTest, ReportsAllProblemsTogether) {
  std::string toml = absl::StrReplaceAll(
      kGood, {{"http_listen", "http_listn"},
              {"effect = \"allow\"", "effect = \"alow\""},
              {"https://app.example.com/back", "ftp://app.example.com"}});
  const std::string message = MessageOf(Parse(toml));
  std::vector<std::string> lines = absl::StrSplit(message, '\n');
  EXPECT_THAT(lines, ElementsAre(StartsWith("test.toml:7:"),
                                 StartsWith("test.toml:36:"),
                                 StartsWith("test.toml:46:")));
}

TEST(ConfigTest, SaysWhereItStopsBeingToml) {
  EXPECT_THAT(MessageOf(Parse("[server]\npublic_url = https\n")),
              AllOf(StartsWith("test.toml:2:"), HasSubstr("not TOML")));
}

// Each of these once ran into an assertion or a promise of the TOML library.
TEST(ConfigTest, SurvivesWhatIsNearlyToml) {
  for (const char* toml :
       {"[#server]\n", "[[#x]]\n", "[\xc3\xa4]\n", "name \xc3\xa4\n",
        "x = \"\"\"\\\n\xc3\xa4\"\"\" \xc3\xa4\n", "[\x97\xdd]\n"}) {
    EXPECT_THAT(MessageOf(Parse(toml)), HasSubstr("not TOML")) << toml;
  }
}

TEST(ConfigTest, NeedsATenant) {
  EXPECT_THAT(MessageOf(Parse("")), HasSubstr("there is no tenant"));
}

TEST(ConfigTest, AsksWhichTenantWhenThereAreSeveral) {
  const std::string message = MessageOf(Parse(absl::StrCat(
      kGood,
      "[[tenants]]\nid = \"b\"\nissuer = \"https://b.example.com\"\n"
      "client_id = \"vault\"\n")));
  EXPECT_THAT(message, HasSubstr("there are several, write this agent's"));
}

TEST(ConfigTest, MergesTextsAndLetsTheLaterValueWin) {
  auto config = ParseConfig(
      {{"a.toml", kGood},
       {"b.toml",
        "[server]\nlog_level = \"debug\"\n[[policies]]\nid = \"no-mail\"\n"
        "effect = \"deny\"\nagent = \"mailer\"\nscopes = [\"*\"]\n"},
       {"c.toml", "[server]\nlog_level = \"error\"\n"}},
      {});
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server.log_level, "error");
  EXPECT_EQ(config->server.public_url, "https://connect.example.com");
  EXPECT_EQ(config->directory->policy.rules().size(), 2u);
}

TEST(ConfigTest, NamesBothPlacesOfAnIdInTwoFiles) {
  auto config =
      ParseConfig({{"a.toml", kGood},
                   {"b.toml",
                    "[[providers]]\nid = \"google\"\npreset = \"google\"\n"
                    "client_id = \"x\"\nclient_secret_file = \"/x\"\n"}},
                  {});
  EXPECT_THAT(MessageOf(config),
              AllOf(StartsWith("b.toml:2:6: "),
                    HasSubstr("already given at a.toml:39:6")));
}

TEST(ConfigTest, LetsTheEnvironmentWin) {
  ParseOptions options;
  options.environment = {{"TOKENVAULT_SERVER_LOG_LEVEL", "warning"},
                         {"TOKENVAULT_SERVER_REFLECTION", "true"},
                         {"TOKENVAULT_EGRESS_ALLOW", "10.1.0.0/16,10.2.0.0/16"},
                         {"TOKENVAULT_SOCKET", "/for/the/command/line"}};
  auto config = Parse(kGood, options);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server.log_level, "warning");
  EXPECT_TRUE(config->server.reflection);
  EXPECT_THAT(config->egress.allow, ElementsAre("10.1.0.0/16", "10.2.0.0/16"));
  EXPECT_THAT(config->warnings, IsEmpty());
}

TEST(ConfigTest, HardensTheProcessUnlessToldOtherwise) {
  auto config = Parse(kGood);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server.seccomp, "kill");
  EXPECT_FALSE(config->server.allow_swap);
  ParseOptions options;
  options.environment = {{"TOKENVAULT_SERVER_SECCOMP", "log"},
                         {"TOKENVAULT_SERVER_ALLOW_SWAP", "true"}};
  config = Parse(kGood, options);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server.seccomp, "log");
  EXPECT_TRUE(config->server.allow_swap);
  options.environment = {{"TOKENVAULT_SERVER_SECCOMP", "perhaps"}};
  EXPECT_FALSE(Parse(kGood, options).ok());
}

TEST(ConfigTest, WarnsOfVariablesThatSetNothing) {
  ParseOptions options;
  options.environment = {{"TOKENVAULT_SERVER_LOGLEVEL", "debug"}};
  auto config = Parse(kGood, options);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_THAT(config->warnings,
              ElementsAre(AllOf(StartsWith("TOKENVAULT_SERVER_LOGLEVEL: "),
                                HasSubstr("did you mean \"log_level\"?"))));
}

TEST(ConfigTest, NamesTheVariableThatIsWrong) {
  ParseOptions options;
  options.environment = {{"TOKENVAULT_SERVER_LOG_LEVEL", "loud"}};
  EXPECT_THAT(MessageOf(Parse(kGood, options)),
              StartsWith("TOKENVAULT_SERVER_LOG_LEVEL: log_level is one of"));
}

TEST(ConfigTest, ShowsWhereEachValueComesFrom) {
  ParseOptions options;
  options.environment = {{"TOKENVAULT_SERVER_LOG_LEVEL", "debug"}};
  auto config = Parse(kGood, options);
  ASSERT_TRUE(config.ok());
  std::vector<std::string> shown;
  for (const ConfigValueShown& value : config->effective) {
    shown.push_back(
        absl::StrCat(value.key, " = ", value.value, " # ", value.origin));
  }
  EXPECT_THAT(shown, Contains("server.log_level = \"debug\" # "
                              "TOKENVAULT_SERVER_LOG_LEVEL"));
  EXPECT_THAT(shown, Contains("server.http_listen = \"127.0.0.1:8080\" # "
                              "test.toml:7:15"));
  EXPECT_THAT(shown, Contains("tokens.long_lived = \"deny\" # default"));
  EXPECT_THAT(shown, Contains("providers.google.preset = \"google\" # "
                              "test.toml:40:10"));
  EXPECT_THAT(shown, Contains("providers.google.client_secret_file = "
                              "\"/etc/tokenvault/google-secret\" # "
                              "test.toml:42:22"));
}

TEST(ConfigTest, GivesEqualConfigurationsOneGeneration) {
  auto one = Parse(kGood);
  auto two = Parse(absl::StrCat("# a comment\n", kGood));
  auto three = Parse(With("Mailer", "Posty"));
  ASSERT_TRUE(one.ok() && two.ok() && three.ok());
  EXPECT_EQ(one->generation, two->generation);
  EXPECT_NE(one->generation, three->generation);
}

TEST(ConfigTest, GivesAnotherSecretAnotherGeneration) {
  ParseOptions other;
  other.read_secret = [](const std::string&) {
    return Secret::Copy("another one");
  };
  auto one = Parse(kGood);
  auto two = Parse(kGood, other);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->generation, two->generation);
  EXPECT_EQ(one->generation.substr(0, 12), two->generation.substr(0, 12));
}

TEST(ConfigTest, TakesAnOperatorsOwnPreset) {
  ParseOptions options;
  options.presets = {{"/etc/tokenvault/presets.d/acme.toml",
                      "authorize_url = \"https://acme.example/authorize\"\n"
                      "token_url = \"https://acme.example/token\"\n"
                      "open_scopes = true\n"}};
  const std::string toml =
      With("preset = \"google\"\n",
           "preset = \"acme\"\nrefresh_url = \"https://acme.example/r\"\n");
  auto config = Parse(toml, options);
  ASSERT_TRUE(config.ok()) << config.status().message();
  const Provider* provider =
      config->directory->FindProvider(ProviderId("google"));
  ASSERT_NE(provider, nullptr);
  EXPECT_EQ(provider->token_url, "https://acme.example/token");
  EXPECT_EQ(provider->refresh_url, "https://acme.example/r");
  options.presets[0].toml += "accept = \"text/json\"\n";
  auto changed = Parse(toml, options);
  ASSERT_TRUE(changed.ok()) << changed.status().message();
  EXPECT_NE(changed->generation, config->generation);
}

TEST(ConfigTest, SaysWhereAnOwnPresetIsWrong) {
  ParseOptions options;
  options.presets = {{"presets.d/acme.toml", "tokenurl = \"x\"\n"}};
  EXPECT_THAT(MessageOf(Parse(kGood, options)),
              HasSubstr("presets.d/acme.toml:1:12: unknown key tokenurl; did "
                        "you mean token_url?"));
}

TEST(ConfigTest, WantsLeaveForTokensThatNeverExpire) {
  const std::string off = With("preset = \"google\"", "preset = \"clickup\"");
  const std::string on = absl::StrReplaceAll(
      off, {{"preset = \"clickup\"", "preset = \"clickup\"\nenabled = true"},
            {"scopes = [\"calendar.read\"]", "scopes = [\"app\"]"}});
  EXPECT_THAT(
      MessageOf(Parse(on)),
      HasSubstr("tokens of this provider never expire: set long_lived"));
  auto config = Parse(absl::StrCat("[tokens]\nlong_lived = \"allow\"\n", on));
  EXPECT_TRUE(config.ok()) << config.status().message();
}

TEST(ConfigTest, NamesWhatAReloadCannotChange) {
  auto old = Parse(kGood);
  auto next = Parse(absl::StrReplaceAll(
      kGood, {{"127.0.0.1:8080", "127.0.0.1:8081"},
              {"root.key", "other.key"},
              {"[server]", "[server]\nlog_level = \"debug\""},
              {"Mailer", "Posty"}}));
  ASSERT_TRUE(old.ok() && next.ok());
  EXPECT_THAT(KeysThatNeedRestart(*old, *next),
              ElementsAre("seal.key_file", "server.http_listen"));
  EXPECT_THAT(KeysThatNeedRestart(*old, *old), IsEmpty());
}

TEST(ConfigTest, ReadsRootSourcesInTheirOrder) {
  auto config = Parse(With("[[tenants]]", R"([[root_sources]]
id = "hsm"
type = "pkcs11"
module = "/usr/lib/softhsm/libsofthsm2.so"
uri = "pkcs11:token=vault;object=root"
pin_file = "/etc/tokenvault/pin"
[[root_sources]]
id = "recovery"
type = "passphrase"
[[tenants]])"));
  ASSERT_TRUE(config.ok()) << config.status().message();
  ASSERT_THAT(config->root_sources, SizeIs(3));
  EXPECT_EQ(config->root_sources[1].id, "hsm");
  EXPECT_EQ(config->root_sources[1].token.uri,
            "pkcs11:token=vault;object=root");
  EXPECT_EQ(config->root_sources[1].token.pin_file.path, "/etc/tokenvault/pin");
  EXPECT_EQ(config->root_sources[2].kind, "passphrase");
  EXPECT_THAT(KeysThatNeedRestart(*Parse(kGood), *config),
              Contains("root_sources.hsm.uri"));
}

TEST(ConfigTest, ReadsWitnessesAndHowLongTheAuditLogIsKept) {
  auto config = Parse(With("[[tenants]]", R"([audit]
keep = "90d"
archive_folder = "/var/lib/tokenvault/archive"
[[witnesses]]
id = "nas"
folder = "/mnt/witness"
[[witnesses]]
id = "notary"
url = "https://witness.example/log"
vkey = "witness.test+cc5fc7e3+BIRT3Gd1LugrFmAsX8GbSLDeomZiWUKEqGyd7BaN743R"
[[tenants]])"));
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->audit.keep, absl::Hours(24 * 90));
  EXPECT_EQ(config->audit.archive_folder, "/var/lib/tokenvault/archive");
  ASSERT_THAT(config->audit.witnesses, SizeIs(2));
  EXPECT_EQ(config->audit.witnesses[0].folder, "/mnt/witness");
  EXPECT_EQ(config->audit.witnesses[1].url, "https://witness.example/log");
  EXPECT_THAT(KeysThatNeedRestart(*Parse(kGood), *config),
              Contains("witnesses.nas.folder"));
}

TEST(ConfigTest, ReadsSecretsByReference) {
  std::vector<std::string> asked;
  ParseOptions options;
  options.credentials_directory = "/run/credentials";
  options.read_secret =
      [&](const std::string& reference) -> absl::StatusOr<Secret> {
    asked.push_back(reference);
    return Secret::Copy(absl::StrCat("of ", reference));
  };
  auto config =
      Parse(With("/etc/tokenvault/google-secret", "cred:google"), options);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_THAT(asked,
              ElementsAre("/etc/tokenvault/login-secret", "cred:google"));
  EXPECT_TRUE(config->directory->FindProvider(ProviderId("google"))
                  ->client_secret->Equals(Secret::Copy("of cred:google")));
}

TEST(ConfigTest, ResolvesCredentialPaths) {
  ParseOptions options;
  options.credentials_directory = "/run/credentials/tokenvault.service";
  auto config =
      Parse(With("\"/etc/tokenvault/root.key\"", "\"cred:root\""), options);
  ASSERT_TRUE(config.ok());
  const SecretFile& file = config->root_sources[0].key_file;
  EXPECT_EQ(file.path, "/run/credentials/tokenvault.service/root");
  EXPECT_TRUE(file.is_credential);
  EXPECT_THAT(MessageOf(Parse(
                  With("\"/etc/tokenvault/root.key\"", "\"cred:../root\""))),
              HasSubstr("wants a name of letters"));
}

// ---------------------------------------------------------------------- dev --

TEST(ConfigDevTest, RefusesEveryListenerThatOthersCanReach) {
  ParseOptions dev;
  dev.dev = true;
  for (const char* key : {"grpc_listen", "http_listen"}) {
    const std::string message =
        MessageOf(Parse(absl::StrCat("[server]\n", key,
                                     " = \"0.0.0.0:1\"\n"
                                     "public_url = \"http://127.0.0.1:1\"\n"
                                     "[[tenants]]\nid = \"a\"\nclient_id = "
                                     "\"x\"\nissuer = \"http://[::1]:1\"\n"),
                        dev));
    EXPECT_THAT(message, AllOf(StartsWith("test.toml:2:"),
                               HasSubstr("names that anybody can say")));
  }
}

TEST(ConfigDevTest, NeedsLittle) {
  ParseOptions dev;
  dev.dev = true;
  auto config = Parse(
      "[server]\ngrpc_listen = \"127.0.0.1:0\"\n"
      "public_url = \"http://127.0.0.1:8080\"\n"
      "[[tenants]]\nid = \"a\"\nclient_id = \"x\"\n"
      "issuer = \"http://localhost:9\"\n"
      "[[agents]]\nid = \"bot\"\nauth = { type = \"dev\" }\n"
      "return_uris = [\"http://127.0.0.1:3000/back\"]\n",
      dev);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(config->directory->dev_mode);
  EXPECT_EQ(config->storage.path, ":memory:");
  EXPECT_THAT(config->root_sources, IsEmpty());
  EXPECT_TRUE(config->egress.allow_http_loopback);
  EXPECT_THAT(config->warnings,
              ElementsAre(HasSubstr("every request will be denied")));
}

TEST(ConfigDevTest, RefusesPlainHttpToOtherMachines) {
  ParseOptions dev;
  dev.dev = true;
  EXPECT_THAT(MessageOf(Parse(
                  With("https://login.example.com", "http://10.0.0.1"), dev)),
              HasSubstr("must be https, or http to this machine"));
}

TEST(ConfigDevTest, BuildsTheDemo) {
  DemoAddresses addresses;
  addresses.admin_listen = "unix:/tmp/demo/admin.sock";
  addresses.demo_provider_url = "http://127.0.0.1:7490";
  auto config = DemoConfig(addresses);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server.grpc_listen, "127.0.0.1:7443");
  EXPECT_EQ(config->storage.path, ":memory:");
  EXPECT_THAT(config->warnings, IsEmpty());
  const Provider* demo = config->directory->FindProvider(ProviderId("demo"));
  ASSERT_NE(demo, nullptr);
  EXPECT_EQ(demo->issuer, "http://127.0.0.1:7490");
  const Provider* google =
      config->directory->FindProvider(ProviderId("demo-google"));
  ASSERT_NE(google, nullptr);
  EXPECT_EQ(google->preset, "google");
  EXPECT_EQ(google->token_url, "http://127.0.0.1:7490/demo-google/token");
  EXPECT_EQ(config->directory->providers.size(), 8u);
  PolicyRequest request;
  request.agent = AgentId("demo-agent");
  request.provider = ProviderId("demo");
  request.scopes = {"calendar.read"};
  EXPECT_EQ(config->directory->policy.Decide(request).effect, Effect::kAllow);
  request.scopes = {"calendar.write"};
  EXPECT_EQ(config->directory->policy.Decide(request).effect, Effect::kDeny);
}

// -------------------------------------------------------------- from files --

class ConfigFilesTest : public testing::Test {
 protected:
  ConfigFilesTest() {
    folder_ = testing::TempDir() + "config-XXXXXX";
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    Write("login-secret", "login\n", 0400);
    Write("google-secret", "google", 0400);
    Write(
        "tokenvault.toml",
        absl::StrReplaceAll(
            kGood, {{"/etc/tokenvault/login-secret", Path("login-secret")},
                    {"/etc/tokenvault/google-secret", Path("google-secret")}}));
  }
  ~ConfigFilesTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const {
    return absl::StrCat(folder_, "/", name);
  }
  void Write(const std::string& name, const std::string& content,
             mode_t mode = 0600) {
    std::filesystem::create_directories(
        std::filesystem::path(Path(name)).parent_path());
    std::filesystem::remove(Path(name));
    std::ofstream(Path(name)) << content;
    ASSERT_EQ(chmod(Path(name).c_str(), mode), 0);
  }
  absl::StatusOr<Config> Load() {
    return LoadConfig({.file = Path("tokenvault.toml")});
  }

  std::string folder_;
};

TEST_F(ConfigFilesTest, ReadsSecretsWithoutTheirLineEnd) {
  auto config = Load();
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(config->directory->FindTenant(TenantId("acme"))
                  ->identity.client_secret->Equals(Secret::Copy("login")));
  EXPECT_TRUE(config->directory->FindProvider(ProviderId("google"))
                  ->client_secret->Equals(Secret::Copy("google")));
}

TEST_F(ConfigFilesTest, ReadsConfDInNameOrder) {
  Write("conf.d/20.toml", "[server]\nlog_level = \"error\"\n");
  Write("conf.d/10.toml", "[server]\nlog_level = \"debug\"\n");
  Write("conf.d/30.toml~", "[server]\nlog_level = \"loud\"\n");
  auto config = Load();
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->server.log_level, "error");
}

TEST_F(ConfigFilesTest, ReadsPresetsDBesideTheFile) {
  Write("presets.d/own.toml", "pkce = \"off\"\nbroken = 1\n");
  EXPECT_THAT(MessageOf(Load()),
              HasSubstr("presets.d/own.toml:2:10: unknown key broken"));
}

TEST_F(ConfigFilesTest, RefusesASecretThatOthersMayRead) {
  Write("google-secret", "google", 0440);
  EXPECT_THAT(MessageOf(Load()),
              AllOf(HasSubstr("tokenvault.toml:42:22: "),
                    HasSubstr("others than its owner may read the file")));
}

TEST_F(ConfigFilesTest, RefusesSecretsThatAreNone) {
  Write("google-secret", "\n", 0400);
  EXPECT_THAT(MessageOf(Load()), HasSubstr("the file is empty"));
  Write("google-secret", std::string(9000, 'x'), 0400);
  EXPECT_THAT(MessageOf(Load()), HasSubstr("it is too large"));
  std::filesystem::remove(Path("google-secret"));
  EXPECT_THAT(MessageOf(Load()), HasSubstr("there is no such file"));
  std::filesystem::create_directory(Path("google-secret"));
  EXPECT_THAT(MessageOf(Load()), HasSubstr("it is not a regular file"));
}

TEST_F(ConfigFilesTest, SaysThatTheFileIsMissing) {
  EXPECT_THAT(MessageOf(LoadConfig({.file = Path("none.toml")})),
              AllOf(HasSubstr("none.toml"), HasSubstr("no such file")));
}

TEST_F(ConfigFilesTest, OnlyWarnsOfCredentialsWhenChecking) {
  ASSERT_EQ(unsetenv("CREDENTIALS_DIRECTORY"), 0);
  Write("tokenvault.toml",
        absl::StrReplaceAll(
            kGood, {{"/etc/tokenvault/login-secret", Path("login-secret")},
                    {"/etc/tokenvault/google-secret", "cred:google"}}));
  EXPECT_THAT(MessageOf(Load()), HasSubstr("needs $CREDENTIALS_DIRECTORY"));
  auto checked =
      LoadConfig({.file = Path("tokenvault.toml"), .check_only = true});
  ASSERT_TRUE(checked.ok()) << checked.status().message();
  EXPECT_THAT(checked->warnings,
              ElementsAre(HasSubstr("needs $CREDENTIALS_DIRECTORY")));
}

TEST_F(ConfigFilesTest, ReadsCredentialsOfSystemd) {
  // As systemd gives them: readable by an ACL, which shows as the group's.
  Write("credentials/google", "from systemd\n", 0440);
  Write("tokenvault.toml",
        absl::StrReplaceAll(
            kGood, {{"/etc/tokenvault/login-secret", Path("login-secret")},
                    {"/etc/tokenvault/google-secret", "cred:google"}}));
  ASSERT_EQ(setenv("CREDENTIALS_DIRECTORY", Path("credentials").c_str(), 1), 0);
  auto config = Load();
  ASSERT_EQ(unsetenv("CREDENTIALS_DIRECTORY"), 0);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(config->directory->FindProvider(ProviderId("google"))
                  ->client_secret->Equals(Secret::Copy("from systemd")));
}

TEST_F(ConfigFilesTest, RefusesTheDemoBesideAConfiguration) {
  ASSERT_EQ(setenv("TOKENVAULT_CONFIG", Path("tokenvault.toml").c_str(), 1), 0);
  auto config = DemoConfig({.admin_listen = "unix:/tmp/a",
                            .demo_provider_url = "http://127.0.0.1:1"});
  ASSERT_EQ(unsetenv("TOKENVAULT_CONFIG"), 0);
  EXPECT_THAT(MessageOf(config), HasSubstr("unset TOKENVAULT_CONFIG"));
}

TEST_F(ConfigFilesTest, ChecksAPolicyFileAgainstTheConfiguration) {
  auto config = Load();
  ASSERT_TRUE(config.ok());
  Write("good.toml",
        "[[policies]]\nid = \"calendar\"\neffect = \"deny\"\n"
        "provider = \"google\"\nscopes = [\"calendar.read\"]\n");
  EXPECT_TRUE(CheckPolicyFile(Path("good.toml"), *config).ok());
  Write("bad.toml",
        "[server]\nlog_level = \"debug\"\n[[policies]]\nid = \"calendar\"\n"
        "effect = \"deny\"\nagent = \"male\"\nscopes = [\"*\"]\n");
  const absl::Status bad = CheckPolicyFile(Path("bad.toml"), *config);
  EXPECT_EQ(ReasonOf(bad), "CONFIG_INVALID");
  EXPECT_THAT(std::string(bad.message()),
              AllOf(HasSubstr("bad.toml:1:"), HasSubstr("[[policies]] only"),
                    HasSubstr("bad.toml:6:"), HasSubstr("no agent \"male\"")));
}

TEST(ConfigExampleTest, LoadsTheShippedExample) {
  std::ifstream file(TOKENVAULT_SOURCE_DIR "/deploy/tokenvault.toml");
  std::stringstream text;
  text << file.rdbuf();
  ParseOptions options;
  options.credentials_directory = "/run/credentials/tokenvault.service";
  auto config = ParseConfig({{"tokenvault.toml", text.str()}}, options);
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_THAT(config->warnings, IsEmpty());
  EXPECT_GE(config->directory->agents.size(), 2u);
}

}  // namespace
}  // namespace tokenvault
