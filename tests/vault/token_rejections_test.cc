#include "vault/token_rejections.h"

#include <string>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class TokenRejectionsTest : public ::testing::Test {
 protected:
  // A token for calendar-bot, from the provider if none is held.
  std::string NewToken(const std::string& value) {
    world_.AnswerToken(value, "", ReadCalendar());
    return CurrentToken();
  }
  std::string CurrentToken() {
    auto answer = world_.Get(world_.Request());
    const IssuedToken* issued = TokenIn(answer);
    EXPECT_NE(issued, nullptr) << answer.status();
    return issued == nullptr ? "" : issued->token->token_id;
  }
  RejectionAdvice Report(const std::string& token_id, int status = 401,
                         const std::string& challenge = "",
                         const std::string& agent = "calendar-bot") {
    auto advice = world_.rejections->Advise(
        {TenantId("acme"), AgentId(agent), token_id, status, challenge});
    EXPECT_TRUE(advice.ok()) << advice.status();
    return advice.ok() ? *advice : RejectionAdvice::kGiveUp;
  }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
};

TEST_F(TokenRejectionsTest, DropsTheCurrentTokenAndFetchesOneMore) {
  const std::string first = NewToken("at-1");
  EXPECT_EQ(CurrentToken(), first);
  EXPECT_EQ(Report(first), RejectionAdvice::kRetryNow);
  const std::string second = NewToken("at-2");
  EXPECT_NE(second, first);
  EXPECT_THAT(world_.http.requests(), SizeIs(2));
  ASSERT_THAT(world_.Audit("token.rejected"), SizeIs(1));
  EXPECT_THAT(world_.Audit("token.rejected")[0].leaf, HasSubstr(first));
}

TEST_F(TokenRejectionsTest, RefreshesNothingForATokenThatHasASuccessor) {
  const std::string first = NewToken("at-1");
  Report(first);
  const std::string second = NewToken("at-2");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Report(first), RejectionAdvice::kRetryNow);
    EXPECT_EQ(CurrentToken(), second);
  }
  EXPECT_THAT(world_.http.requests(), SizeIs(2));
}

TEST_F(TokenRejectionsTest, StopsAfterThreeInARow) {
  EXPECT_EQ(Report(NewToken("at-1")), RejectionAdvice::kRetryNow);
  EXPECT_EQ(Report(NewToken("at-2")), RejectionAdvice::kRetryNow);
  const std::string third = NewToken("at-3");
  EXPECT_EQ(Report(third), RejectionAdvice::kGiveUp);
  EXPECT_EQ(CurrentToken(), third);
  EXPECT_THAT(world_.http.requests(), SizeIs(3));
  // Later it is another trouble.
  world_.clock.Advance(TokenRejections::kRow);
  EXPECT_EQ(Report(third), RejectionAdvice::kRetryNow);
}

TEST_F(TokenRejectionsTest, ListensToTheAgentsThatMayUseTheConnection) {
  const std::string token = NewToken("at-1");
  EXPECT_EQ(Report(token, 401, "", "mail-bot"), RejectionAdvice::kRetryNow);
  EXPECT_EQ(CurrentToken(), token);
}

TEST_F(TokenRejectionsTest, LeavesTheTokenWhenItIsNotTheTokensFault) {
  const std::string token = NewToken("at-1");
  EXPECT_EQ(Report(token, 403), RejectionAdvice::kGiveUp);
  EXPECT_EQ(Report(token, 403, R"(Bearer realm="x", scope="calendar.write")"),
            RejectionAdvice::kStepUp);
  EXPECT_EQ(Report(token, 401, "Bearer error=insufficient_scope"),
            RejectionAdvice::kStepUp);
  EXPECT_EQ(CurrentToken(), token);
}

TEST_F(TokenRejectionsTest, SendsToReconnectWhenTheGrantIsGone) {
  const std::string token = NewToken("at-1");
  Connection row = world_.Row(connection_);
  row.state = ConnectionState::kNeedsReconnect;
  world_.Put(row);
  EXPECT_EQ(Report(token), RejectionAdvice::kReconnect);
}

TEST_F(TokenRejectionsTest, ChangesNothingThatIsNotWrittenDown) {
  const std::string token = NewToken("at-1");
  world_.FailAudit();
  EXPECT_EQ(ReasonOf(world_.rejections
                         ->Advise({TenantId("acme"), AgentId("calendar-bot"),
                                   token, 401, ""})
                         .status()),
            "AUDIT_UNAVAILABLE");
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_EQ(CurrentToken(), token);
}

}  // namespace
}  // namespace tokenvault
