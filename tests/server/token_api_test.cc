#include "server/token_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/errors.h"
#include "server/resource_names.h"
#include "tests/server/api_world.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class TokenApiTest : public ::testing::Test {
 protected:
  std::string ReasonFor(const std::string& agent,
                        const v1::GetScopedTokenRequest& request) {
    return ReasonOf(world_.GetToken(agent, request).status());
  }
  nlohmann::json LastLeaf() {
    return nlohmann::json::parse(world_.vault.Audit().back().leaf);
  }
  absl::StatusOr<v1::Interaction> Wait(const std::string& agent,
                                       const std::string& name) {
    return Waiting(agent, name).get();
  }
  std::future<absl::StatusOr<v1::Interaction>> Waiting(
      const std::string& agent, const std::string& name) {
    v1::WaitInteractionRequest request;
    request.set_name(name);
    return world_.Begin<v1::Interaction>(
        world_.tokens, &TokenApi::WaitInteraction, world_.As(agent), request);
  }
  std::string AskSomething() {
    return world_.GetToken("calendar-bot", ReadCalendarOf("ana"))
        ->consent_required()
        .name();
  }
  // Until the wait is registered: it shows in the timer.
  void AwaitTimer(size_t timers) {
    while (world_.timer.size() < timers) std::this_thread::yield();
  }
  void Settle(const std::string& name, InteractionState state) {
    Interaction interaction = *world_.vault.store->GetInteraction(
        TenantId("acme"), *ReadInteractionName("", name));
    ASSERT_TRUE(
        world_.vault.interactions->Settle(interaction, state, "", WriteBatch())
            .ok());
  }

  ApiWorld world_;
};

TEST_F(TokenApiTest, AsksAPersonFirst) {
  auto response = world_.GetToken("calendar-bot", ReadCalendarOf("ana"));
  ASSERT_TRUE(response.ok()) << response.status();
  const v1::Interaction& asked = response->consent_required();
  EXPECT_EQ(asked.kind(), v1::Interaction::KIND_CONSENT);
  EXPECT_EQ(asked.state(), v1::Interaction::STATE_PENDING);
  EXPECT_THAT(asked.url(), HasSubstr("https://connect.test/c/"));
  EXPECT_THAT(asked.message(), HasSubstr("Agent calendar-bot"));
}

TEST_F(TokenApiTest, GivesATokenForAConnection) {
  Connection connection = world_.vault.Connect("acme", "ana", "calendar-bot",
                                               "calendar", ReadScope());
  world_.vault.AnswerToken("at-1", "rt-2", ReadScope());
  auto response = world_.GetToken("calendar-bot", ReadCalendarOf("ana"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->token().access_token(), "at-1");
  EXPECT_THAT(response->token().granted_scopes(),
              ElementsAre("https://calendar.test/read"));
  EXPECT_EQ(response->token().connection(),
            ConnectionName(connection.user, connection.id));
  EXPECT_EQ(LastLeaf()["token_id"], response->token().token_id());
  EXPECT_THAT(world_.vault.Audit("token.granted"), SizeIs(1));
}

TEST_F(TokenApiTest, NeverWritesATokenIntoTheAuditLog) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope(),
                       "canary-refresh");
  world_.vault.AnswerToken("canary-access", "canary-next", ReadScope());
  ASSERT_TRUE(world_.GetToken("calendar-bot", ReadCalendarOf("ana")).ok());
  for (const AuditEntry& entry : world_.vault.Audit()) {
    EXPECT_THAT(entry.leaf, ::testing::Not(HasSubstr("canary")));
  }
}

// ------------------------------------------------------------- who is calling
// --

TEST_F(TokenApiTest, RefusesStrangersAndWritesItDown) {
  ApiCall nobody;
  auto response = world_.Call<v1::GetScopedTokenResponse>(
      world_.tokens, &TokenApi::GetScopedToken, nobody, ReadCalendarOf("ana"));
  EXPECT_EQ(ReasonOf(response.status()), "AGENT_CREDENTIAL_INVALID");
  ASSERT_THAT(world_.vault.Audit("agent.refused"), SizeIs(1));
  EXPECT_EQ(LastLeaf()["outcome"], "denied");
  EXPECT_EQ(LastLeaf()["detail"], "missing");
}

TEST_F(TokenApiTest, RefusesUnknownWorkloads) {
  EXPECT_EQ(ReasonFor("nobody-bot", ReadCalendarOf("ana")),
            "AGENT_CREDENTIAL_INVALID");
}

TEST_F(TokenApiTest, RefusesTheOperator) {
  auto response = world_.Call<v1::GetScopedTokenResponse>(
      world_.tokens, &TokenApi::GetScopedToken, world_.AsOperator(),
      ReadCalendarOf("ana"));
  EXPECT_EQ(ReasonOf(response.status()), "AGENT_CREDENTIAL_INVALID");
}

TEST_F(TokenApiTest, LetsOnlyTrustedAgentsNameAPerson) {
  EXPECT_EQ(ReasonFor("mail-bot", ReadCalendarOf("ana")),
            "SUBJECT_ASSERTION_NOT_ALLOWED");
  EXPECT_EQ(LastLeaf()["actor"], "agents/mail-bot");
  EXPECT_EQ(LastLeaf()["reason"], "SUBJECT_ASSERTION_NOT_ALLOWED");
}

TEST_F(TokenApiTest, WantsAPerson) {
  v1::GetScopedTokenRequest request = ReadCalendarOf("ana");
  request.clear_subject();
  EXPECT_EQ(ReasonFor("calendar-bot", request), "FIELD_INVALID");
}

TEST_F(TokenApiTest, KeepsTenantsApart) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  auto response = world_.GetToken("globex-bot", ReadCalendarOf("ana"));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_TRUE(response->has_consent_required());
}

// ------------------------------------------------------------- what is asked
// --

TEST_F(TokenApiTest, RefusesRequestsThatAreNotWellMade) {
  auto with = [](auto change) {
    v1::GetScopedTokenRequest request = ReadCalendarOf("ana");
    change(request);
    return request;
  };
  using R = v1::GetScopedTokenRequest;
  EXPECT_EQ(ReasonFor("calendar-bot", with([](R& r) { r.set_provider("x"); })),
            "FIELD_INVALID");
  EXPECT_EQ(ReasonFor("calendar-bot",
                      with([](R& r) { r.set_provider("providers/none"); })),
            "RESOURCE_DENIED");
  EXPECT_EQ(ReasonFor("calendar-bot",
                      with([](R& r) { r.add_scopes("calendar.raed"); })),
            "SCOPE_UNKNOWN");
  EXPECT_EQ(ReasonFor("calendar-bot", with([](R& r) { r.clear_scopes(); })),
            "FIELD_INVALID");
  EXPECT_EQ(
      ReasonFor("calendar-bot", with([](R& r) { r.set_request_id("x"); })),
      "FIELD_INVALID");
  EXPECT_EQ(ReasonFor("calendar-bot", with([](R& r) {
                        r.set_return_uri("https://evil.test");
                      })),
            "FIELD_INVALID");
  EXPECT_EQ(
      ReasonFor("calendar-bot", with([](R& r) { r.set_resource("urn:x:y"); })),
      "FIELD_INVALID");
  EXPECT_EQ(ReasonFor("calendar-bot", with([](R& r) {
                        r.mutable_min_ttl()->set_seconds(3600);
                      })),
            "FIELD_INVALID");
  EXPECT_THAT(world_.vault.Audit("token.denied"), SizeIs(8));
}

TEST_F(TokenApiTest, DeniesWhatPolicyDenies) {
  v1::GetScopedTokenRequest request = ReadCalendarOf("ana");
  request.add_scopes("calendar.write");
  EXPECT_EQ(ReasonFor("calendar-bot", request), "POLICY_DENIED");
  EXPECT_EQ(LastLeaf()["rule"], "no-writes");
}

TEST_F(TokenApiTest, DeniesAnotherPersonsConnection) {
  Connection bens = world_.vault.Connect("acme", "ben", "calendar-bot",
                                         "calendar", ReadScope());
  v1::GetScopedTokenRequest request = ReadCalendarOf("ana");
  request.set_connection(ConnectionName(bens.user, bens.id));
  EXPECT_EQ(ReasonFor("calendar-bot", request), "RESOURCE_DENIED");
  // Under her own name it does not exist either.
  request.set_connection(
      ConnectionName(world_.vault.UserOf("acme", "ana"), bens.id));
  EXPECT_EQ(ReasonFor("calendar-bot", request), "RESOURCE_DENIED");
}

// ------------------------------------------------------------ audit and time
// --

TEST_F(TokenApiTest, GivesNothingThatIsNotAudited) {
  world_.vault.Connect("acme", "ana", "calendar-bot", "calendar", ReadScope());
  world_.vault.AnswerToken("at-1", "rt-2", ReadScope());
  ASSERT_TRUE(world_.GetToken("calendar-bot", ReadCalendarOf("ana")).ok());
  world_.vault.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonFor("calendar-bot", ReadCalendarOf("ana")),
            "AUDIT_UNAVAILABLE");
}

TEST_F(TokenApiTest, DeniesNothingThatIsNotAudited) {
  world_.vault.store->FailCommits(errors::StorageFull());
  EXPECT_EQ(ReasonFor("mail-bot", ReadCalendarOf("ana")), "AUDIT_UNAVAILABLE");
  EXPECT_EQ(ReasonFor("nobody-bot", ReadCalendarOf("ana")),
            "AUDIT_UNAVAILABLE");
}

TEST_F(TokenApiTest, WaitsForTheLeafBeforeItAnswers) {
  world_.vault.store->HoldCommits();
  auto answer = world_.Begin<v1::GetScopedTokenResponse>(
      world_.tokens, &TokenApi::GetScopedToken, world_.As("mail-bot"),
      ReadCalendarOf("ana"));
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(0)),
            std::future_status::timeout);
  world_.vault.store->LetCommitsGo();
  EXPECT_EQ(ReasonOf(answer.get().status()), "SUBJECT_ASSERTION_NOT_ALLOWED");
}

TEST_F(TokenApiTest, LosesPatienceWithItsCaller) {
  world_.vault.store->HoldCommits();
  auto answer = world_.Begin<v1::GetScopedTokenResponse>(
      world_.tokens, &TokenApi::GetScopedToken, world_.As("calendar-bot"),
      ReadCalendarOf("ana"));
  world_.vault.clock.Advance(absl::Seconds(20));
  world_.timer.RunDue();
  absl::Status late = answer.get().status();
  EXPECT_EQ(ReasonOf(late), "UPSTREAM_SLOW");
  EXPECT_EQ(MetadataOf(late, "provider"), "calendar");
  // The work goes on, and ends without harm.
  world_.vault.store->LetCommitsGo();
}

TEST_F(TokenApiTest, CountsEveryAnswer) {
  ReasonFor("nobody-bot", ReadCalendarOf("ana"));
  world_.GetToken("calendar-bot", ReadCalendarOf("ana")).IgnoreError();
  const std::string text = world_.metrics.Render({});
  EXPECT_THAT(text, HasSubstr("provider=\"unknown\",reason=\"AGENT_CREDENTIAL_"
                              "INVALID\"} 1"));
  EXPECT_THAT(text, HasSubstr("tokenvault_token_requests_total{outcome="
                              "\"consent\",provider=\"calendar\",reason=\"\"} "
                              "1"));
}

// ----------------------------------------------------------------- the others
// --

TEST_F(TokenApiTest, WaitsUntilThePersonHasAnswered) {
  const std::string name = AskSomething();
  auto waiting = Waiting("calendar-bot", name);
  AwaitTimer(1);
  Settle(name, InteractionState::kCompleted);
  auto settled = waiting.get();
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_EQ(settled->state(), v1::Interaction::STATE_COMPLETED);
}

TEST_F(TokenApiTest, ReturnsAtOnceWhatIsSettled) {
  const std::string name = AskSomething();
  Settle(name, InteractionState::kDenied);
  EXPECT_EQ(Wait("calendar-bot", name)->state(), v1::Interaction::STATE_DENIED);
}

TEST_F(TokenApiTest, ReturnsThePendingQuestionBeforeTheDeadline) {
  const std::string name = AskSomething();
  auto waiting = Waiting("calendar-bot", name);
  AwaitTimer(1);
  world_.vault.clock.Advance(absl::Seconds(20));
  world_.timer.RunDue();
  auto pending = waiting.get();
  ASSERT_TRUE(pending.ok()) << pending.status();
  EXPECT_EQ(pending->state(), v1::Interaction::STATE_PENDING);
  EXPECT_THAT(pending->url(), HasSubstr("/c/"));
}

TEST_F(TokenApiTest, LetsOnlyTheAskerWait) {
  const std::string name = AskSomething();
  EXPECT_EQ(ReasonOf(Wait("mail-bot", name).status()), "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(Wait("globex-bot", name).status()), "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(Wait("calendar-bot", "interactions/none").status()),
            "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(Wait("calendar-bot", "x").status()), "FIELD_INVALID");
}

TEST_F(TokenApiTest, EndsWaitsWhenItStops) {
  const std::string name = AskSomething();
  auto waiting = Waiting("calendar-bot", name);
  AwaitTimer(1);
  world_.tokens.EndWaits();
  EXPECT_EQ(waiting.get()->state(), v1::Interaction::STATE_PENDING);
  EXPECT_EQ(Wait("calendar-bot", name)->state(),
            v1::Interaction::STATE_PENDING);
}

TEST_F(TokenApiTest, CancelsForTheAskerOnly) {
  v1::CancelInteractionRequest request;
  request.set_name(AskSomething());
  auto cancel = [&](const std::string& agent) {
    return world_.Call<v1::Interaction>(
        world_.tokens, &TokenApi::CancelInteraction, world_.As(agent), request);
  };
  request.set_request_id("0190163d-8694-739b-aea5-966c26f8ad91");
  EXPECT_EQ(ReasonOf(cancel("mail-bot").status()), "RESOURCE_DENIED");
  std::vector<AuditEntry> denied = world_.vault.Audit("call.denied");
  ASSERT_THAT(denied, SizeIs(1));
  EXPECT_THAT(denied[0].leaf, HasSubstr("agents/mail-bot"));
  EXPECT_THAT(denied[0].leaf, HasSubstr("CancelInteraction"));
  EXPECT_EQ(cancel("calendar-bot")->state(), v1::Interaction::STATE_CANCELLED);
  EXPECT_THAT(world_.vault.Audit("consent.cancelled").at(0).leaf,
              HasSubstr(request.request_id()));
}

TEST_F(TokenApiTest, ListsWhatThisAgentMayUse) {
  for (int i = 0; i < 3; ++i) {
    world_.vault.Connect("acme", "ana", "calendar-bot", "calendar",
                         ReadScope());
    world_.vault.clock.Advance(absl::Seconds(1));
  }
  world_.vault.Connect("acme", "ana", "mail-bot", "files",
                       {"https://files.test/read"});
  world_.vault.Connect("acme", "ben", "calendar-bot", "calendar", ReadScope());
  v1::ListUsableConnectionsRequest request;
  request.mutable_subject()->set_user_id("ana");
  request.set_page_size(2);
  auto list = [&] {
    return *world_.Call<v1::ListUsableConnectionsResponse>(
        world_.tokens, &TokenApi::ListUsableConnections,
        world_.As("calendar-bot"), request);
  };
  auto first = list();
  EXPECT_EQ(first.connections_size(), 2);
  EXPECT_EQ(first.connections(0).agents_size(), 1);
  ASSERT_NE(first.next_page_token(), "");
  request.set_page_token(first.next_page_token());
  auto second = list();
  EXPECT_EQ(second.connections_size(), 1);
  EXPECT_EQ(second.next_page_token(), "");
}

TEST_F(TokenApiTest, SaysWhatToDoAboutARejectedToken) {
  auto report = [&](const std::string& token_id, int http_status,
                    const std::string& challenge = "") {
    v1::ReportTokenRejectedRequest request;
    request.set_token_id(token_id);
    request.set_http_status(http_status);
    request.set_www_authenticate(challenge);
    return world_.Call<v1::ReportTokenRejectedResponse>(
        world_.tokens, &TokenApi::ReportTokenRejected,
        world_.As("calendar-bot"), request);
  };
  const std::string unknown = "t-" + std::string(24, 'a');
  EXPECT_EQ(report(unknown, 401)->advice(),
            v1::ReportTokenRejectedResponse::ADVICE_RETRY_NOW);
  EXPECT_EQ(report(unknown, 403)->advice(),
            v1::ReportTokenRejectedResponse::ADVICE_GIVE_UP);
  EXPECT_EQ(
      report(unknown, 403, "Bearer error=\"insufficient_scope\"")->advice(),
      v1::ReportTokenRejectedResponse::ADVICE_STEP_UP);
  EXPECT_EQ(MetadataOf(report("t-1\n", 401).status(), "field"), "token_id");
  EXPECT_EQ(MetadataOf(report(unknown, 500).status(), "field"), "http_status");
  EXPECT_EQ(MetadataOf(report(unknown, 401, std::string(5000, 'x')).status(),
                       "field"),
            "www_authenticate");
}

}  // namespace
}  // namespace tokenvault
