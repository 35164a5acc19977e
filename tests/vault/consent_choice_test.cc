// What a person chooses on the consent page, and what it does to tokens: which
// of the optional scopes, and whether for one task alone.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/consent_flow.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ConsentChoiceTest : public ::testing::Test {
 protected:
  ConsentChoiceTest() {
    world_.Change([](Directory& next) {
      next.providers.at(ProviderId("calendar")).account_url =
          "https://calendar.test/me";
    });
    world_.AllowEverything();
  }

  // To read, and to write if the person likes.
  AccessRequest Request(const std::string& task = "") const {
    AccessRequest request = world_.Request();
    request.optional_scopes = WriteCalendar();
    request.task_id = task;
    return request;
  }
  // The question that `request` is answered with.
  Interaction QuestionFor(const AccessRequest& request) {
    auto answer = world_.Get(request);
    const AskedQuestion* asked = QuestionIn(answer);
    EXPECT_NE(asked, nullptr) << answer.status();
    return asked == nullptr ? Interaction() : asked->interaction;
  }
  // Ana says yes here and at the provider, which gives `granted`.
  void Allow(const Interaction& question, ConsentChoice choice,
             const ScopeSet& granted) {
    auto allowed = world_.consent->Allow(*world_.directory(), question, ana_,
                                         std::move(choice));
    ASSERT_TRUE(allowed.ok()) << allowed.status();
    if (!allowed->trip.has_value()) return;
    const CookieReader cookie = [&](const std::string&) {
      return allowed->trip->cookie_value;
    };
    auto leaving = world_.consent->Destination(*world_.directory(),
                                               allowed->flow_id, ana_, cookie);
    ASSERT_TRUE(leaving.ok()) << leaving.status();
    asked_there_ = ParameterOf(leaving->url, "scope");
    CallbackQuery query;
    query.parameters = {{"state", ParameterOf(leaving->url, "state")},
                        {"code", "c-1"}};
    world_.AnswerToken("at-1", absl::StrCat("rt-", ++refresh_tokens_), granted);
    world_.http.AnswerJson(200, R"({"sub":"ana","email":"ana@calendar.test"})");
    auto returned = world_.consent->Return(*world_.directory(), "acme.calendar",
                                           query, ana_, cookie);
    ASSERT_TRUE(returned.ok()) << returned.status();
    ASSERT_EQ(returned->not_connected, absl::OkStatus());
  }
  // The scopes of the token that `request` is answered with; empty for a
  // question or an error. The provider gives what it is asked for.
  ScopeSet TokenFor(const AccessRequest& request) {
    world_.http.SetHandler([](const FakeHttpClient::Request&) {
      return *TokenAnswer("at-2", "rt-9");
    });
    auto answer = world_.Get(request);
    const IssuedToken* issued = TokenIn(answer);
    return issued == nullptr ? ScopeSet() : issued->token->scopes;
  }
  AgentGrant Grant() {
    ConnectionFilter filter;
    filter.tenant = TenantId("acme");
    filter.user = world_.UserOf("acme", "ana");
    auto connections =
        world_.store->ListConnections(filter, ConnectionId(), 10);
    EXPECT_TRUE(connections.ok() && connections->size() == 1);
    auto grant = world_.store->GetAgentGrant(
        TenantId("acme"), connections->at(0).id, AgentId("calendar-bot"));
    EXPECT_TRUE(grant.ok()) << grant.status();
    return grant.ok() ? *grant : AgentGrant();
  }
  ConsentChoice WithWrite() const {
    ConsentChoice choice;
    choice.optional_scopes = WriteCalendar();
    return choice;
  }
  ConsentChoice ForTask(const std::string& task) const {
    ConsentChoice choice;
    choice.task_id = task;
    return choice;
  }
  ScopeSet Both() const { return ReadCalendar().Union(WriteCalendar()); }

  VaultWorld world_;
  const WebSession ana_ = world_.SessionOf("acme", "ana");
  std::string asked_there_;
  int refresh_tokens_ = 0;
};

// ---------------------------------------------------------------- optional --

TEST_F(ConsentChoiceTest, GivesWhatWasTicked) {
  const Interaction question = QuestionFor(Request());
  EXPECT_EQ(question.scopes, ReadCalendar());
  EXPECT_EQ(question.optional_scopes, WriteCalendar());
  Allow(question, WithWrite(), Both());
  EXPECT_THAT(asked_there_, HasSubstr("https://calendar.test/write"));
  EXPECT_EQ(Grant().scopes, Both());
  EXPECT_EQ(TokenFor(Request()), Both());
  // Who does not ask for it does not get it.
  EXPECT_EQ(TokenFor(world_.Request()), ReadCalendar());
  const auto leaves = world_.Audit("consent.allowed");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr("https://calendar.test/write"));
}

TEST_F(ConsentChoiceTest, NeverAsksAgainForWhatWasLeftOut) {
  const Interaction question = QuestionFor(Request());
  Allow(question, ConsentChoice(), ReadCalendar());
  EXPECT_EQ(asked_there_.find("https://calendar.test/write"),
            std::string::npos);
  EXPECT_EQ(Grant().scopes, ReadCalendar());
  // However often, and in whatever life of the cache.
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(TokenFor(Request()), ReadCalendar()) << i;
    EXPECT_EQ(TokenFor(Request("task-1")), ReadCalendar()) << i;
    world_.clock.Advance(absl::Minutes(50));
  }
  EXPECT_THAT(world_.Audit("consent.asked"), SizeIs(1));
}

TEST_F(ConsentChoiceTest, TakesNothingThatWasNotOffered) {
  Interaction question = QuestionFor(world_.Request());
  Allow(question, WithWrite(), Both());
  EXPECT_EQ(Grant().scopes, ReadCalendar());
  EXPECT_EQ(TokenFor(Request()), ReadCalendar());
}

TEST_F(ConsentChoiceTest, LetsInForNoMoreThanTheAccountGranted) {
  Allow(QuestionFor(Request()), WithWrite(), ReadCalendar());
  EXPECT_EQ(Grant().scopes, ReadCalendar());
  EXPECT_EQ(TokenFor(Request()), ReadCalendar());
}

TEST_F(ConsentChoiceTest, OffersWhatAnotherAgentWasGivenWithoutTheProvider) {
  world_.ConnectCalendar();  // for calendar-bot
  AccessRequest request = Request();
  request.agent = AgentId("mail-bot");
  const Interaction question = QuestionFor(request);
  Allow(question, ConsentChoice(), Both());
  EXPECT_THAT(asked_there_, IsEmpty());
  EXPECT_EQ(TokenFor(request), ReadCalendar()) << "it was left out";
}

TEST_F(ConsentChoiceTest, OffersNothingThatPolicyDoesNotLetPassByItself) {
  for (const Effect effect : {Effect::kDeny, Effect::kRequireApproval}) {
    world_.AllowEverything();
    world_.Change([&](Directory& next) {
      PolicyRule everything = next.policy.rules().at(0);
      PolicyRule writes = everything;
      writes.id = "writes";
      writes.effect = effect;
      writes.any_scope = false;
      writes.scopes = WriteCalendar();
      next.policy = Policy({everything, writes});
    });
    const Interaction question = QuestionFor(Request());
    EXPECT_THAT(question.optional_scopes.values(), IsEmpty());
  }
  // Nor does it give what was given before the policy changed.
  world_.ConnectCalendar();
  EXPECT_EQ(TokenFor(Request()), ReadCalendar());
}

TEST_F(ConsentChoiceTest, CountsAWiderTokenInTheBudgetsOfBothScopes) {
  world_.ConnectCalendar();
  world_.Change([](Directory& next) {
    PolicyRule everything = next.policy.rules().at(0);
    PolicyRule writes = everything;
    writes.id = "writes";
    writes.any_scope = false;
    writes.scopes = WriteCalendar();
    writes.budget = Budget{1, absl::Hours(1), BudgetOf::kAgent};
    next.policy = Policy({everything, writes});
  });
  EXPECT_EQ(TokenFor(Request()), Both());
  // What is needed comes out of no spent budget.
  EXPECT_EQ(TokenFor(Request()), ReadCalendar());
  EXPECT_EQ(TokenFor(world_.Request()), ReadCalendar());
  AccessRequest needed = world_.Request();
  needed.scopes = Both();
  EXPECT_EQ(ReasonOf(world_.Get(needed).status()), "BUDGET_SPENT");
}

TEST_F(ConsentChoiceTest, GivesNothingBesideForLongerThanItsRuleAllows) {
  world_.ConnectCalendar();
  world_.Change([](Directory& next) {
    PolicyRule everything = next.policy.rules().at(0);
    PolicyRule writes = everything;
    writes.id = "writes";
    writes.any_scope = false;
    writes.scopes = WriteCalendar();
    writes.max_lifetime = absl::Minutes(1);
    next.policy = Policy({everything, writes});
  });
  EXPECT_EQ(TokenFor(Request()), ReadCalendar());
}

// -------------------------------------------------------------------- task --

TEST_F(ConsentChoiceTest, KeepsAccessForATaskToThatTask) {
  Allow(QuestionFor(Request("offsite-7")), ForTask("offsite-7"),
        ReadCalendar());
  const AgentGrant grant = Grant();
  EXPECT_EQ(grant.task_id, "offsite-7");
  EXPECT_EQ(grant.end_time, world_.clock.Now() + ConsentFlow::kLongestTask);
  for (int i = 0; i < 2; ++i) {  // nothing is remembered for another task
    EXPECT_EQ(TokenFor(Request("offsite-7")), ReadCalendar());
    EXPECT_THAT(TokenFor(Request("another")).values(), IsEmpty());
    EXPECT_THAT(TokenFor(Request()).values(), IsEmpty());
    EXPECT_THAT(TokenFor(world_.Request()).values(), IsEmpty());
  }
  auto usable = world_.broker->access().ListUsable(
      TenantId("acme"), AgentId("calendar-bot"), world_.UserOf("acme", "ana"),
      ConnectionId(), 10, world_.clock.Now());
  ASSERT_TRUE(usable.ok()) << usable.status();
  EXPECT_THAT(*usable, IsEmpty());
  world_.clock.Advance(ConsentFlow::kLongestTask);
  EXPECT_THAT(TokenFor(Request("offsite-7")).values(), IsEmpty());
}

TEST_F(ConsentChoiceTest, AsksOnceForAllTasksAndOnceForNone) {
  const Interaction one = QuestionFor(Request("one"));
  EXPECT_EQ(QuestionFor(Request("two")).id, one.id);
  EXPECT_NE(QuestionFor(Request()).id, one.id);
  EXPECT_THAT(world_.Audit("consent.asked"), SizeIs(2));
}

TEST_F(ConsentChoiceTest, LetsInForNoTaskThatWasNotNamed) {
  Allow(QuestionFor(Request("offsite-7")), ForTask("another"), ReadCalendar());
  EXPECT_THAT(Grant().task_id, IsEmpty());
}

TEST_F(ConsentChoiceTest, NeverPutsATaskOverAccessThatLasts) {
  world_.ConnectCalendar();
  const AgentGrant before = Grant();
  AccessRequest request = Request("offsite-7");
  request.scopes = Both().Union({"https://calendar.test/admin"});
  const Interaction question = QuestionFor(request);
  Allow(question, ForTask("offsite-7"), request.scopes);
  const AgentGrant after = Grant();
  EXPECT_THAT(after.task_id, IsEmpty());
  EXPECT_EQ(after.end_time, before.end_time);
  EXPECT_EQ(after.scopes, before.scopes);
  EXPECT_EQ(TokenFor(world_.Request()), ReadCalendar());
}

TEST_F(ConsentChoiceTest, KeepsNothingOfATaskInAccessThatLasts) {
  AccessRequest task = world_.Request();
  task.scopes = Both();
  task.task_id = "offsite-7";
  Allow(QuestionFor(task), ForTask("offsite-7"), Both());
  EXPECT_EQ(Grant().scopes, Both());
  Allow(QuestionFor(world_.Request()), ConsentChoice(), Both());
  EXPECT_THAT(Grant().task_id, IsEmpty());
  EXPECT_EQ(Grant().scopes, ReadCalendar()) << "to write was for the task";
}

TEST_F(ConsentChoiceTest, EndsOneTaskWhenAnotherIsAllowed) {
  Allow(QuestionFor(Request("one")), ForTask("one"), ReadCalendar());
  Allow(QuestionFor(Request("two")), ForTask("two"), ReadCalendar());
  EXPECT_EQ(TokenFor(Request("two")), ReadCalendar());
  EXPECT_THAT(TokenFor(Request("one")).values(), IsEmpty());
}

TEST_F(ConsentChoiceTest, WidensATaskByWhatTheSameTaskAsksFor) {
  AccessRequest wider = world_.Request();
  wider.task_id = "one";
  Allow(QuestionFor(wider), ForTask("one"), ReadCalendar());
  wider.scopes = WriteCalendar();
  Allow(QuestionFor(wider), ForTask("one"), Both());
  EXPECT_EQ(Grant().scopes, Both());
  EXPECT_EQ(Grant().task_id, "one");
}

}  // namespace
}  // namespace tokenvault
