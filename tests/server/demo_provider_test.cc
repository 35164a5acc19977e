#include "server/demo_provider.h"

#include <atomic>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oauth/curl_http_client.h"
#include "oauth/discovery.h"
#include "oauth/jwt_verifier.h"
#include "oauth/oauth_client.h"
#include "oauth/pkce.h"
#include "oauth/url.h"
#include "server/config.h"
#include "server/demo_grants.h"
#include "tests/support/fake_clock.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using Parameters = std::vector<std::pair<std::string, std::string>>;

constexpr char kCallback[] = "http://127.0.0.1:9/cb/default.demo";
constexpr char kLoginCallback[] = "http://127.0.0.1:9/signin/default";

std::string Form(const Parameters& parameters) {
  FormFields fields;
  for (const auto& [name, value] : parameters) fields.emplace_back(name, value);
  return FormEncode(fields);
}

// `parameters` with one of them changed, added, or (by nothing) left out.
Parameters With(Parameters parameters, const std::string& name,
                std::optional<std::string> value) {
  Parameters changed;
  for (auto& [key, old] : parameters) {
    if (key != name) changed.emplace_back(key, old);
  }
  if (value.has_value()) changed.emplace_back(name, *value);
  return changed;
}

class DemoProviderTest : public testing::Test {
 protected:
  DemoProviderTest() : http_(Rules()) { Start({}); }

  static EgressRules Rules() {
    EgressRules rules;
    rules.allow_http_loopback = true;
    return rules;
  }
  void Start(const DemoProvider::Options& options) {
    auto provider = DemoProvider::Start(options, clock_);
    ASSERT_TRUE(provider.ok()) << provider.status();
    provider_ = *std::move(provider);
    provider_->SetRedirectUris(kDemoClient, {kCallback});
    provider_->SetRedirectUris(kDemoLoginClient, {kLoginCallback});
  }

  struct Answer {
    int status = 0;
    std::string body;
    HttpResponse raw;
    json Json() const { return json::parse(body, nullptr, false); }
    std::string Error() const { return Json().value("error", ""); }
  };
  Answer Send(HttpRequest request) {
    auto response = http_.Send(request);
    EXPECT_TRUE(response.ok()) << response.status();
    Answer answer;
    if (!response.ok()) return answer;
    answer.status = response->status;
    answer.body = std::string(response->body.Reveal());
    answer.raw = *std::move(response);
    return answer;
  }
  Answer Get(const std::string& path, const std::string& authorization = "",
             const std::string& cookie = "") {
    HttpRequest request;
    request.url = absl::StrCat(provider_->base_url(), path);
    request.authorization = Secret::Copy(authorization);
    if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
    return Send(std::move(request));
  }
  Answer Post(const std::string& path, const Parameters& form,
              const std::string& authorization = "",
              const std::string& cookie = "") {
    HttpRequest request;
    request.method = "POST";
    request.url = absl::StrCat(provider_->base_url(), path);
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
    request.authorization = Secret::Copy(authorization);
    request.body = Secret(Form(form));
    return Send(std::move(request));
  }

  static std::string Basic(const std::string& id, const std::string& secret) {
    return absl::StrCat("Basic ",
                        absl::Base64Escape(absl::StrCat(id, ":", secret)));
  }
  static std::string DemoBasic() { return Basic(kDemoClient, kDemoSecret); }

  // ------------------------------------------------- the browser's part --

  Parameters GoodRequest() const {
    return {{"response_type", "code"},
            {"client_id", kDemoClient},
            {"redirect_uri", kCallback},
            {"scope",
             "openid email calendar.read calendar.write "
             "offline_access"},
            {"state", "st&te"},
            {"nonce", "n-1"},
            {"code_challenge", pkce_.challenge},
            {"code_challenge_method", "S256"}};
  }

  struct Flow {
    std::string request;
    std::string cookie;
  };
  Flow Begin(const Parameters& parameters) {
    Answer page = Get(absl::StrCat("/authorize?", Form(parameters)));
    EXPECT_EQ(page.status, 200) << page.body;
    EXPECT_THAT(page.body, HasSubstr("Sign in as"));
    Flow flow;
    std::vector<std::string> split =
        absl::StrSplit(page.body, "name=\"request\" value=\"");
    if (split.size() == 2) flow.request = split[1].substr(0, 43);
    flow.cookie = page.raw.Header("Set-Cookie");
    flow.cookie = flow.cookie.substr(0, flow.cookie.find(';'));
    return flow;
  }
  Answer Press(const Flow& flow, const std::string& name,
               const std::string& value) {
    return Post("/authorize", {{"request", flow.request}, {name, value}}, "",
                flow.cookie);
  }
  // Where the browser is sent, without the query; its parameters.
  std::pair<std::string, std::map<std::string, std::string>> Back(
      const Answer& answer) {
    EXPECT_EQ(answer.status, 303) << answer.body;
    const std::string location = answer.raw.Header("Location");
    const size_t mark = location.find('?');
    auto query = ParseQuery(location.substr(mark + 1));
    EXPECT_TRUE(query.ok());
    if (mark == std::string::npos || !query.ok()) return {location, {}};
    return {location.substr(0, mark), {query->begin(), query->end()}};
  }
  std::string CodeFor(const std::string& person) {
    const Flow flow = Begin(GoodRequest());
    EXPECT_THAT(Press(flow, "person", person).body, HasSubstr("Allow"));
    return Back(Press(flow, "decision", "allow")).second["code"];
  }
  Parameters Redemption(const std::string& code) const {
    return {{"grant_type", "authorization_code"},
            {"code", code},
            {"redirect_uri", kCallback},
            {"code_verifier", std::string(pkce_.verifier.Reveal())}};
  }
  json TokensFor(const std::string& person) {
    Answer answer = Post("/token", Redemption(CodeFor(person)), DemoBasic());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return answer.Json();
  }
  Answer Refresh(const std::string& token, const std::string& scope = "") {
    Parameters form = {{"grant_type", "refresh_token"},
                       {"refresh_token", token}};
    if (!scope.empty()) form.emplace_back("scope", scope);
    return Post("/token", form, DemoBasic());
  }
  int EventsStatus(const std::string& access_token) {
    return Get("/calendar/events", absl::StrCat("Bearer ", access_token))
        .status;
  }

  FakeClock clock_{absl::FromUnixSeconds(1'800'000'000)};
  CurlHttpClient http_;
  std::unique_ptr<DemoProvider> provider_;
  Pkce pkce_ = NewPkce("0123456789abcdef0123456789abcdef");
};

// ------------------------------------------------------------ authorization --

TEST_F(DemoProviderTest, DescribesItself) {
  for (const char* path : {"/.well-known/openid-configuration",
                           "/.well-known/oauth-authorization-server"}) {
    Answer answer = Get(path);
    MetadataRules rules;
    rules.allow_http_loopback = true;
    auto metadata =
        ParseServerMetadata(answer.body, provider_->base_url(), rules);
    ASSERT_TRUE(metadata.ok()) << metadata.status();
    EXPECT_TRUE(metadata->authorization_response_iss);
    EXPECT_THAT(metadata->code_challenge_methods, ElementsAre("S256"));
  }
}

TEST_F(DemoProviderTest, AsksWhoAndWhetherAndSendsBack) {
  const Flow flow = Begin(GoodRequest());
  Answer consent = Press(flow, "person", "ana");
  EXPECT_EQ(consent.status, 200);
  EXPECT_THAT(consent.body,
              AllOf(HasSubstr("ana@demo.test"), HasSubstr("See your events")));
  auto [where, parameters] = Back(Press(flow, "decision", "allow"));
  EXPECT_EQ(where, kCallback);
  EXPECT_THAT(parameters["code"], StartsWith("dm_co_"));
  EXPECT_EQ(parameters["state"], "st&te");
  EXPECT_EQ(parameters["iss"], provider_->base_url());
}

TEST_F(DemoProviderTest, SendsADenialBack) {
  const Flow flow = Begin(GoodRequest());
  Press(flow, "person", "ana");
  auto [where, parameters] = Back(Press(flow, "decision", "deny"));
  EXPECT_EQ(parameters["error"], "access_denied");
  EXPECT_EQ(parameters["state"], "st&te");
  EXPECT_EQ(parameters["iss"], provider_->base_url());
  EXPECT_EQ(parameters.count("code"), 0u);
}

TEST_F(DemoProviderTest, SendsNobodyToAnAddressThatIsNotRegistered) {
  for (const char* uri :
       {"http://127.0.0.1:9/cb/default.demo/", "http://127.0.0.1:9/cb/default",
        "http://127.0.0.1:9/cb/default.demo?x=1", "https://evil.example/",
        kLoginCallback, ""}) {
    Answer answer = Get(absl::StrCat(
        "/authorize?", Form(With(GoodRequest(), "redirect_uri", uri))));
    EXPECT_EQ(answer.status, 400) << uri;
    EXPECT_EQ(answer.raw.Header("Location"), "");
  }
  EXPECT_EQ(
      Get(absl::StrCat("/authorize?",
                       Form(With(GoodRequest(), "client_id", "stranger"))))
          .status,
      400);
  EXPECT_EQ(
      Get(absl::StrCat("/authorize?", Form(GoodRequest()), "&state=again"))
          .status,
      400);
}

TEST_F(DemoProviderTest, RefusesRequestsThatAreNotStrict) {
  auto error = [&](const std::string& name, std::optional<std::string> value) {
    Answer answer = Get(absl::StrCat(
        "/authorize?", Form(With(GoodRequest(), name, std::move(value)))));
    auto [where, parameters] = Back(answer);
    EXPECT_EQ(where, kCallback);
    EXPECT_EQ(parameters["iss"], provider_->base_url());
    return parameters["error"];
  };
  EXPECT_EQ(error("response_type", "token"), "unsupported_response_type");
  EXPECT_EQ(error("code_challenge", std::nullopt), "invalid_request");
  EXPECT_EQ(error("code_challenge", "short"), "invalid_request");
  EXPECT_EQ(error("code_challenge_method", "plain"), "invalid_request");
  EXPECT_EQ(error("code_challenge_method", std::nullopt), "invalid_request");
  EXPECT_EQ(error("scope", "calendar.everything"), "invalid_scope");
  EXPECT_EQ(error("scope", std::nullopt), "invalid_scope");
  EXPECT_EQ(error("prompt", "none"), "login_required");
}

TEST_F(DemoProviderTest, HoldsARequestToTheBrowserThatBeganIt) {
  Flow flow = Begin(GoodRequest());
  Flow other = Begin(GoodRequest());
  EXPECT_EQ(Press({flow.request, ""}, "person", "ana").status, 403);
  EXPECT_EQ(Press({flow.request, other.cookie}, "person", "ana").status, 403);
  EXPECT_EQ(Press({"unknown", flow.cookie}, "person", "ana").status, 400);
  // Nobody is asked twice, and nobody skips the question.
  EXPECT_EQ(Press(flow, "decision", "allow").status, 400);
  EXPECT_EQ(Press(flow, "person", "eve").status, 400);
  Press(flow, "person", "ben");
  EXPECT_EQ(Press(flow, "decision", "allow").status, 303);
  EXPECT_EQ(Press(flow, "decision", "allow").status, 400);
}

TEST_F(DemoProviderTest, ForgetsRequestsAfterAWhile) {
  const Flow flow = Begin(GoodRequest());
  clock_.Advance(absl::Minutes(11));
  EXPECT_EQ(Press(flow, "person", "ana").status, 400);
}

TEST_F(DemoProviderTest, ServesPagesThatNothingCanBePutInto) {
  Answer page = Get(absl::StrCat(
      "/authorize?", Form(With(GoodRequest(), "state", "\"><b>x</b>"))));
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, AllOf(HasSubstr("DEMO"), Not(HasSubstr("<script")),
                               Not(HasSubstr("<b>x"))));
  EXPECT_THAT(page.raw.Header("Content-Security-Policy"),
              AllOf(HasSubstr("default-src 'none'"),
                    HasSubstr("frame-ancestors 'none'"),
                    // The style's hash is that of its bytes, with padding.
                    testing::ContainsRegex("'sha256-[A-Za-z0-9+/]{43}='"),
                    HasSubstr("form-action 'self' http://127.0.0.1:9;")));
  EXPECT_THAT(page.raw.Header("Set-Cookie"),
              AllOf(HasSubstr("HttpOnly"), HasSubstr("SameSite=Lax")));
}

// ------------------------------------------------------------------- tokens --

TEST_F(DemoProviderTest, GivesTokensForACode) {
  const json tokens = TokensFor("ana");
  EXPECT_THAT(tokens.value("access_token", ""), StartsWith("dm_at_"));
  EXPECT_THAT(tokens.value("refresh_token", ""), StartsWith("dm_rt_"));
  EXPECT_EQ(tokens.value("token_type", ""), "Bearer");
  EXPECT_EQ(tokens.value("expires_in", 0), 600);
  EXPECT_EQ(tokens.value("scope", ""),
            "calendar.read calendar.write email offline_access openid");
}

TEST_F(DemoProviderTest, RedeemsACodeForItsClientAddressAndVerifierOnly) {
  const std::string code = CodeFor("ana");
  const Parameters good = Redemption(code);
  EXPECT_EQ(
      Post("/token", With(good, "redirect_uri", kLoginCallback), DemoBasic())
          .Error(),
      "invalid_grant");
  EXPECT_EQ(Post("/token", With(good, "code_verifier", std::string(43, 'x')),
                 DemoBasic())
                .Error(),
            "invalid_grant");
  EXPECT_EQ(
      Post("/token", With(good, "code_verifier", std::nullopt), DemoBasic())
          .Error(),
      "invalid_request");
  EXPECT_EQ(
      Post("/token", good, Basic(kDemoLoginClient, kDemoLoginSecret)).Error(),
      "invalid_grant");
  EXPECT_EQ(Post("/token", good, DemoBasic()).status, 200);
}

TEST_F(DemoProviderTest, EndsEverythingThatCameOfACodeUsedTwice) {
  const std::string code = CodeFor("ana");
  const json tokens = Post("/token", Redemption(code), DemoBasic()).Json();
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 200);
  EXPECT_EQ(Post("/token", Redemption(code), DemoBasic()).Error(),
            "invalid_grant");
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 401);
  EXPECT_EQ(Refresh(tokens["refresh_token"]).Error(), "invalid_grant");
}

TEST_F(DemoProviderTest, LetsCodesExpire) {
  const std::string code = CodeFor("ana");
  clock_.Advance(absl::Seconds(61));
  EXPECT_EQ(Post("/token", Redemption(code), DemoBasic()).Error(),
            "invalid_grant");
}

TEST_F(DemoProviderTest, WantsOneGoodProofOfTheClient) {
  const Parameters good = Redemption(CodeFor("ana"));
  Answer none = Post("/token", good);
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.Error(), "invalid_client");
  EXPECT_THAT(none.raw.Header("WWW-Authenticate"), StartsWith("Basic"));
  EXPECT_EQ(Post("/token", good, Basic(kDemoClient, "wrong")).status, 401);
  EXPECT_EQ(Post("/token", good, Basic("stranger", kDemoSecret)).status, 401);
  EXPECT_EQ(Post("/token", good, Basic(kDemoClient, kDemoLoginSecret)).status,
            401);
  Parameters posted =
      With(With(good, "client_id", kDemoClient), "client_secret", kDemoSecret);
  EXPECT_EQ(Post("/token", posted, DemoBasic()).status, 401);
  EXPECT_EQ(Post("/token", posted).status, 200);
}

TEST_F(DemoProviderTest, EndsTheFamilyOfARefreshTokenUsedTwice) {
  const json first = TokensFor("ana");
  const json second = Refresh(first["refresh_token"]).Json();
  EXPECT_NE(second["refresh_token"], first["refresh_token"]);
  EXPECT_EQ(EventsStatus(second["access_token"]), 200);
  EXPECT_EQ(Refresh(first["refresh_token"]).Error(), "invalid_grant");
  EXPECT_EQ(Refresh(second["refresh_token"]).Error(), "invalid_grant");
  EXPECT_EQ(EventsStatus(second["access_token"]), 401);
}

TEST_F(DemoProviderTest, KeepsTheRefreshTokenWhenToldNotToRotate) {
  DemoProvider::Options options;
  options.rotate = false;
  Start(options);
  const json first = TokensFor("ana");
  EXPECT_EQ(Refresh(first["refresh_token"]).Json()["refresh_token"],
            first["refresh_token"]);
  EXPECT_EQ(Refresh(first["refresh_token"]).status, 200);
}

TEST_F(DemoProviderTest, NarrowsOneTokenAndNotTheGrant) {
  const json first = TokensFor("ana");
  const json narrow = Refresh(first["refresh_token"], "calendar.read").Json();
  EXPECT_EQ(narrow["scope"], "calendar.read");
  const json wide = Refresh(narrow["refresh_token"]).Json();
  EXPECT_EQ(wide["scope"], first["scope"]);
  EXPECT_EQ(Refresh(wide["refresh_token"], "calendar.read profile").Error(),
            "invalid_scope");
  // The mistake did not cost the token.
  EXPECT_EQ(Refresh(wide["refresh_token"], "openid").status, 200);
}

TEST_F(DemoProviderTest, RevokesWithEverythingOfTheGrant) {
  const json tokens = TokensFor("ana");
  const json more = Refresh(tokens["refresh_token"]).Json();
  EXPECT_EQ(Post("/revoke", {{"token", more["refresh_token"]}},
                 Basic(kDemoLoginClient, kDemoLoginSecret))
                .status,
            400);
  EXPECT_EQ(EventsStatus(more["access_token"]), 200);
  EXPECT_EQ(
      Post("/revoke", {{"token", more["refresh_token"]}}, DemoBasic()).status,
      200);
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 401);
  EXPECT_EQ(EventsStatus(more["access_token"]), 401);
  EXPECT_EQ(Refresh(more["refresh_token"]).Error(), "invalid_grant");
  EXPECT_EQ(Post("/revoke", {{"token", "unknown"}}, DemoBasic()).status, 200);
}

TEST_F(DemoProviderTest, RevokesAnAccessTokenAlone) {
  const json tokens = TokensFor("ana");
  Post("/revoke", {{"token", tokens["access_token"]}}, DemoBasic());
  EXPECT_EQ(EventsStatus(tokens["access_token"]), 401);
  EXPECT_EQ(Refresh(tokens["refresh_token"]).status, 200);
}

TEST_F(DemoProviderTest, TellsClientsAboutTheirOwnTokensOnly) {
  const json tokens = TokensFor("ben");
  const Parameters form = {{"token", tokens["access_token"]}};
  const json own = Post("/introspect", form, DemoBasic()).Json();
  EXPECT_EQ(own["active"], true);
  EXPECT_EQ(own["sub"], "ben");
  EXPECT_EQ(Post("/introspect", form, Basic(kDemoLoginClient, kDemoLoginSecret))
                .Json(),
            json({{"active", false}}));
  EXPECT_EQ(Post("/introspect", form).status, 401);
  clock_.Advance(absl::Minutes(10));
  EXPECT_EQ(Post("/introspect", form, DemoBasic()).Json(),
            json({{"active", false}}));
}

// ---------------------------------------------------------------- resources --

TEST_F(DemoProviderTest, ShowsAPersonsEventsToAGoodToken) {
  const json tokens = TokensFor("ana");
  Answer answer =
      Get("/calendar/events",
          absl::StrCat("Bearer ", std::string(tokens["access_token"])));
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Json()[0]["title"], "Offsite planning");
  EXPECT_EQ(answer.Json()[0]["starts"], "2027-01-15T10:00:00Z");
}

TEST_F(DemoProviderTest, SaysWhyATokenIsNotEnough) {
  const json tokens = TokensFor("ana");
  const json narrow = Refresh(tokens["refresh_token"], "openid").Json();
  Answer narrowed =
      Get("/calendar/events",
          absl::StrCat("Bearer ", std::string(narrow["access_token"])));
  EXPECT_EQ(narrowed.status, 403);
  EXPECT_THAT(narrowed.raw.Header("WWW-Authenticate"),
              AllOf(HasSubstr("insufficient_scope"),
                    HasSubstr("scope=\"calendar.read\"")));
  clock_.Advance(absl::Minutes(10));
  Answer expired =
      Get("/calendar/events",
          absl::StrCat("Bearer ", std::string(tokens["access_token"])));
  EXPECT_EQ(expired.status, 401);
  EXPECT_THAT(expired.raw.Header("WWW-Authenticate"),
              HasSubstr("error=\"invalid_token\""));
  Answer nothing = Get("/calendar/events");
  EXPECT_EQ(nothing.status, 401);
  EXPECT_EQ(nothing.raw.Header("WWW-Authenticate"), "Bearer realm=\"demo\"");
}

TEST_F(DemoProviderTest, AnswersOnlyWhatItIsAskedFor) {
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_EQ(Get("/token").status, 405);
  EXPECT_EQ(Post("/calendar/events", {}).status, 405);
  EXPECT_EQ(Post("/token", {{"grant_type", "password"}}, DemoBasic()).Error(),
            "unsupported_grant_type");
  HttpRequest json_body;
  json_body.method = "POST";
  json_body.url = absl::StrCat(provider_->base_url(), "/token");
  json_body.headers = {{"Content-Type", "application/json"}};
  json_body.body = Secret::Copy("{}");
  EXPECT_EQ(Send(std::move(json_body)).Error(), "invalid_request");
}

TEST_F(DemoProviderTest, ListensOnLoopbackOnly) {
  DemoProvider::Options options;
  for (const char* listen : {"0.0.0.0:0", "[::]:0", "unix:/tmp/x", "host:1"}) {
    options.listen = listen;
    EXPECT_EQ(ReasonOf(DemoProvider::Start(options, clock_).status()),
              "CONFIG_INVALID")
        << listen;
  }
}

// ----------------------------------------------------- together with our own
// --

TEST_F(DemoProviderTest, SignsPeopleInForTheVault) {
  Parameters request = With(GoodRequest(), "client_id", kDemoLoginClient);
  request = With(With(request, "redirect_uri", kLoginCallback), "scope",
                 "openid profile email");
  // No question whether: the vault learns who, and nothing else.
  auto [where, parameters] = Back(Press(Begin(request), "person", "ben"));
  EXPECT_EQ(where, kLoginCallback);
  Parameters redemption =
      With(Redemption(parameters["code"]), "redirect_uri", kLoginCallback);
  const json tokens =
      Post("/token", redemption, Basic(kDemoLoginClient, kDemoLoginSecret))
          .Json();
  EXPECT_EQ(tokens.count("refresh_token"), 0u);

  JwksCache keys(http_);
  auto jwks = keys.Get(absl::StrCat(provider_->base_url(), "/jwks"), "demo",
                       clock_.Now());
  ASSERT_TRUE(jwks.ok()) << jwks.status();
  JwtExpectation expected;
  expected.issuer = provider_->base_url();
  expected.audience = kDemoLoginClient;
  expected.nonce = "n-1";
  auto verdict = VerifyJwt(std::string(tokens["id_token"]), **jwks, expected,
                           clock_.Now());
  ASSERT_TRUE(std::holds_alternative<JwtClaims>(verdict))
      << JwtProblemName(std::get<JwtProblem>(verdict));
  const JwtClaims& claims = std::get<JwtClaims>(verdict);
  EXPECT_EQ(claims.subject, "ben");
  EXPECT_EQ(claims.email, "ben@demo.test");
  EXPECT_TRUE(claims.email_verified);
}

TEST_F(DemoProviderTest, GetsAlongWithThePresetAndTheOAuthClient) {
  DemoAddresses addresses;
  addresses.admin_listen = "unix:/tmp/admin.sock";
  addresses.demo_provider_url = provider_->base_url();
  auto config = DemoConfig(addresses);
  ASSERT_TRUE(config.ok()) << config.status();
  Provider demo = *config->directory->FindProvider(ProviderId("demo"));
  DiscoveryCache discovery(http_);
  MetadataRules rules;
  rules.allow_http_loopback = true;
  auto metadata = discovery.Get(demo.issuer, rules, clock_.Now());
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  ApplyMetadata(demo, *metadata);

  OAuthClient client(http_);
  AuthorizationRequest request;
  request.scopes = {"calendar.read", "calendar.write"};
  request.redirect_uri = kCallback;
  request.state = "s";
  request.code_challenge = pkce_.challenge;
  const std::string url = client.AuthorizationUrl(demo, request);
  auto query = ParseQuery(url.substr(url.find('?') + 1));
  ASSERT_TRUE(query.ok());
  const Flow flow = Begin(*query);
  Press(flow, "person", "ana");
  const std::string code =
      Back(Press(flow, "decision", "allow")).second["code"];

  auto tokens =
      client.ExchangeCode(demo, Secret::Copy(code), pkce_.verifier, kCallback);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  ASSERT_FALSE(tokens->refresh_token.empty());
  auto account = client.FetchAccount(demo, tokens->access_token);
  ASSERT_TRUE(account.ok()) << account.status();
  EXPECT_EQ(account->id, "ana");
  EXPECT_EQ(account->label, "ana@demo.test");
  auto narrow = client.Refresh(demo, tokens->refresh_token, {"calendar.read"});
  ASSERT_TRUE(narrow.ok()) << narrow.status();
  EXPECT_EQ(EventsStatus(std::string(narrow->access_token.Reveal())), 200);
  auto revoked = client.Revoke(demo, narrow->refresh_token, "refresh_token");
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(*revoked, RevocationOutcome::kRevoked);
  EXPECT_EQ(EventsStatus(std::string(narrow->access_token.Reveal())), 401);
  EXPECT_EQ(ReasonOf(client.Refresh(demo, narrow->refresh_token).status()),
            "GRANT_GONE");
}

TEST(DemoGrantsTest, IsBounded) {
  DemoGrants grants(absl::Minutes(10), /*rotate=*/true);
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  DemoGrant grant;
  grant.client = kDemoClient;
  grant.person = "ana";
  grant.scopes = {"offline_access"};
  const std::string verifier(43, 'v');
  for (int i = 0; i < 5000; ++i) {
    const std::string code =
        grants.NewCode(grant, kCallback, PkceChallenge(verifier), now);
    ASSERT_TRUE(std::holds_alternative<DemoTokens>(
        grants.RedeemCode(kDemoClient, code, kCallback, verifier, now)));
  }
  EXPECT_EQ(grants.size(), 4u * 4096);
}

}  // namespace
}  // namespace tokenvault
