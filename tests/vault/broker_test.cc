#include "vault/broker.h"

#include <chrono>
#include <future>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BrokerTest : public ::testing::Test {
 protected:
  using Answer = absl::StatusOr<AccessAnswer>;

  void ExpectQuestion(const Answer& answer, InteractionKind kind) {
    ASSERT_NE(QuestionIn(answer), nullptr) << answer.status();
    EXPECT_EQ(QuestionIn(answer)->interaction.kind, kind);
    EXPECT_THAT(QuestionIn(answer)->url, HasSubstr("https://connect.test/c/"));
    EXPECT_THAT(world_.http.requests(), IsEmpty());
  }

  VaultWorld world_;
};

TEST_F(BrokerTest, AsksForConsentWhenNothingIsConnected) {
  Answer answer = world_.Get(world_.Request());
  ExpectQuestion(answer, InteractionKind::kConsent);
  EXPECT_TRUE(QuestionIn(answer)->interaction.connection.empty());
  EXPECT_THAT(world_.Audit("token.denied"), SizeIs(1));
}

TEST_F(BrokerTest, AsksToReconnectWhatNeedsIt) {
  Connection connection = world_.ConnectCalendar();
  connection.state = ConnectionState::kNeedsReconnect;
  world_.Put(connection);
  Answer answer = world_.Get(world_.Request());
  ExpectQuestion(answer, InteractionKind::kReconnect);
  EXPECT_EQ(QuestionIn(answer)->interaction.connection, connection.id);
}

TEST_F(BrokerTest, AsksForConsentToAnotherAgent) {
  Connection connection =
      world_.Connect("acme", "ana", "mail-bot", "calendar", ReadCalendar());
  Answer answer = world_.Get(world_.Request());
  ExpectQuestion(answer, InteractionKind::kConsent);
  EXPECT_EQ(QuestionIn(answer)->interaction.connection, connection.id);
}

TEST_F(BrokerTest, AsksForWhatIsMissing) {
  world_.AllowEverything();
  world_.Connect("acme", "ana", "calendar-bot", "calendar", ReadCalendar());
  AccessRequest request = world_.Request();
  request.scopes = ReadCalendar().Union(WriteCalendar());
  Answer answer = world_.Get(request);
  ExpectQuestion(answer, InteractionKind::kStepUp);
  EXPECT_EQ(QuestionIn(answer)->interaction.missing_scopes, WriteCalendar());
}

TEST_F(BrokerTest, RefusesAPausedConnection) {
  Connection connection = world_.ConnectCalendar();
  connection.paused = true;
  world_.Put(connection);
  Answer answer = world_.Get(world_.Request());
  EXPECT_EQ(ReasonOf(answer.status()), "CONNECTION_PAUSED");
}

TEST_F(BrokerTest, SaysNothingAboutAForeignConnection) {
  Connection bens =
      world_.Connect("acme", "ben", "calendar-bot", "calendar", ReadCalendar());
  Connection theirs =
      world_.Connect("globex", "ana", "globex-bot", "calendar", ReadCalendar());
  for (const std::string& id :
       {bens.id.value, theirs.id.value, std::string("nowhere")}) {
    AccessRequest request = world_.Request();
    request.connection = ConnectionId(id);
    EXPECT_EQ(ReasonOf(world_.Get(request).status()), "RESOURCE_DENIED") << id;
  }
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

TEST_F(BrokerTest, WritesDownWhatPolicyDenies) {
  world_.ConnectCalendar();
  AccessRequest request = world_.Request();
  request.scopes = WriteCalendar();
  EXPECT_EQ(ReasonOf(world_.Get(request).status()), "POLICY_DENIED");
  std::vector<AuditEntry> leaves = world_.Audit("token.denied");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr(R"("rule":"no-writes")"));
  EXPECT_THAT(leaves[0].leaf, HasSubstr(R"("outcome":"denied")"));
}

TEST_F(BrokerTest, AnswersFromTheCacheWithoutAProvider) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  Answer second = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(second), nullptr) << second.status();
  EXPECT_TRUE(TokenIn(second)->from_cache);
  EXPECT_EQ(TokenIn(second)->token->value.Reveal(), "at-1");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
  EXPECT_THAT(world_.Audit("token.granted"), SizeIs(2));
}

TEST_F(BrokerTest, FetchesAnotherWhenOneHasExpired) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  world_.Get(world_.Request()).IgnoreError();
  world_.clock.Advance(absl::Hours(1));
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  Answer answer = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->token->value.Reveal(), "at-2");
  EXPECT_THAT(world_.http.requests(), SizeIs(2));
}

TEST_F(BrokerTest, CallsTheProviderOnceForEightAtATime) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(world_.Begin(world_.Request()));
  for (auto& future : answers) {
    Answer answer = future.get();
    ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
    EXPECT_EQ(TokenIn(answer)->token->value.Reveal(), "at-1");
  }
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(BrokerTest, SharesAFailureAmongThoseWhoWaitForIt) {
  world_.ConnectCalendar();
  HeldAnswer held(world_.http,
                  errors::ProviderUnreachable("calendar", "timeout", true));
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 8; ++i) answers.push_back(world_.Begin(world_.Request()));
  held.WaitForRequest();
  world_.WaitForPool(/*held=*/1);
  held.LetGo();
  for (auto& answer : answers) {
    EXPECT_EQ(ReasonOf(answer.get().status()), "PROVIDER_UNREACHABLE");
  }
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(BrokerTest, FetchesDifferentScopesOfAConnectionOneAfterAnother) {
  world_.AllowEverything();
  world_.ConnectCalendar();
  HeldAnswer held(world_.http, TokenAnswer("at-1", "rt-2"),
                  TokenAnswer("at-2", "rt-3"));
  auto read = world_.Begin(world_.Request());
  held.WaitForRequest();
  AccessRequest other = world_.Request();
  other.scopes = WriteCalendar();
  auto write = world_.Begin(other);
  world_.WaitForPool(/*held=*/1);
  held.LetGo();
  Answer first = read.get();
  Answer second = write.get();
  ASSERT_NE(TokenIn(first), nullptr) << first.status();
  ASSERT_NE(TokenIn(second), nullptr) << second.status();
  EXPECT_EQ(TokenIn(first)->token->scopes, ReadCalendar());
  EXPECT_EQ(TokenIn(second)->token->scopes, WriteCalendar());
  auto requests = world_.http.requests();
  ASSERT_THAT(requests, SizeIs(2));
  EXPECT_THAT(requests[1].body, HasSubstr("refresh_token=rt-2"));
}

TEST_F(BrokerTest, GivesATokenThatIsStillGoodWhenTheProviderIsDown) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar(), 3600);
  Answer first = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(first), nullptr);
  const absl::Time end = TokenIn(first)->token->expire_time;
  world_.clock.Advance(end - world_.clock.Now() - absl::Seconds(30));

  Answer answer = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->token->expire_time, end);
  EXPECT_THAT(world_.http.requests(), SizeIs(2));

  AccessRequest exacting = world_.Request();
  exacting.min_ttl = absl::Minutes(5);
  EXPECT_EQ(ReasonOf(world_.Get(exacting).status()), "PROVIDER_UNREACHABLE");
}

TEST_F(BrokerTest, GivesItToThoseWhoWaitedAsWell) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar(), 3600);
  Answer first = world_.Get(world_.Request());
  ASSERT_NE(TokenIn(first), nullptr);
  world_.clock.Advance(TokenIn(first)->token->expire_time - world_.clock.Now() -
                       absl::Seconds(30));
  HeldAnswer held(world_.http,
                  errors::ProviderUnreachable("calendar", "timeout", true));
  std::vector<std::future<Answer>> answers;
  for (int i = 0; i < 4; ++i) answers.push_back(world_.Begin(world_.Request()));
  held.WaitForRequest();
  world_.WaitForPool(/*held=*/1);
  held.LetGo();
  for (auto& future : answers) {
    Answer answer = future.get();
    EXPECT_NE(TokenIn(answer), nullptr) << answer.status();
  }
  EXPECT_THAT(world_.http.requests(), SizeIs(2));
}

TEST_F(BrokerTest, RefusesATokenThatCanDoMoreThanAsked) {
  world_.Connect("acme", "ana", "calendar-bot", "files",
                 ReadFiles().Union({"https://files.test/write"}));
  AccessRequest request = world_.Request();
  request.provider = ProviderId("files");
  request.scopes = ReadFiles();
  absl::Status status = world_.Get(request).status();
  EXPECT_EQ(ReasonOf(status), "SCOPE_NOT_NARROWABLE");
  EXPECT_THAT(world_.http.requests(), IsEmpty());
}

// Ana's files, of which each set of scopes has a grant of its own.
class SeveralGrantsTest : public BrokerTest {
 protected:
  SeveralGrantsTest() {
    world_.AllowEverything();
    world_.Change([](Directory& next) {
      next.providers.at(ProviderId("files")).several_grants = true;
    });
    wide_ = Connect(ReadFiles().Union({"https://files.test/write"}), "rt-wide");
    narrow_ = Connect(ReadFiles(), "rt-narrow");
  }
  Connection Connect(const ScopeSet& scopes, const std::string& refresh_token) {
    Connection made = world_.Connect("acme", "ana", "calendar-bot", "files",
                                     scopes, refresh_token);
    made.account_id = "ana-at-files";
    world_.Put(made);
    return world_.Row(made);
  }
  AccessRequest Request(const ScopeSet& scopes) {
    AccessRequest request = world_.Request();
    request.provider = ProviderId("files");
    request.scopes = scopes;
    return request;
  }

  Connection wide_;
  Connection narrow_;
};

TEST_F(SeveralGrantsTest, UsesTheOneThatCanDoNoMoreThanWasAsked) {
  world_.AnswerToken("at-1", "", ReadFiles());
  Answer answer = world_.Get(Request(ReadFiles()));
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->connection->id, narrow_.id);
  EXPECT_EQ(TokenIn(answer)->enforcement, ScopeEnforcement::kGrant);
  EXPECT_THAT(world_.http.requests()[0].body,
              HasSubstr("refresh_token=rt-narrow"));
}

TEST_F(SeveralGrantsTest, TakesAnyOfThemForTheAccountThatIsMeant) {
  world_.AnswerToken("at-1", "", ReadFiles());
  AccessRequest request = Request(ReadFiles());
  request.connection = wide_.id;
  Answer answer = world_.Get(request);
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->connection->id, narrow_.id);
}

TEST_F(SeveralGrantsTest, AsksForOneMoreWhereNoneFits) {
  const ScopeSet write = {"https://files.test/write"};
  Answer answer = world_.Get(Request(write));
  const AskedQuestion* question = QuestionIn(answer);
  ASSERT_NE(question, nullptr) << answer.status();
  EXPECT_EQ(question->interaction.kind, InteractionKind::kConsent);
  EXPECT_EQ(question->interaction.scopes, write);
  EXPECT_TRUE(question->interaction.connection.empty());
}

TEST_F(SeveralGrantsTest, TakesTheSmallestWiderOneWherePolicyAloneMayLimitIt) {
  world_.Change([](Directory& next) { next.tokens.allow_policy_only = true; });
  const ScopeSet write = {"https://files.test/write"};
  const ScopeSet all = ReadFiles().Union(write);
  world_.AnswerToken("at-1", "", all);
  Answer answer = world_.Get(Request(write));
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->connection->id, wide_.id);
  EXPECT_EQ(TokenIn(answer)->enforcement, ScopeEnforcement::kPolicyOnly);
}

TEST_F(BrokerTest, SaysThatPolicyAloneLimitsAWiderToken) {
  world_.Change([](Directory& next) { next.tokens.allow_policy_only = true; });
  const ScopeSet all = ReadFiles().Union({"https://files.test/write"});
  world_.Connect("acme", "ana", "calendar-bot", "files", all);
  world_.AnswerToken("at-1", "", all);
  AccessRequest request = world_.Request();
  request.provider = ProviderId("files");
  request.scopes = ReadFiles();
  Answer answer = world_.Get(request);
  ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
  EXPECT_EQ(TokenIn(answer)->enforcement, ScopeEnforcement::kPolicyOnly);
  EXPECT_EQ(TokenIn(answer)->token->scopes, all);
  EXPECT_THAT(world_.Audit("token.granted").at(0).leaf,
              HasSubstr("policy_only"));
}

TEST_F(BrokerTest, RefusesATokenThatLivesTooLong) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar(), 30 * 24 * 3600);
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "PROVIDER_TOKEN_NOT_SHORT_LIVED");
}

TEST_F(BrokerTest, BlamesNoConnectionForOurClientSecret) {
  Connection connection = world_.ConnectCalendar();
  world_.http.AnswerJson(401, R"({"error":"invalid_client"})");
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "PROVIDER_MISCONFIGURED");
  EXPECT_EQ(world_.Row(connection).state, ConnectionState::kActive);
}

TEST_F(BrokerTest, AsksNobodyToReconnectOnTheWordOfAProviderInDoubt) {
  std::vector<Connection> connections;
  for (int i = 0; i < 20; ++i) {
    connections.push_back(world_.Connect("acme", absl::StrCat("person-", i),
                                         "calendar-bot", "calendar",
                                         ReadCalendar()));
  }
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return FakeHttpClient::Response(400, "application/json",
                                    R"({"error":"invalid_grant"})");
  });
  size_t links = 0;
  for (const Connection& connection : connections) {
    AccessRequest request = world_.Request();
    request.user = connection.user;
    Answer answer = world_.Get(request);
    if (QuestionIn(answer) != nullptr) {
      ++links;
    } else {
      EXPECT_EQ(ReasonOf(answer.status()), "PROVIDER_MISCONFIGURED");
    }
  }
  EXPECT_EQ(links, ProviderBreaker::kMostLost);
}

TEST_F(BrokerTest, UsesWhatAPersonReconnectedWhileTheOldGrantWasRefused) {
  Connection connection = world_.ConnectCalendar();
  HeldAnswer held(world_.http,
                  FakeHttpClient::Response(400, "application/json",
                                           R"({"error":"invalid_grant"})"),
                  TokenAnswer("at-2", ""));
  auto leader = world_.Begin(world_.Request());
  held.WaitForRequest();
  auto joiner = world_.Begin(world_.Request());
  world_.WaitForPool(/*held=*/1);
  // As a reconnect does.
  Connection row = world_.Row(connection);
  row.lease_epoch += 1;
  row.refresh_phase = RefreshPhase::kNone;
  world_.Put(row);
  world_.cache->Invalidate(connection.id);
  held.LetGo();
  for (auto* future : {&leader, &joiner}) {
    Answer answer = future->get();
    ASSERT_NE(TokenIn(answer), nullptr) << answer.status();
    EXPECT_EQ(TokenIn(answer)->token->value.Reveal(), "at-2");
  }
}

TEST_F(BrokerTest, AsksForWhatTheProviderNoLongerGives) {
  world_.AllowEverything();
  Connection connection = world_.ConnectCalendar();
  AccessRequest request = world_.Request();
  request.scopes = ReadCalendar().Union(WriteCalendar());
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  Answer answer = world_.Get(request);
  ASSERT_NE(QuestionIn(answer), nullptr) << answer.status();
  EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kStepUp);
  EXPECT_EQ(QuestionIn(answer)->interaction.missing_scopes, WriteCalendar());
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection)), "rt-2");
  EXPECT_THAT(world_.http.requests(), SizeIs(1));
}

TEST_F(BrokerTest, AsksToReconnectWhenTheGrantIsGone) {
  Connection connection = world_.ConnectCalendar();
  world_.http.AnswerJson(400, R"({"error":"invalid_grant"})");
  Answer answer = world_.Get(world_.Request());
  ASSERT_NE(QuestionIn(answer), nullptr) << answer.status();
  EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kReconnect);
  EXPECT_EQ(world_.Row(connection).state, ConnectionState::kNeedsReconnect);
}

TEST_F(BrokerTest, LetsNothingOutWithoutADurableLeaf) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  AccessRequest denied = world_.Request();
  denied.scopes = WriteCalendar();
  AccessRequest question = world_.Request();
  question.user = world_.UserOf("acme", "ben");
  world_.FailAudit();
  // A token from the cache, a denial, a question, and a refresh.
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "AUDIT_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(world_.Get(denied).status()), "AUDIT_UNAVAILABLE");
  EXPECT_EQ(ReasonOf(world_.Get(question).status()), "AUDIT_UNAVAILABLE");
  world_.clock.Advance(absl::Hours(2));
  world_.AnswerToken("at-2", "rt-3", ReadCalendar());
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "AUDIT_UNAVAILABLE");
}

TEST_F(BrokerTest, AnswersOnlyAfterTheLeafIsDurable) {
  world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  world_.Get(world_.Request()).IgnoreError();
  world_.store->HoldCommits();
  auto answer = world_.Begin(world_.Request());
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)),
            std::future_status::timeout);
  world_.store->LetCommitsGo();
  EXPECT_NE(TokenIn(answer.get()), nullptr);
}

TEST_F(BrokerTest, HasTheNewRefreshTokenOnDiskBeforeItAnswers) {
  Connection connection = world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  std::promise<Connection> seen;
  world_.broker->GetToken(world_.Request(), [&](Answer answer) {
    seen.set_value(TokenIn(answer) != nullptr ? world_.Row(connection)
                                              : Connection());
  });
  Connection row = seen.get_future().get();
  EXPECT_EQ(row.generation, connection.generation + 1);
  EXPECT_EQ(world_.RefreshTokenOf(row), "rt-2");
}

TEST_F(BrokerTest, HandsOutNothingThatWasRevokedWhileItWasFetched) {
  Connection connection = world_.ConnectCalendar();
  HeldAnswer held(world_.http, TokenAnswer("at-1", "rt-2"));
  auto answer = world_.Begin(world_.Request());
  held.WaitForRequest();
  // No provider is known to this directory: the revocation is ours alone.
  ASSERT_TRUE(world_.connections
                  ->Revoke(Directory(), connection.tenant, connection.user,
                           connection.id, "", "operator", "")
                  .ok());
  held.LetGo();
  EXPECT_EQ(TokenIn(answer.get()), nullptr);
  // What came too late is kept for one thing: to tell the provider.
  Connection row = world_.Row(connection);
  EXPECT_EQ(row.state, ConnectionState::kRevoked);
  EXPECT_EQ(world_.RefreshTokenOf(row), "rt-2");
  EXPECT_THAT(world_.Audit("token.granted"), IsEmpty());
}

TEST_F(BrokerTest, ServesNoCachedTokenOfARevokedConnection) {
  Connection connection = world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  ASSERT_TRUE(world_.connections
                  ->Revoke(Directory(), connection.tenant, connection.user,
                           connection.id, "", "operator", "")
                  .ok());
  Answer answer = world_.Get(world_.Request());
  ASSERT_NE(QuestionIn(answer), nullptr) << answer.status();
  EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kConsent);
}

TEST_F(BrokerTest, ServesNoCachedTokenOfAPausedConnection) {
  Connection connection = world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  ConnectionChange pause;
  pause.paused = true;
  ASSERT_TRUE(world_.connections
                  ->Update(connection.tenant, connection.user, connection.id,
                           "", pause, "operator")
                  .ok());
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()),
            "CONNECTION_PAUSED");
}

TEST_F(BrokerTest, HandsOutNothingThatWasVoidedWhileItsLeafWasWritten) {
  Connection connection = world_.ConnectCalendar();
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  world_.store->HoldCommits();
  auto answer = world_.Begin(world_.Request());
  // As a revocation does whose commit was faster.
  world_.cache->Invalidate(connection.id);
  world_.store->LetCommitsGo();
  EXPECT_EQ(TokenIn(answer.get()), nullptr);
}

TEST_F(BrokerTest, AsksAgainOnceThePersonsChosenTimeIsOver) {
  Connection connection = world_.ConnectCalendar();
  connection.access_end_time = world_.clock.Now() + absl::Seconds(30);
  world_.Put(connection);
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  AccessRequest named = world_.Request();
  named.connection = connection.id;
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  ASSERT_NE(TokenIn(world_.Get(named)), nullptr);
  world_.clock.Advance(absl::Seconds(30));
  for (const AccessRequest& request : {world_.Request(), named}) {
    Answer answer = world_.Get(request);
    ASSERT_NE(QuestionIn(answer), nullptr) << answer.status();
    EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kConsent);
  }
}

TEST_F(BrokerTest, AsksAgainOnceTheAgentsTimeIsOver) {
  Connection connection = world_.ConnectCalendar();
  auto grant = world_.store->GetAgentGrant(connection.tenant, connection.id,
                                           AgentId("calendar-bot"));
  ASSERT_TRUE(grant.ok());
  grant->end_time = world_.clock.Now() + absl::Seconds(30);
  WriteBatch batch;
  batch.Update(*grant);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  world_.AnswerToken("at-1", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  world_.clock.Advance(absl::Seconds(30));
  EXPECT_NE(QuestionIn(world_.Get(world_.Request())), nullptr);
}

// Three agents of two tenants, three people, three connections: who asks for
// what is another's gets nothing, whichever of the names is the wrong one.
TEST_F(BrokerTest, GivesTokensOnTheDiagonalOnly) {
  world_.AllowEverything();
  struct Who {
    std::string tenant, agent, person;
  };
  const std::vector<Who> everyone = {{"acme", "calendar-bot", "ana"},
                                     {"acme", "mail-bot", "ben"},
                                     {"globex", "globex-bot", "ana"}};
  std::vector<Connection> connections;
  for (const Who& who : everyone) {
    connections.push_back(world_.Connect(who.tenant, who.person, who.agent,
                                         "calendar", ReadCalendar(),
                                         absl::StrCat("rt-of-", who.agent)));
  }
  world_.http.SetHandler([](const FakeHttpClient::Request& request) {
    // Who holds which refresh token is visible in the access token.
    size_t at = request.body.find("rt-of-");
    size_t end = request.body.find('&', at);
    return TokenAnswer(
        "at-" + request.body.substr(
                    at + 6, end == std::string::npos ? end : end - at - 6),
        "");
  });
  for (size_t agent = 0; agent < 3; ++agent) {
    for (size_t person = 0; person < 3; ++person) {
      for (size_t owner = 0; owner < 3; ++owner) {
        AccessRequest request = world_.Request();
        request.tenant = TenantId(everyone[agent].tenant);
        request.agent = AgentId(everyone[agent].agent);
        request.user =
            world_.UserOf(everyone[person].tenant, everyone[person].person);
        request.connection = connections[owner].id;
        Answer answer = world_.Get(request);
        const bool diagonal = agent == person && person == owner;
        ASSERT_EQ(TokenIn(answer) != nullptr, diagonal)
            << agent << person << owner;
        if (!diagonal) continue;
        EXPECT_EQ(TokenIn(answer)->token->value.Reveal(),
                  "at-" + everyone[agent].agent);
      }
    }
  }
}

}  // namespace
}  // namespace tokenvault
