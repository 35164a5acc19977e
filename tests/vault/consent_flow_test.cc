#include "vault/consent_flow.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// What comes back to /cb/acme.calendar, and from whom.
struct Callback {
  std::string context = "acme.calendar";
  CallbackQuery query;
  std::optional<WebSession> session;
  std::optional<std::string> cookie;
};

class ConsentFlowTest : public ::testing::Test {
 protected:
  ConsentFlowTest() {
    world_.Change([](Directory& next) {
      Provider& calendar = next.providers.at(ProviderId("calendar"));
      calendar.account_url = "https://calendar.test/me";
      calendar.issuer = "https://calendar.test";
    });
  }

  Interaction AskAna(const ScopeSet& scopes,
                     const ConnectionId& connection = {},
                     const std::string& agent = "calendar-bot") {
    Question question;
    question.tenant = TenantId("acme");
    question.agent = AgentId(agent);
    question.user = world_.UserOf("acme", "ana");
    question.provider = ProviderId("calendar");
    question.connection = connection;
    question.scopes = scopes;
    auto asked = world_.interactions->Ask(question, "https://connect.test",
                                          world_.clock.Now());
    EXPECT_TRUE(asked.ok()) << asked.status();
    return asked->interaction;
  }

  // Ana presses the button; what comes back when all goes well.
  Callback Press(const Interaction& interaction) {
    Callback callback;
    callback.session = ana_;
    auto allowed = world_.consent->Allow(*world_.directory(), interaction, ana_,
                                         ConsentChoice());
    EXPECT_TRUE(allowed.ok()) << allowed.status();
    if (!allowed.ok() || !allowed->trip.has_value()) return callback;
    callback.cookie = allowed->trip->cookie_value;
    auto leaving = world_.consent->Destination(
        *world_.directory(), allowed->flow_id, ana_, ReaderOf(callback.cookie));
    EXPECT_TRUE(leaving.ok()) << leaving.status();
    if (!leaving.ok()) return callback;
    url_ = leaving->url;
    callback.query.parameters = {{"state", ParameterOf(url_, "state")},
                                 {"code", "c-1"}};
    return callback;
  }

  absl::StatusOr<ConsentFlow::Returned> Return(const Callback& callback) {
    return world_.consent->Return(*world_.directory(), callback.context,
                                  callback.query, callback.session,
                                  ReaderOf(callback.cookie));
  }

  static CookieReader ReaderOf(const std::optional<std::string>& cookie) {
    return [cookie](const std::string&) { return cookie; };
  }

  void AnswerCode(const ScopeSet& scopes, const std::string& account = "ana",
                  const std::string& refresh_token = "rt-1") {
    world_.AnswerToken("at-1", refresh_token, scopes);
    world_.http.AnswerJson(
        200, absl::StrCat(R"({"sub":")", account, R"(","email":")", account,
                          R"(@calendar.test"})"));
  }

  Interaction Read(const Interaction& interaction) {
    auto read =
        world_.store->GetInteraction(interaction.tenant, interaction.id);
    EXPECT_TRUE(read.ok());
    return read.ok() ? *read : Interaction();
  }

  VaultWorld world_;
  const WebSession ana_ = world_.SessionOf("acme", "ana");
  std::string url_;
};

TEST_F(ConsentFlowTest, ConnectsAnAccount) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  AnswerCode(ReadCalendar());
  auto returned = Return(callback);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->not_connected, absl::OkStatus());

  Interaction settled = Read(question);
  EXPECT_EQ(settled.state, InteractionState::kCompleted);
  auto outcome = world_.consent->GetOutcome(question.id, ana_);
  ASSERT_TRUE(outcome.ok() && outcome->connection.has_value() &&
              outcome->grant.has_value());
  EXPECT_EQ(outcome->connection->account_label, "ana@calendar.test");
  EXPECT_EQ(outcome->connection->first_agent, question.agent);
  EXPECT_EQ(outcome->grant->scopes, ReadCalendar());
  EXPECT_EQ(world_.RefreshTokenOf(*outcome->connection), "rt-1");
  EXPECT_THAT(world_.Audit("connection.created"), SizeIs(1));

  // The token that came with the code serves the first request.
  auto answer = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->token->value.Reveal(), "at-1");
}

TEST_F(ConsentFlowTest, KeepsWhatTheCallbackSaidForEveryLaterToken) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).callback_capture = {"realmId"};
  });
  Callback callback = Press(AskAna(ReadCalendar()));
  callback.query.parameters.emplace_back("realmId", "9130350");
  AnswerCode(ReadCalendar());
  ASSERT_TRUE(Return(callback).ok());
  const auto realm = ::testing::Contains(::testing::Pair("realmId", "9130350"));
  auto first = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(first), nullptr) << first.status();
  EXPECT_THAT(TokenIn(first)->token->endpoint_hints, realm);
  world_.clock.Advance(absl::Hours(2));
  world_.AnswerToken("at-2", "rt-2", ReadCalendar());
  auto later = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(later), nullptr) << later.status();
  EXPECT_EQ(TokenIn(later)->token->value.Reveal(), "at-2");
  EXPECT_THAT(TokenIn(later)->token->endpoint_hints, realm);
}

TEST_F(ConsentFlowTest, AsksNoTokenOfAPlaceThatThePresetDoesNotKnow) {
  world_.Change([](Directory& next) {
    Provider& calendar = next.providers.at(ProviderId("calendar"));
    calendar.callback_capture = {"accounts-server"};
    calendar.callback_allow["accounts-server"] = {"https://accounts.test"};
  });
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  callback.query.parameters.emplace_back("accounts-server",
                                         "https://evil.test");
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "callback_value");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_EQ(Read(question).state, InteractionState::kRefused);
}

TEST_F(ConsentFlowTest, SaysWhereItCameBackToOnEveryRefreshThatWantsIt) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).refresh_redirect_uri = true;
  });
  Callback callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar());
  ASSERT_TRUE(Return(callback).ok());
  world_.clock.Advance(absl::Hours(2));
  world_.AnswerToken("at-2", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  EXPECT_THAT(world_.http.requests().back().body,
              HasSubstr("redirect_uri=https%3A%2F%2Fconnect.test%2Fcb%2Facme."
                        "calendar"));
}

TEST_F(ConsentFlowTest, NeverHandsOutATokenThatHasStillToBeNarrowed) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).narrowing =
        Narrowing::kTokenExchange;
  });
  Callback callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar());
  ASSERT_TRUE(Return(callback).ok());
  world_.AnswerToken("wide", "rt-2", ReadCalendar());
  world_.AnswerToken("narrow", "", ReadCalendar());
  auto answer = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->token->value.Reveal(), "narrow");
}

TEST_F(ConsentFlowTest, GivesATokenThatNeverExpiresAgainAndAgain) {
  world_.Change([](Directory& next) {
    Provider& calendar = next.providers.at(ProviderId("calendar"));
    calendar.expires_source = ExpirySource::kNever;
    calendar.rotation = Rotation::kNone;
    calendar.narrowing = Narrowing::kNone;
    next.tokens.allow_long_lived = true;
  });
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  world_.http.AnswerJson(200, R"({"access_token":"forever"})");
  world_.http.AnswerJson(200, R"({"sub":"ana","email":"ana@calendar.test"})");
  ASSERT_TRUE(Return(callback).ok());
  auto outcome = world_.consent->GetOutcome(question.id, ana_);
  ASSERT_TRUE(outcome.ok() && outcome->connection.has_value());
  EXPECT_EQ(world_.RefreshTokenOf(*outcome->connection), "forever");
  const size_t asked = world_.http.requests().size();
  world_.cache->Invalidate(outcome->connection->id);
  auto answer = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->token->value.Reveal(), "forever");
  EXPECT_EQ(world_.http.requests().size(), asked);
}

TEST_F(ConsentFlowTest, SendsThePersonWithAStateAndAChallenge) {
  Callback callback = Press(AskAna(ReadCalendar()));
  EXPECT_THAT(url_, HasSubstr("https://calendar.test/authorize?"));
  EXPECT_EQ(ParameterOf(url_, "redirect_uri"),
            "https://connect.test/cb/acme.calendar");
  EXPECT_EQ(ParameterOf(url_, "code_challenge_method"), "S256");
  EXPECT_THAT(ParameterOf(url_, "state"), SizeIs(43));
  AnswerCode(ReadCalendar());
  ASSERT_TRUE(Return(callback).ok());
  EXPECT_THAT(world_.http.requests().at(0).body, HasSubstr("code_verifier="));
}

TEST_F(ConsentFlowTest, ShowsTheWayToTheBrowserThatPressedOnly) {
  Interaction question = AskAna(ReadCalendar());
  auto allowed = world_.consent->Allow(*world_.directory(), question, ana_,
                                       ConsentChoice());
  ASSERT_TRUE(allowed.ok());
  absl::Status status =
      world_.consent
          ->Destination(*world_.directory(), allowed->flow_id,
                        world_.SessionOf("acme", "ana", "another browser"),
                        ReaderOf(std::nullopt))
          .status();
  EXPECT_EQ(MetadataOf(status, "check"), "session");
  EXPECT_EQ(Read(question).state, InteractionState::kRefused);
  EXPECT_THAT(world_.Audit("connect.refused"), SizeIs(1));
}

TEST_F(ConsentFlowTest, TellsTheLogOfAWayThatWasNotGiven) {
  EXPECT_EQ(MetadataOf(world_.consent
                           ->Destination(*world_.directory(), "guessed", ana_,
                                         ReaderOf(std::nullopt))
                           .status(),
                       "check"),
            "state");
  ASSERT_THAT(world_.Audit("connect.refused"), SizeIs(1));
  EXPECT_THAT(
      world_.Audit("connect.refused")[0].leaf,
      HasSubstr(absl::StrCat(
          "users/", *world_.store->GetPseudonym(TenantId("acme"), ana_.user))));
}

TEST_F(ConsentFlowTest, BurnsAQuestionWhoseWayIsTakenTooLate) {
  Interaction question = AskAna(ReadCalendar());
  auto allowed = world_.consent->Allow(*world_.directory(), question, ana_,
                                       ConsentChoice());
  ASSERT_TRUE(allowed.ok());
  world_.clock.Advance(OAuthFlows::kLifetime);
  EXPECT_EQ(
      MetadataOf(world_.consent
                     ->Destination(*world_.directory(), allowed->flow_id, ana_,
                                   ReaderOf(allowed->trip->cookie_value))
                     .status(),
                 "check"),
      "expired");
  EXPECT_EQ(Read(question).state, InteractionState::kRefused);
}

// One thing is wrong with the callback, and everything else is right.
struct Wrong {
  std::string check;
  std::string how;
  std::function<void(Callback&, VaultWorld&)> make;
};
void PrintTo(const Wrong& wrong, std::ostream* out) { *out << wrong.how; }

class BadCallbackTest : public ConsentFlowTest,
                        public ::testing::WithParamInterface<Wrong> {};

TEST_P(BadCallbackTest, BurnsTheQuestionBeforeTheCodeIsUsed) {
  Interaction question = AskAna(ReadCalendar());
  const Callback good = Press(question);
  Callback bad = good;
  GetParam().make(bad, world_);
  absl::Status status = Return(bad).status();
  EXPECT_EQ(ReasonOf(status), "CONNECT_REFUSED");
  EXPECT_EQ(MetadataOf(status, "check"), GetParam().check);
  EXPECT_EQ(Read(question).state, InteractionState::kRefused);
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  const bool mismatch = GetParam().check == "user";
  EXPECT_THAT(
      world_.Audit(mismatch ? "connect.user_mismatch" : "connect.refused"),
      SizeIs(1));
  // The right one is too late now.
  EXPECT_EQ(MetadataOf(Return(good).status(), "check"), "replayed");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    , BadCallbackTest,
    ::testing::Values(
        Wrong{"cookie", "NoCookie",
              [](Callback& c, VaultWorld&) { c.cookie.reset(); }},
        Wrong{"cookie", "AnotherCookie",
              [](Callback& c, VaultWorld&) { c.cookie = "stolen"; }},
        Wrong{"session", "NoSession",
              [](Callback& c, VaultWorld&) { c.session.reset(); }},
        Wrong{"session", "AnotherSession",
              [](Callback& c, VaultWorld& world) {
                c.session = world.SessionOf("acme", "ana", "another browser");
              }},
        Wrong{"user", "AnotherPerson",
              [](Callback& c, VaultWorld& world) {
                c.session = world.SessionOf("acme", "ben");
              }},
        Wrong{"user", "AnotherTenant",
              [](Callback& c, VaultWorld&) {
                c.session->tenant = TenantId("globex");
              }},
        Wrong{"context", "AnotherContext",
              [](Callback& c, VaultWorld&) { c.context = "acme.files"; }},
        Wrong{"iss", "AnotherIssuer",
              [](Callback& c, VaultWorld&) {
                c.query.parameters.emplace_back("iss", "https://evil.test");
              }},
        Wrong{"code", "NoCode",
              [](Callback& c, VaultWorld&) { c.query.parameters.pop_back(); }}),
    [](const auto& instance) { return instance.param.how; });

TEST_F(ConsentFlowTest, RequiresTheIssuerWhereItIsPromised) {
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).authorization_response_iss = true;
  });
  Callback callback = Press(AskAna(ReadCalendar()));
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "iss");

  callback = Press(AskAna(ReadCalendar()));
  callback.query.parameters.emplace_back("iss", "https://calendar.test");
  AnswerCode(ReadCalendar());
  EXPECT_TRUE(Return(callback).ok());
}

TEST_F(ConsentFlowTest, TakesNoQueryThatCannotBeRead) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  callback.query.malformed = true;
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "query");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  ASSERT_THAT(world_.Audit("connect.refused"), SizeIs(1));
  EXPECT_EQ(world_.Audit("connect.refused")[0].tenant, TenantId("acme"));
  EXPECT_THAT(world_.Audit("connect.refused")[0].leaf,
              HasSubstr(R"("detail":"query")"));
}

TEST_F(ConsentFlowTest, TakesNoStateThatWasNotGiven) {
  Callback callback = Press(AskAna(ReadCalendar()));
  for (const char* state : {"", "guessed"}) {
    callback.query.parameters[0].second = state;
    EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "state");
  }
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_THAT(world_.Audit("connect.refused"), SizeIs(2));
}

// The log keeps its leaves for ever: a stranger must not decide how many.
TEST_F(ConsentFlowTest, WritesALimitedNumberOfLeavesAboutStrangers) {
  Callback callback;
  callback.query.parameters = {{"state", "guessed"}, {"code", "c"}};
  for (int i = 0; i < RefusalLog::kPerMinute + 70; ++i) {
    EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "state");
  }
  EXPECT_THAT(world_.Audit("connect.refused"), SizeIs(RefusalLog::kPerMinute));
  world_.clock.Advance(absl::Minutes(1));
  callback.context = "nobody.calendar";
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "state");
  const auto leaves = world_.Audit("connect.refused");
  ASSERT_THAT(leaves, SizeIs(RefusalLog::kPerMinute + 1));
  EXPECT_THAT(leaves.back().leaf,
              HasSubstr(R"("detail":"state; 70 more left out")"));
  EXPECT_EQ(leaves.back().tenant, TenantId());
}

TEST_F(ConsentFlowTest, SuffersTheirOwnBrowserToComeBackTwice) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  world_.http.AnswerJson(503, "{}");
  ASSERT_TRUE(Return(callback).ok());
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "replayed");
  EXPECT_EQ(Read(question).state, InteractionState::kPending);
  EXPECT_THAT(world_.Audit("connect.refused"), SizeIs(1));
}

TEST_F(ConsentFlowTest, BurnsTheQuestionWhenSomebodyElseComesBackWithIt) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  world_.http.AnswerJson(503, "{}");
  ASSERT_TRUE(Return(callback).ok());
  callback.cookie.reset();
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "replayed");
  EXPECT_EQ(Read(question).state, InteractionState::kRefused);
  EXPECT_THAT(world_.Audit("connect.refused"), SizeIs(1));
}

TEST_F(ConsentFlowTest, TakesNoStateOfASignIn) {
  // A state that /signin made is none of /cb's.
  OAuthFlow flow;
  flow.state_hash = *world_.keys->Lookup("state", "login-state");
  flow.tenant = TenantId("acme");
  flow.kind = FlowKind::kLogin;
  flow.cookie_hash = *world_.keys->Lookup("flow-cookie", "login-cookie");
  flow.session_hash = ana_.id_hash;
  flow.context = "acme.calendar";
  flow.provider = ProviderId("calendar");
  flow.create_time = world_.clock.Now();
  flow.expire_time = world_.clock.Now() + absl::Minutes(10);
  WriteBatch batch;
  batch.Insert(flow);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  Callback callback;
  callback.session = ana_;
  callback.cookie = "login-cookie";
  callback.query.parameters = {{"state", "login-state"}, {"code", "c-1"}};
  EXPECT_EQ(ReasonOf(Return(callback).status()), "CONNECT_REFUSED");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_THAT(world_.Audit("connect.refused"), SizeIs(1));
}

TEST_F(ConsentFlowTest, TakesNoCallbackThatIsLate) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  world_.clock.Advance(absl::Minutes(10));
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "expired");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_EQ(Read(question).state, InteractionState::kRefused);
  EXPECT_THAT(world_.Audit("connect.refused"), SizeIs(1));
}

TEST_F(ConsentFlowTest, TakesNoCallbackOfASettledQuestion) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  ASSERT_TRUE(world_.interactions
                  ->Cancel(question.tenant, question.agent, question.id,
                           /*request_id=*/"", world_.clock.Now())
                  .ok());
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "settled");
  EXPECT_EQ(Read(question).state, InteractionState::kCancelled);
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(ConsentFlowTest, UsesACodeOnceWhenTwoHundredReturnAtOnce) {
  Callback callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar());
  std::atomic<int> won = 0;
  std::atomic<int> replayed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        auto returned = Return(callback);
        if (returned.ok()) ++won;
        if (MetadataOf(returned.status(), "check") == "replayed") ++replayed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(replayed, 199);
  auto requests = world_.http.requests();
  EXPECT_EQ(std::count_if(requests.begin(), requests.end(),
                          [](const auto& request) {
                            return request.url == "https://calendar.test/token";
                          }),
            1);
}

TEST_F(ConsentFlowTest, TellsThatThePersonSaidNoAtTheProvider) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  callback.query.parameters[1] = {"error", "access_denied"};
  ASSERT_TRUE(Return(callback).ok());
  EXPECT_EQ(Read(question).state, InteractionState::kDenied);
  EXPECT_EQ(Read(question).denial_reason, "PROVIDER_DENIED");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(ConsentFlowTest, GrantsNothingThatIsStopped) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  Stops::Order lock;
  lock.stop.kind = StopKind::kVault;
  lock.actor = "operator";
  const auto commit = [](absl::AnyInvocable<void(Stops::Done)> order) {
    return Await([&](absl::AnyInvocable<void(absl::Status)> done) {
      order(std::move(done));
    });
  };
  ASSERT_TRUE(commit([&](Stops::Done done) {
                world_.stops->Add(lock, std::move(done));
              }).ok());
  // The code stays unused, and the question open.
  auto returned = Return(callback);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(ReasonOf(returned->not_connected), "ISSUANCE_STOPPED");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
  EXPECT_EQ(Read(question).state, InteractionState::kPending);
  EXPECT_THAT(world_.Audit("connect.failed"), SizeIs(1));
  EXPECT_EQ(ReasonOf(world_.consent
                         ->Allow(*world_.directory(), question, ana_,
                                 {absl::InfiniteFuture(), {}, ""})
                         .status()),
            "ISSUANCE_STOPPED");

  ASSERT_TRUE(commit([&](Stops::Done done) {
                world_.stops->Lift(lock, std::move(done));
              }).ok());
  callback = Press(question);
  AnswerCode(ReadCalendar());
  returned = Return(callback);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(returned->not_connected, absl::OkStatus());
  EXPECT_EQ(Read(question).state, InteractionState::kCompleted);
}

TEST_F(ConsentFlowTest, KeepsTheQuestionOpenWhenTheProviderFails) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  callback.query.parameters[1] = {"error", "temporarily_unavailable"};
  auto returned = Return(callback);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(ReasonOf(returned->not_connected), "PROVIDER_UNREACHABLE");

  callback = Press(question);
  world_.http.AnswerJson(503, "{}");
  returned = Return(callback);
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_EQ(ReasonOf(returned->not_connected), "PROVIDER_UNREACHABLE");
  EXPECT_EQ(Read(question).state, InteractionState::kPending);
  std::vector<AuditEntry> failed = world_.Audit("connect.failed");
  ASSERT_THAT(failed, SizeIs(2));
  EXPECT_THAT(failed[1].leaf, HasSubstr(R"("reason":"PROVIDER_UNREACHABLE")"));
  EXPECT_THAT(failed[1].leaf, HasSubstr(question.id.value));

  callback = Press(question);
  AnswerCode(ReadCalendar());
  EXPECT_TRUE(Return(callback).ok());
  EXPECT_EQ(Read(question).state, InteractionState::kCompleted);
}

TEST_F(ConsentFlowTest, BurnsTheQuestionWhenTheCodeIsRefused) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  world_.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "code");
  EXPECT_EQ(Read(question).state, InteractionState::kRefused);
}

TEST_F(ConsentFlowTest, TellsWhenLessWasGranted) {
  const ScopeSet both = ReadCalendar().Union(WriteCalendar());
  Interaction question = AskAna(both);
  Callback callback = Press(question);
  AnswerCode(ReadCalendar());
  ASSERT_TRUE(Return(callback).ok());
  Interaction settled = Read(question);
  EXPECT_EQ(settled.state, InteractionState::kDenied);
  EXPECT_EQ(settled.denial_reason, "SCOPES_NOT_GRANTED");
  EXPECT_EQ(settled.missing_scopes, WriteCalendar());
  auto grant = world_.store->GetAgentGrant(settled.tenant, settled.connection,
                                           settled.agent);
  ASSERT_TRUE(grant.ok());
  EXPECT_EQ(grant->scopes, ReadCalendar());
}

// Ana is asked to reconnect her account, and comes back with another one.
class OtherAccountTest : public ConsentFlowTest {
 protected:
  OtherAccountTest() {
    asked_ = world_.ConnectCalendar();
    asked_.state = ConnectionState::kNeedsReconnect;
    world_.Put(asked_);
    asked_ = world_.Row(asked_);
    question_ = AskAna(ReadCalendar(), asked_.id);
    callback_ = Press(question_);
  }

  std::string ComeBackAs(const std::string& account,
                         const std::string& refresh_token) {
    AnswerCode(asked_.granted_scopes, account, refresh_token);
    auto returned = Return(callback_);
    EXPECT_TRUE(returned.ok()) << returned.status();
    return returned.ok() ? returned->trip_id : "";
  }

  Connection asked_;
  Interaction question_;
  Callback callback_;
};

TEST_F(OtherAccountTest, OverwritesNothingAndLetsNobodyIn) {
  const std::string trip = ComeBackAs("ana-at-home", "rt-home");
  ASSERT_FALSE(trip.empty());
  EXPECT_EQ(Read(question_).state, InteractionState::kPending);
  Connection row = world_.Row(asked_);
  EXPECT_EQ(row.account_id, "ana");
  EXPECT_EQ(row.state, ConnectionState::kNeedsReconnect);
  EXPECT_EQ(world_.RefreshTokenOf(row), "rt-1");

  auto found = world_.consent->GetOtherAccount(trip, ana_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->is_new);
  EXPECT_EQ(found->asked.id, asked_.id);
  EXPECT_EQ(found->other.account_id, "ana-at-home");
  EXPECT_EQ(world_.RefreshTokenOf(found->other), "rt-home");
  EXPECT_THAT(
      *world_.store->ListAgentGrants(found->other.tenant, found->other.id),
      IsEmpty());
}

TEST_F(OtherAccountTest, IsUsedFromNowOnWhenThePersonSaysSo) {
  const std::string trip = ComeBackAs("ana-at-home", "rt-home");
  ASSERT_EQ(world_.consent->UseOtherAccount(trip, ana_), absl::OkStatus());
  Interaction settled = Read(question_);
  EXPECT_EQ(settled.state, InteractionState::kCompleted);
  EXPECT_NE(settled.connection, asked_.id);
  auto grant = world_.store->GetAgentGrant(settled.tenant, settled.connection,
                                           settled.agent);
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->scopes, ReadCalendar());
  grant = world_.store->GetAgentGrant(asked_.tenant, asked_.id, settled.agent);
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_LE(grant->end_time, world_.clock.Now());
  EXPECT_THAT(world_.Audit("connection.replaced"), SizeIs(1));
  // Once.
  EXPECT_EQ(ReasonOf(world_.consent->UseOtherAccount(trip, ana_)),
            "INTERACTION_USED");
}

TEST_F(OtherAccountTest, LeavesTheQuestionToBeAnsweredWithTheRightOne) {
  ComeBackAs("ana-at-home", "rt-home");
  callback_ = Press(Read(question_));
  EXPECT_EQ(ComeBackAs("ana", "rt-2"), "");
  EXPECT_EQ(Read(question_).state, InteractionState::kCompleted);
  EXPECT_EQ(Read(question_).connection, asked_.id);
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(asked_)), "rt-2");
}

TEST_F(OtherAccountTest, RenewsOneThatWasConnectedBefore) {
  Connection home = world_.ConnectCalendar();
  home.account_id = "ana-at-home";
  world_.Put(home);
  world_.clock.Advance(absl::Seconds(1));
  callback_ = Press(question_);
  const std::string trip = ComeBackAs("ana-at-home", "rt-home");
  auto found = world_.consent->GetOtherAccount(trip, ana_);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->other.id, home.id);
  EXPECT_FALSE(found->is_new);
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(home)), "rt-home");
}

TEST_F(OtherAccountTest, IsShownToTheBrowserThatWentThere) {
  const std::string trip = ComeBackAs("ana-at-home", "rt-home");
  const WebSession elsewhere =
      world_.SessionOf("acme", "ana", "another browser");
  EXPECT_EQ(
      MetadataOf(world_.consent->GetOtherAccount(trip, elsewhere).status(),
                 "check"),
      "session");
  for (const char* guess : {"", "zz", "00"}) {
    EXPECT_EQ(MetadataOf(world_.consent->UseOtherAccount(guess, ana_), "check"),
              "state");
  }
}

TEST_F(OtherAccountTest, IsNotUsedOnceItIsDisconnected) {
  const std::string trip = ComeBackAs("ana-at-home", "rt-home");
  Connection other = world_.consent->GetOtherAccount(trip, ana_)->other;
  other.state = ConnectionState::kRevoked;
  world_.Put(other);
  EXPECT_EQ(MetadataOf(world_.consent->UseOtherAccount(trip, ana_), "check"),
            "revoked");
  EXPECT_EQ(Read(question_).state, InteractionState::kPending);
}

TEST_F(ConsentFlowTest, RenewsAConnectionAndForgetsItsOldTokens) {
  Connection connection = world_.ConnectCalendar();
  Validity old = world_.cache->ValidityOf(connection.id);
  connection.state = ConnectionState::kNeedsReconnect;
  connection.first_agent = AgentId("mail-bot");
  world_.Put(connection);
  Callback callback = Press(AskAna(ReadCalendar(), connection.id));
  AnswerCode(connection.granted_scopes, "ana", "rt-9");
  ASSERT_TRUE(Return(callback).ok());
  Connection row = world_.Row(connection);
  EXPECT_EQ(row.state, ConnectionState::kActive);
  EXPECT_EQ(row.generation, connection.generation + 1);
  EXPECT_EQ(world_.RefreshTokenOf(row), "rt-9");
  EXPECT_EQ(row.first_agent, AgentId("mail-bot"));
  EXPECT_FALSE(old->load());
}

TEST_F(ConsentFlowTest, PutsAGrantBesideAnotherOfTheSameAccount) {
  world_.Change([](Directory& next) {
    Provider& calendar = next.providers.at(ProviderId("calendar"));
    calendar.narrowing = Narrowing::kNone;
    calendar.several_grants = true;
  });
  Callback callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar(), "ana", "rt-read");
  ASSERT_TRUE(Return(callback).ok());
  world_.clock.Advance(absl::Seconds(1));  // ids tell which came first
  callback = Press(AskAna(WriteCalendar()));
  AnswerCode(WriteCalendar(), "ana", "rt-write");
  ASSERT_TRUE(Return(callback).ok());
  // The same scopes again: the same grant, renewed.
  callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar(), "ana", "rt-again");
  ASSERT_TRUE(Return(callback).ok());

  ConnectionFilter filter;
  filter.tenant = TenantId("acme");
  auto rows = world_.store->ListConnections(filter, {}, 10);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2);
  EXPECT_EQ(rows->at(0).granted_scopes, ReadCalendar());
  EXPECT_EQ(world_.RefreshTokenOf(rows->at(0)), "rt-again");
  EXPECT_EQ(rows->at(1).granted_scopes, WriteCalendar());
  EXPECT_EQ(world_.RefreshTokenOf(rows->at(1)), "rt-write");
}

TEST_F(ConsentFlowTest, BringsNoRevokedConnectionBack) {
  Connection connection = world_.ConnectCalendar();
  connection.state = ConnectionState::kNeedsReconnect;
  world_.Put(connection);
  Interaction question = AskAna(ReadCalendar(), connection.id);
  Callback callback = Press(question);
  connection.state = ConnectionState::kRevoked;
  world_.Put(connection);
  AnswerCode(connection.granted_scopes);
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "revoked");
  EXPECT_EQ(world_.Row(connection).state, ConnectionState::kRevoked);
}

TEST_F(ConsentFlowTest, LetsAnotherAgentInWithoutTheProvider) {
  Connection connection = world_.ConnectCalendar();
  Interaction question = AskAna(ReadCalendar(), connection.id, "mail-bot");
  auto allowed = world_.consent->Allow(*world_.directory(), question, ana_,
                                       ConsentChoice());
  ASSERT_TRUE(allowed.ok()) << allowed.status();
  EXPECT_FALSE(allowed->trip.has_value());
  EXPECT_EQ(Read(question).state, InteractionState::kCompleted);
  auto grants = world_.store->ListAgentGrants(connection.tenant, connection.id);
  ASSERT_TRUE(grants.ok());
  EXPECT_THAT(*grants, SizeIs(2));
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(ConsentFlowTest, StartsAnEndedConnectionAfreshForWhoWasAllowed) {
  Connection connection = world_.ConnectCalendar();
  Interaction other = AskAna(ReadCalendar(), connection.id, "mail-bot");
  ASSERT_TRUE(
      world_.consent->Allow(*world_.directory(), other, ana_, ConsentChoice())
          .ok());
  connection.access_end_time = world_.clock.Now();
  world_.Put(connection);
  for (const ConnectionId& named : {ConnectionId(), connection.id}) {
    Connection row = world_.Row(connection);
    row.access_end_time = world_.clock.Now();
    world_.Put(row);
    Callback callback = Press(AskAna(ReadCalendar(), named));
    ASSERT_TRUE(callback.cookie.has_value());
    AnswerCode(connection.granted_scopes, "ana", "rt-9");
    ASSERT_TRUE(Return(callback).ok());
    EXPECT_GT(world_.Row(connection).access_end_time, world_.clock.Now());
    auto grants =
        world_.store->ListAgentGrants(connection.tenant, connection.id);
    ASSERT_TRUE(grants.ok());
    ASSERT_THAT(*grants, SizeIs(1));
    EXPECT_EQ(grants->at(0).agent, AgentId("calendar-bot"));
  }
}

TEST_F(ConsentFlowTest, BurnsAQuestionThatAnotherPersonOpens) {
  for (const WebSession& wrong :
       {world_.SessionOf("acme", "ben"), world_.SessionOf("globex", "ana")}) {
    Interaction question = AskAna(ReadCalendar());
    EXPECT_EQ(MetadataOf(world_.consent->Admit(question, wrong), "check"),
              "user_mismatch");
    EXPECT_EQ(Read(question).denial_reason, "FAILED_USER_MISMATCH");
  }
  EXPECT_THAT(world_.Audit("connect.user_mismatch"), SizeIs(2));
}

TEST_F(ConsentFlowTest, TellsTheLogOfAMismatchThoughTheQuestionJustMoved) {
  const Interaction stale = AskAna(ReadCalendar());
  ASSERT_TRUE(world_.interactions
                  ->Cancel(stale.tenant, stale.agent, stale.id,
                           /*request_id=*/"", world_.clock.Now())
                  .ok());
  EXPECT_EQ(
      MetadataOf(world_.consent->Admit(stale, world_.SessionOf("acme", "ben")),
                 "check"),
      "user_mismatch");
  EXPECT_EQ(Read(stale).state, InteractionState::kCancelled);
  ASSERT_THAT(world_.Audit("connect.user_mismatch"), SizeIs(1));
  EXPECT_THAT(world_.Audit("connect.user_mismatch")[0].leaf,
              HasSubstr("FAILED_USER_MISMATCH"));
}

TEST_F(ConsentFlowTest, AsksTheProviderForTheUnionWhenMoreIsAsked) {
  Connection connection =
      world_.Connect("acme", "ana", "calendar-bot", "calendar", ReadCalendar());
  Press(AskAna(WriteCalendar(), connection.id));
  EXPECT_EQ(ParameterOf(url_, "scope"),
            "https://calendar.test/read https://calendar.test/write");
}

// A code was exchanged, and what came with it cannot be kept.
class StrayGrantTest : public ConsentFlowTest {
 protected:
  // What holds a connection, an answer and a leaf is not taken by the disk.
  void FailConnecting() {
    world_.store->FailCommits(errors::StorageFull(), [](const WriteBatch& b) {
      return b.ops().size() > 1;
    });
  }
  std::vector<std::string> Revoked() const {
    std::vector<std::string> bodies;
    for (const auto& request : world_.http.requests()) {
      if (absl::StrContains(request.url, "/revoke")) {
        bodies.push_back(request.body);
      }
    }
    return bodies;
  }
  std::string Leaf() const {
    const auto leaves = world_.Audit("connection.revoked_upstream");
    EXPECT_THAT(leaves, SizeIs(1));
    return leaves.empty() ? "" : leaves[0].leaf;
  }
};

TEST_F(StrayGrantTest, IsEndedWhenTheDiskTakesNothing) {
  Callback callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar());
  world_.http.AnswerJson(200, "{}");
  FailConnecting();
  EXPECT_EQ(ReasonOf(Return(callback).status()), "STORAGE_FULL");
  ASSERT_THAT(Revoked(), SizeIs(1));
  EXPECT_THAT(Revoked()[0], HasSubstr("token=rt-1"));
  EXPECT_THAT(Leaf(), HasSubstr(R"("outcome":"ok")"));
  EXPECT_THAT(Leaf(), HasSubstr("not kept: STORAGE_FULL"));
}

TEST_F(StrayGrantTest, IsEndedWhenTheQuestionWasSettledMeanwhile) {
  Interaction question = AskAna(ReadCalendar());
  Callback callback = Press(question);
  world_.http.SetHandler([&](const FakeHttpClient::Request& request) {
    if (absl::StrContains(request.url, "/token")) {
      EXPECT_TRUE(world_.interactions
                      ->Cancel(question.tenant, question.agent, question.id,
                               /*request_id=*/"", world_.clock.Now())
                      .ok());
    }
    if (absl::StrContains(request.url, "/revoke")) {
      return absl::StatusOr<HttpResponse>(
          FakeHttpClient::Response(200, "application/json", "{}"));
    }
    return TokenAnswer("at-1", "rt-1");
  });
  EXPECT_EQ(MetadataOf(Return(callback).status(), "check"), "settled");
  ASSERT_THAT(Revoked(), SizeIs(1));
  EXPECT_THAT(Leaf(), HasSubstr("settled"));
  EXPECT_THAT(Leaf(), HasSubstr(R"("outcome":"ok")"));
}

TEST_F(StrayGrantTest, SaysSoWhenTheProviderDoesNotEndIt) {
  Callback callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar());
  world_.http.AnswerJson(503, "{}");
  FailConnecting();
  EXPECT_EQ(ReasonOf(Return(callback).status()), "STORAGE_FULL");
  EXPECT_THAT(Revoked(), SizeIs(1));
  EXPECT_THAT(Leaf(), HasSubstr("UPSTREAM_FAILED"));
}

TEST_F(StrayGrantTest, IsLeftAloneWhereItMayBePartOfALivingOne) {
  world_.ConnectCalendar();
  Callback callback = Press(AskAna(ReadCalendar()));
  AnswerCode(ReadCalendar());
  FailConnecting();
  EXPECT_EQ(ReasonOf(Return(callback).status()), "STORAGE_FULL");
  EXPECT_THAT(Revoked(), IsEmpty());
  EXPECT_THAT(Leaf(), HasSubstr("UPSTREAM_LEFT_ALONE"));
}

TEST_F(ConsentFlowTest, TellsEachStateOfALink) {
  auto look = [&](const Interaction& question) {
    return ReasonOf(
        world_.consent->Look(*world_.interactions->LinkIdOf(question.id))
            .status());
  };
  Interaction question = AskAna(ReadCalendar());
  EXPECT_EQ(look(question), "");
  ASSERT_EQ(world_.consent->Deny(question, ana_), absl::OkStatus());
  EXPECT_EQ(look(question), "INTERACTION_DENIED");

  question = AskAna(ReadCalendar());
  world_.clock.Advance(Interactions::kLifetime);
  EXPECT_EQ(look(question), "INTERACTION_EXPIRED");
  EXPECT_EQ(ReasonOf(world_.consent->Look("guessed").status()), "NOT_FOUND");
}

TEST_F(ConsentFlowTest, ShowsTheOutcomeToWhoWasAskedOnly) {
  Interaction question = AskAna(ReadCalendar());
  for (const WebSession& wrong :
       {world_.SessionOf("acme", "ben"), world_.SessionOf("globex", "ana")}) {
    EXPECT_EQ(ReasonOf(world_.consent->GetOutcome(question.id, wrong).status()),
              "RESOURCE_DENIED");
  }
}

// A remote MCP server that names its authorization server itself.
class McpConsentTest : public ConsentFlowTest {
 protected:
  McpConsentTest() {
    world_.Change([](Directory& next) {
      Provider& calendar = next.providers.at(ProviderId("calendar"));
      calendar.discovery = true;
      calendar.issuer.clear();
      calendar.authorize_url.clear();
      calendar.token_url.clear();
      calendar.account_url.clear();
      calendar.protected_resource = "https://mcp.test/mcp";
      calendar.client_id = "https://connect.test/.well-known/oauth-client.json";
      calendar.client_is_document = true;
      calendar.client_auth = ClientAuth::kNone;
      calendar.client_secret = nullptr;
    });
    world_.http.SetHandler([this](const FakeHttpClient::Request& request) {
      return Answer(request);
    });
  }

  absl::StatusOr<HttpResponse> Answer(const FakeHttpClient::Request& request) {
    auto json = [](const std::string& body) {
      return FakeHttpClient::Response(200, "application/json", body);
    };
    if (request.url ==
        "https://mcp.test/.well-known/oauth-protected-resource/mcp") {
      return json(absl::StrCat(
          R"({"resource":"https://mcp.test/mcp","authorization_servers":[")",
          issuer_, R"("]})"));
    }
    if (request.url ==
        absl::StrCat(issuer_, "/.well-known/openid-configuration")) {
      return json(absl::StrCat(
          R"({"issuer":")", issuer_, R"(","authorization_endpoint":")", issuer_,
          R"(/authorize","token_endpoint":")", issuer_,
          R"(/token","code_challenge_methods_supported":["S256"],)",
          R"("client_id_metadata_document_supported":)",
          takes_documents_ ? "true" : "false", "}"));
    }
    if (request.method == "POST") {
      asked_.push_back(request.url);
      bodies_.push_back(request.body);
      if (!id_token_.empty()) {
        return json(absl::StrCat(R"({"access_token":"at-1","expires_in":3600,)",
                                 R"("refresh_token":"rt-1","id_token":")",
                                 id_token_, R"("})"));
      }
      return TokenAnswer("at-1", "rt-1");
    }
    return FakeHttpClient::Response(404, "text/plain", "");
  }

  // Metadata is asked for anew.
  void WaitADay() { world_.clock.Advance(absl::Hours(25)); }

  std::string issuer_ = "https://as.test";
  bool takes_documents_ = true;
  std::string id_token_;
  std::vector<std::string> asked_;
  std::vector<std::string> bodies_;
};

TEST_F(McpConsentTest, ConnectsWithNothingButItsAddress) {
  const Interaction interaction = AskAna(ReadCalendar());
  auto returned = Return(Press(interaction));
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_TRUE(returned->not_connected.ok()) << returned->not_connected;
  EXPECT_EQ(ParameterOf(url_, "resource"), "https://mcp.test/mcp");
  EXPECT_EQ(ParameterOf(url_, "client_id"),
            "https://connect.test/.well-known/oauth-client.json");
  ASSERT_THAT(asked_, SizeIs(1));
  EXPECT_EQ(asked_[0], "https://as.test/token");
  EXPECT_THAT(bodies_[0], HasSubstr("resource=https%3A%2F%2Fmcp.test%2Fmcp"));
  auto connected = world_.store->GetConnection(TenantId("acme"),
                                               Read(interaction).connection);
  ASSERT_TRUE(connected.ok()) << connected.status();
  EXPECT_EQ(connected->issuer, "https://as.test");
}

TEST_F(McpConsentTest, EndsAGrantWhoseIdTokenCannotBeVerified) {
  id_token_ = "a.b.c";
  const Interaction interaction = AskAna(ReadCalendar());
  auto returned = Return(Press(interaction));
  EXPECT_TRUE(!returned.ok() || !returned->not_connected.ok());
  EXPECT_TRUE(Read(interaction).connection.empty());
  ASSERT_THAT(asked_, SizeIs(2));
  EXPECT_EQ(asked_[1], "https://calendar.test/revoke");
  EXPECT_THAT(bodies_[1], HasSubstr("token=rt-1"));
}

TEST_F(McpConsentTest, GivesTheCodeToNobodyElse) {
  // Between leaving and coming back, the resource names another server, and
  // what it said before is an hour old.
  ASSERT_TRUE(
      world_.providers
          ->WithEndpoints(
              world_.directory()->providers.at(ProviderId("calendar")), false)
          .ok());
  world_.clock.Advance(absl::Minutes(55));
  const Interaction interaction = AskAna(ReadCalendar());
  const Callback callback = Press(interaction);
  issuer_ = "https://evil.test";
  world_.clock.Advance(absl::Minutes(6));
  auto returned = Return(callback);
  EXPECT_EQ(MetadataOf(returned.status(), "check"), "iss");
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_EQ(Read(interaction).state, InteractionState::kRefused);
}

TEST_F(McpConsentTest, ShowsARefreshTokenToNobodyElse) {
  const Interaction interaction = AskAna(ReadCalendar());
  ASSERT_TRUE(Return(Press(interaction)).ok());
  asked_.clear();
  issuer_ = "https://evil.test";
  WaitADay();
  auto answer = world_.Get(world_.Request());
  EXPECT_EQ(ReasonOf(answer.status()), "PROVIDER_MISCONFIGURED");
  EXPECT_THAT(asked_, IsEmpty());
  // Nothing is lost: the right one back, it works.
  issuer_ = "https://as.test";
  WaitADay();
  answer = world_.Get(world_.Request());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_NE(TokenIn(answer), nullptr);
}

TEST_F(McpConsentTest, AsksThePersonOnceTheOperatorNamesAnotherServer) {
  ASSERT_TRUE(Return(Press(AskAna(ReadCalendar()))).ok());
  asked_.clear();
  issuer_ = "https://new.test";
  world_.Change([](Directory& next) {
    next.providers.at(ProviderId("calendar")).issuer = "https://new.test";
  });
  WaitADay();
  auto answer = world_.Get(world_.Request());
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_NE(QuestionIn(answer), nullptr);
  EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kReconnect);
  EXPECT_THAT(asked_, IsEmpty());
  auto returned = Return(Press(QuestionIn(answer)->interaction));
  ASSERT_TRUE(returned.ok()) << returned.status();
  EXPECT_THAT(asked_, SizeIs(1));
  answer = world_.Get(world_.Request());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_NE(TokenIn(answer), nullptr);
}

TEST_F(McpConsentTest, NeedsAClientWhereDocumentsAreNotTaken) {
  takes_documents_ = false;
  auto ready = world_.providers->WithEndpoints(
      world_.directory()->providers.at(ProviderId("calendar")), false);
  EXPECT_EQ(ReasonOf(ready.status()), "PROVIDER_MISCONFIGURED");
  EXPECT_EQ(MetadataOf(ready.status(), "problem"), "client_id_needed");
}

}  // namespace
}  // namespace tokenvault
