#include "server/recent_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tokenvault {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

RecentCounts::Request Token(absl::Duration duration = absl::Milliseconds(3)) {
  RecentCounts::Request request;
  request.outcome = TokenOutcome::kToken;
  request.from_cache = true;
  request.duration = duration;
  return request;
}

RecentCounts::Request Ended(TokenOutcome outcome) {
  RecentCounts::Request request;
  request.outcome = outcome;
  return request;
}

class RecentCountsTest : public ::testing::Test {
 protected:
  void Count(const RecentCounts::Request& request,
             const std::string& agent = "bot") {
    counts_.Count(request, agent, now_);
  }
  RecentCounts::Sums Sums() const { return counts_.GetLastHour(now_); }

  absl::Time now_ = absl::FromUnixSeconds(1'800'000'000);
  RecentCounts counts_;
};

TEST_F(RecentCountsTest, AddUpWhatCameOfRequests) {
  Count(Token());
  RecentCounts::Request wide = Ended(TokenOutcome::kToken);
  wide.policy_only = true;
  Count(wide, "other");
  Count(Ended(TokenOutcome::kConsent));
  Count(Ended(TokenOutcome::kApproval));
  Count(Ended(TokenOutcome::kDenied));
  RecentCounts::Request withheld = Ended(TokenOutcome::kError);
  withheld.unaudited = true;
  Count(withheld);
  counts_.CountAuditError(now_);
  const RecentCounts::Sums sums = Sums();
  EXPECT_EQ(sums.tokens, 2);
  EXPECT_EQ(sums.from_cache, 1);
  EXPECT_EQ(sums.consents, 1);
  EXPECT_EQ(sums.approvals, 1);
  EXPECT_EQ(sums.denied, 1);
  EXPECT_EQ(sums.errors, 1);
  EXPECT_EQ(sums.audit_errors, 2);
  ASSERT_THAT(sums.agents, SizeIs(2));
  EXPECT_EQ(sums.agents.at("bot").tokens, 1);
  EXPECT_EQ(sums.agents.at("bot").policy_only, 0);
  EXPECT_EQ(sums.agents.at("other").policy_only, 1);
}

TEST_F(RecentCountsTest, ForgetAfterAnHour) {
  Count(Token());
  now_ += absl::Minutes(30);
  Count(Token());
  now_ += absl::Minutes(29);
  EXPECT_EQ(Sums().tokens, 2);
  now_ += absl::Minutes(1);
  EXPECT_EQ(Sums().tokens, 1);
  now_ += absl::Hours(24);
  EXPECT_EQ(Sums().tokens, 0);
  EXPECT_THAT(Sums().agents, IsEmpty());
}

TEST_F(RecentCountsTest, BeginAMinuteAnewAfterAnHour) {
  Count(Token());
  now_ += absl::Hours(1);
  Count(Token());
  EXPECT_EQ(Sums().tokens, 1);
}

TEST_F(RecentCountsTest, HideWhatComesAfterAClockThatWasSetBack) {
  Count(Token());
  now_ -= absl::Minutes(5);
  EXPECT_EQ(Sums().tokens, 0);
  Count(Token());
  EXPECT_EQ(Sums().tokens, 1);
}

TEST_F(RecentCountsTest, KnowHowLongTokensTook) {
  EXPECT_EQ(LatencyOf(Sums(), 0.5), absl::ZeroDuration());
  for (int i = 0; i < 98; ++i) Count(Token());
  Count(Token(absl::Milliseconds(210)));
  Count(Token(absl::Minutes(1)));
  EXPECT_EQ(LatencyOf(Sums(), 0.5), absl::Milliseconds(5));
  EXPECT_EQ(LatencyOf(Sums(), 0.98), absl::Milliseconds(5));
  EXPECT_EQ(LatencyOf(Sums(), 0.99), absl::Milliseconds(250));
  EXPECT_EQ(LatencyOf(Sums(), 1), absl::InfiniteDuration());
}

TEST_F(RecentCountsTest, CountABoundWithWhatIsBelowIt) {
  Count(Token(absl::Milliseconds(5)));
  EXPECT_EQ(LatencyOf(Sums(), 0.5), absl::Milliseconds(5));
}

TEST_F(RecentCountsTest, TimeNothingButTokens) {
  RecentCounts::Request denied = Ended(TokenOutcome::kDenied);
  denied.duration = absl::Seconds(9);
  Count(denied);
  EXPECT_EQ(LatencyOf(Sums(), 0.5), absl::ZeroDuration());
}

}  // namespace
}  // namespace tokenvault
