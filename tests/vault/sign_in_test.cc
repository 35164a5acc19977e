#include "vault/sign_in.h"

#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/oauth/test_signer.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kIssuer[] = "https://idp.acme.test";

// What comes back to /signin/acme.
struct Callback {
  std::string tenant = "acme";
  CallbackQuery query;
  std::optional<std::string> cookie;
};

class SignInTest : public ::testing::Test {
 protected:
  SignInTest() {
    world_.http.SetHandler([this](const FakeHttpClient::Request& request) {
      return AnswerAsIssuer(request.url);
    });
  }

  HttpResponse AnswerAsIssuer(const std::string& url) {
    std::string body;
    if (absl::StrContains(url, "/.well-known/")) {
      body = absl::StrCat(
          R"({"issuer":")", kIssuer, R"(","authorization_endpoint":")", kIssuer,
          R"(/authorize","token_endpoint":")", kIssuer,
          R"(/token","jwks_uri":")", kIssuer,
          R"(/jwks","code_challenge_methods_supported":["S256"]})");
    } else if (absl::StrContains(url, "/jwks")) {
      body = signer_.JwkSet();
    } else {
      ++codes_used_;
      const int64_t now = absl::ToUnixSeconds(world_.clock.Now());
      std::string claims = absl::StrCat(
          R"({"iss":")", kIssuer, R"(","aud":")", audience_,
          R"(","sub":"ana","email":"ana@acme.test","groups":["staff"],)"
          R"("acr":"phr","nonce":")",
          nonce_, R"(","iat":)", now, R"(,"exp":)", now + 300, "}");
      body = absl::StrCat(R"({"access_token":"at","token_type":"Bearer",)",
                          R"("id_token":")", signer_.Sign(claims), R"("})");
    }
    return FakeHttpClient::Response(200, "application/json", body);
  }

  // Somebody goes to sign in; what comes back when all goes well.
  Callback Leave(SignIn::Home home = SignIn::Home::kOwnPages) {
    Callback callback;
    auto trip = world_.sign_in->Begin(
        *world_.directory(), *world_.directory()->FindTenant(TenantId("acme")),
        InteractionId("i-1"), absl::InfiniteDuration(), home);
    EXPECT_TRUE(trip.ok()) << trip.status();
    if (!trip.ok()) return callback;
    nonce_ = ParameterOf(trip->url, "nonce");
    callback.cookie = trip->cookie_value;
    callback.query.parameters = {{"state", ParameterOf(trip->url, "state")},
                                 {"code", "c-1"}};
    return callback;
  }

  absl::StatusOr<SignIn::SignedIn> Finish(const Callback& callback) {
    auto directory = world_.directory();
    return world_.sign_in->Finish(
        *directory, *directory->FindTenant(TenantId(callback.tenant)),
        callback.query,
        [&callback](const std::string&) { return callback.cookie; });
  }
  std::string CheckOf(const Callback& callback) {
    return MetadataOf(Finish(callback).status(), "check");
  }

  VaultWorld world_;
  TestSigner signer_{"ES256", "key-1"};
  std::string nonce_;
  std::string audience_ = "tokenvault";
  std::atomic<int> codes_used_ = 0;
};

TEST_F(SignInTest, SignsAPersonIn) {
  auto signed_in = Finish(Leave());
  ASSERT_TRUE(signed_in.ok()) << signed_in.status();
  EXPECT_EQ(signed_in->session.user, world_.UserOf("acme", "ana"));
  EXPECT_EQ(signed_in->session.display_name, "ana@acme.test");
  EXPECT_EQ(signed_in->interaction, InteractionId("i-1"));
  auto found = world_.sign_in->Find(signed_in->cookie);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->user, signed_in->session.user);
  EXPECT_EQ((*found)->groups, std::vector<std::string>{"staff"});
  EXPECT_EQ((*found)->acr, "phr");
  EXPECT_THAT(world_.Audit("person.signed_in"), SizeIs(1));
}

// One thing is wrong with the callback, and everything else is right.
struct Wrong {
  std::string check;
  std::string how;
  std::function<void(Callback&)> make;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.how; }

TEST_F(SignInTest, RemembersForWhichPageItWas) {
  for (SignIn::Home home :
       {SignIn::Home::kOwnPages, SignIn::Home::kOperatorPage}) {
    auto signed_in = Finish(Leave(home));
    ASSERT_TRUE(signed_in.ok()) << signed_in.status();
    EXPECT_EQ(signed_in->home, home);
  }
}

class BadSignInTest : public SignInTest,
                      public ::testing::WithParamInterface<Wrong> {};

TEST_P(BadSignInTest, EndsTheRoundTripBeforeTheCodeIsUsed) {
  const Callback good = Leave();
  Callback bad = good;
  GetParam().make(bad);
  EXPECT_EQ(CheckOf(bad), GetParam().check);
  EXPECT_EQ(CheckOf(good), "replayed");
  EXPECT_EQ(codes_used_, 0);
  const auto leaves = world_.Audit("person.sign_in_refused");
  ASSERT_THAT(leaves, SizeIs(2));
  EXPECT_THAT(leaves[0].leaf,
              HasSubstr(absl::StrCat(R"("detail":")", GetParam().check, "\"")));
  EXPECT_THAT(leaves[1].leaf, HasSubstr(R"("detail":"replayed")"));
}

INSTANTIATE_TEST_SUITE_P(
    , BadSignInTest,
    ::testing::Values(
        Wrong{"cookie", "NoCookie", [](Callback& c) { c.cookie.reset(); }},
        Wrong{"cookie", "AnotherCookie",
              [](Callback& c) { c.cookie = "stolen"; }},
        Wrong{"context", "AnotherTenant",
              [](Callback& c) { c.tenant = "globex"; }},
        Wrong{"iss", "AnotherIssuer",
              [](Callback& c) {
                c.query.parameters.emplace_back("iss", "https://evil.test");
              }},
        Wrong{"provider_error", "AnError",
              [](Callback& c) {
                c.query.parameters.emplace_back("error", "access_denied");
              }},
        Wrong{"code", "NoCode",
              [](Callback& c) { c.query.parameters.pop_back(); }}),
    [](const auto& instance) { return instance.param.how; });

TEST_F(SignInTest, TakesNoQueryThatCannotBeReadAndNoUnknownState) {
  Callback callback = Leave();
  callback.query.malformed = true;
  EXPECT_EQ(CheckOf(callback), "query");
  callback.query.malformed = false;
  callback.query.parameters[0].second = "guessed";
  EXPECT_EQ(CheckOf(callback), "state");
  EXPECT_EQ(codes_used_, 0);
  const auto leaves = world_.Audit("person.sign_in_refused");
  ASSERT_THAT(leaves, SizeIs(2));
  EXPECT_EQ(leaves[0].tenant, TenantId("acme"));
}

// Anybody can begin, and come back without the cookie.
TEST_F(SignInTest, WritesALimitedNumberOfLeavesAboutStrangers) {
  for (int i = 0; i < RefusalLog::kPerMinute + 5; ++i) {
    Callback callback = Leave();
    callback.cookie.reset();
    EXPECT_EQ(CheckOf(callback), "cookie");
  }
  EXPECT_THAT(world_.Audit("person.sign_in_refused"),
              SizeIs(RefusalLog::kPerMinute));
}

TEST_F(SignInTest, TakesNoCallbackThatIsLate) {
  Callback callback = Leave();
  world_.clock.Advance(OAuthFlows::kLifetime);
  EXPECT_EQ(CheckOf(callback), "expired");
  EXPECT_EQ(codes_used_, 0);
}

TEST_F(SignInTest, UsesACodeOnceWhenTwoHundredReturnAtOnce) {
  Callback callback = Leave();
  std::atomic<int> won = 0;
  std::atomic<int> replayed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        auto signed_in = Finish(callback);
        if (signed_in.ok()) ++won;
        if (MetadataOf(signed_in.status(), "check") == "replayed") ++replayed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(replayed, 199);
  EXPECT_EQ(codes_used_, 1);
}

TEST_F(SignInTest, TakesNoIdTokenOfAnotherRoundTripOrClient) {
  Callback callback = Leave();
  nonce_ = "of-another";
  EXPECT_EQ(CheckOf(callback), "id_token_nonce");
  callback = Leave();
  audience_ = "another-client";
  EXPECT_EQ(CheckOf(callback), "id_token_audience");
  EXPECT_THAT(world_.Audit("person.signed_in"), SizeIs(0));
}

TEST_F(SignInTest, EndsASessionWhenIdleTooOldOrSignedOut) {
  auto idle = Finish(Leave());
  ASSERT_TRUE(idle.ok()) << idle.status();
  world_.clock.Advance(SignIn::kIdle);
  EXPECT_FALSE(world_.sign_in->Find(idle->cookie)->has_value());

  auto old = Finish(Leave());
  ASSERT_TRUE(old.ok()) << old.status();
  const absl::Time end = world_.clock.Now() + SignIn::kAbsolute;
  while (world_.clock.Now() + absl::Minutes(10) < end) {
    world_.clock.Advance(absl::Minutes(10));
    ASSERT_TRUE(world_.sign_in->Find(old->cookie)->has_value());
  }
  world_.clock.Advance(absl::Minutes(10));
  EXPECT_FALSE(world_.sign_in->Find(old->cookie)->has_value());

  auto left = Finish(Leave());
  ASSERT_TRUE(left.ok()) << left.status();
  ASSERT_EQ(world_.sign_in->SignOut(left->cookie), absl::OkStatus());
  EXPECT_EQ(world_.sign_in->SignOut(left->cookie), absl::OkStatus());
  EXPECT_FALSE(world_.sign_in->Find(left->cookie)->has_value());
  EXPECT_FALSE(world_.sign_in->Find("")->has_value());
}

TEST_F(SignInTest, BindsAFormToItsSessionAndAction) {
  const WebSession ana = world_.SessionOf("acme", "ana");
  const WebSession other = world_.SessionOf("acme", "ana", "another browser");
  const std::string token = *world_.sign_in->CsrfToken(ana, "allow");
  EXPECT_EQ(*world_.sign_in->CsrfToken(ana, "allow"), token);
  EXPECT_NE(*world_.sign_in->CsrfToken(ana, "deny"), token);
  EXPECT_NE(*world_.sign_in->CsrfToken(other, "allow"), token);
}

}  // namespace
}  // namespace tokenvault
