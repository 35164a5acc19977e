#include "vault/interactions.h"

#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class InteractionsTest : public ::testing::Test {
 protected:
  Question AboutCalendar() const {
    Question question;
    question.tenant = TenantId("acme");
    question.agent = AgentId("calendar-bot");
    question.user = world_.UserOf("acme", "ana");
    question.provider = ProviderId("calendar");
    question.scopes = ReadCalendar();
    return question;
  }
  absl::StatusOr<AskedQuestion> Ask(const Question& question) {
    return world_.interactions->Ask(question, "https://connect.test",
                                    world_.clock.Now());
  }
  absl::StatusOr<AskedQuestion> Get(const std::string& agent,
                                    const InteractionId& id) {
    return world_.interactions->Get(TenantId("acme"), AgentId(agent), id,
                                    "https://connect.test", world_.clock.Now());
  }

  VaultWorld world_;
};

TEST_F(InteractionsTest, GivesTheSameLinkForTheSameQuestion) {
  auto first = Ask(AboutCalendar());
  auto second = Ask(AboutCalendar());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->url, second->url);
  EXPECT_THAT(world_.Audit("consent.asked"), SizeIs(1));
  Question other = AboutCalendar();
  other.scopes = WriteCalendar();
  auto third = Ask(other);
  ASSERT_TRUE(third.ok());
  EXPECT_NE(first->url, third->url);
}

TEST_F(InteractionsTest, GivesTheSameLinkToThoseWhoAskAtOnce) {
  std::vector<std::string> urls(8);
  std::vector<std::thread> threads;
  for (std::string& url : urls) {
    threads.emplace_back([this, &url] {
      auto asked = Ask(AboutCalendar());
      url = asked.ok() ? asked->url : ReasonOf(asked.status());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(std::set<std::string>(urls.begin(), urls.end()), SizeIs(1))
      << urls[0] << " " << urls[7];
  EXPECT_THAT(world_.Audit("consent.asked"), SizeIs(1));
}

TEST_F(InteractionsTest, AsksAgainWhenALinkIsAboutToEnd) {
  auto first = Ask(AboutCalendar());
  world_.clock.Advance(Interactions::kLifetime - absl::Minutes(1));
  auto second = Ask(AboutCalendar());
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_NE(first->url, second->url);
}

TEST_F(InteractionsTest, LimitsTheOpenQuestionsOfAnAgent) {
  for (int i = 0; i < Interactions::kMaxPending; ++i) {
    Question question = AboutCalendar();
    question.scopes = {absl::StrCat("scope-", i)};
    ASSERT_TRUE(Ask(question).ok());
  }
  absl::Status status = Ask(AboutCalendar()).status();
  EXPECT_EQ(ReasonOf(status), "RATE_LIMITED");
  EXPECT_GT(RetryDelayOf(status), absl::ZeroDuration());
  // Another person may be asked, and this one again once the links have ended.
  Question ben = AboutCalendar();
  ben.user = world_.UserOf("acme", "ben");
  EXPECT_TRUE(Ask(ben).ok());
  world_.clock.Advance(Interactions::kLifetime);
  EXPECT_TRUE(Ask(AboutCalendar()).ok());
}

TEST_F(InteractionsTest, ReadsAsExpiredPastItsTime) {
  auto asked = Ask(AboutCalendar());
  ASSERT_TRUE(asked.ok());
  world_.clock.Advance(Interactions::kLifetime);
  auto late = Get("calendar-bot", asked->interaction.id);
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->interaction.state, InteractionState::kExpired);
  EXPECT_THAT(late->url, IsEmpty());
}

TEST_F(InteractionsTest, SaysNothingToAnotherAgent) {
  auto asked = Ask(AboutCalendar());
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(ReasonOf(Get("mail-bot", asked->interaction.id).status()),
            "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(world_.interactions
                         ->Cancel(TenantId("acme"), AgentId("mail-bot"),
                                  asked->interaction.id, "", world_.clock.Now())
                         .status()),
            "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(world_.interactions
                         ->Get(TenantId("globex"), AgentId("calendar-bot"),
                               asked->interaction.id, "", world_.clock.Now())
                         .status()),
            "RESOURCE_DENIED");
}

TEST_F(InteractionsTest, CancelsOnceAndKeepsWhatThePersonSaid) {
  auto asked = Ask(AboutCalendar());
  ASSERT_TRUE(asked.ok());
  auto cancelled = world_.interactions->Cancel(
      TenantId("acme"), AgentId("calendar-bot"), asked->interaction.id, "",
      world_.clock.Now());
  ASSERT_TRUE(cancelled.ok());
  EXPECT_EQ(cancelled->interaction.state, InteractionState::kCancelled);

  auto other = Ask(AboutCalendar());
  ASSERT_TRUE(other.ok());
  ASSERT_EQ(world_.interactions->Settle(other->interaction,
                                        InteractionState::kCompleted, "", {}),
            absl::OkStatus());
  auto late = world_.interactions->Cancel(
      TenantId("acme"), AgentId("calendar-bot"), other->interaction.id, "",
      world_.clock.Now());
  ASSERT_TRUE(late.ok());
  EXPECT_EQ(late->interaction.state, InteractionState::kCompleted);
}

TEST_F(InteractionsTest, SettlesOnce) {
  auto asked = Ask(AboutCalendar());
  ASSERT_TRUE(asked.ok());
  ASSERT_EQ(world_.interactions->Settle(asked->interaction,
                                        InteractionState::kDenied, "", {}),
            absl::OkStatus());
  EXPECT_EQ(ReasonOf(world_.interactions->Settle(
                asked->interaction, InteractionState::kCompleted, "", {})),
            "VERSION_CONFLICT");
}

TEST_F(InteractionsTest, WakesOnceAndOnlyWhoWaitsForIt) {
  auto asked = Ask(AboutCalendar());
  Question write = AboutCalendar();
  write.scopes = WriteCalendar();
  auto other = Ask(write);
  ASSERT_TRUE(asked.ok() && other.ok());
  int woken = 0;
  int others = 0;
  int gone = 0;
  world_.interactions->Wait(asked->interaction.id, [&] { ++woken; });
  world_.interactions->Wait(other->interaction.id, [&] { ++others; });
  auto left = world_.interactions->Wait(asked->interaction.id, [&] { ++gone; });
  world_.interactions->StopWaiting(left);
  ASSERT_EQ(world_.interactions->Settle(asked->interaction,
                                        InteractionState::kDenied, "", {}),
            absl::OkStatus());
  EXPECT_FALSE(
      world_.interactions
          ->Settle(asked->interaction, InteractionState::kDenied, "", {})
          .ok());
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(others, 0);
  EXPECT_EQ(gone, 0);
}

TEST_F(InteractionsTest, IsFoundByItsLinkAlone) {
  auto asked = Ask(AboutCalendar());
  ASSERT_TRUE(asked.ok());
  const std::string link = asked->url.substr(asked->url.rfind('/') + 1);
  auto found = world_.interactions->FindByLink(link);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->id, asked->interaction.id);
  EXPECT_EQ(
      ReasonOf(world_.interactions->FindByLink(asked->interaction.id.value)
                   .status()),
      "NOT_FOUND");
}

TEST_F(InteractionsTest, AsksNothingItCannotWriteDown) {
  world_.FailAudit();
  EXPECT_EQ(ReasonOf(Ask(AboutCalendar()).status()), "STORAGE_FULL");
}

}  // namespace
}  // namespace tokenvault
