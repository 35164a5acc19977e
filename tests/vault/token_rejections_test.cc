#include "vault/token_rejections.h"

#include <string>

#include "absl/strings/str_cat.h"
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
    if (!advice.ok()) return RejectionAdvice::kGiveUp;
    missing_ = advice->missing_scopes;
    return advice->what;
  }

  VaultWorld world_;
  Connection connection_ = world_.ConnectCalendar();
  ScopeSet missing_;  // of the last report
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

TEST_F(TokenRejectionsTest, CountsATokenOnceHoweverManyReportIt) {
  const std::string first = NewToken("at-1");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Report(first), RejectionAdvice::kRetryNow);
  }
  EXPECT_NE(NewToken("at-2"), first);
}

TEST_F(TokenRejectionsTest, BeginsAnewWithAConnectionThatWasReconnected) {
  Report(NewToken("at-1"));
  Report(NewToken("at-2"));
  world_.cache->Invalidate(connection_.id);  // as a reconnect does
  EXPECT_EQ(Report(NewToken("at-3")), RejectionAdvice::kRetryNow);
}

TEST_F(TokenRejectionsTest, SaysWhichScopesTheApiAsksFor) {
  const std::string token = NewToken("at-1");
  const std::string write = *WriteCalendar().begin();
  EXPECT_EQ(Report(token, 403,
                   absl::StrCat("Bearer error=\"insufficient_scope\", scope=\"",
                                ReadCalendar().ToString(), " ", write, "\"")),
            RejectionAdvice::kStepUp);
  EXPECT_EQ(missing_, WriteCalendar());

  // Asked for them, the vault asks the person.
  world_.AllowEverything();
  Connection row = world_.Row(connection_);
  row.granted_scopes = ReadCalendar();
  world_.Put(row);
  AccessRequest request = world_.Request();
  request.scopes = ReadCalendar().Union(missing_);
  auto answer = world_.Get(request);
  ASSERT_NE(QuestionIn(answer), nullptr) << answer.status();
  EXPECT_EQ(QuestionIn(answer)->interaction.kind, InteractionKind::kStepUp);
}

TEST_F(TokenRejectionsTest, DoesNotLoopWhereTheTokenHasWhatTheApiAsksFor) {
  const std::string token = NewToken("at-1");
  const std::string challenge =
      absl::StrCat("Bearer scope=\"", ReadCalendar().ToString(), "\"");
  EXPECT_EQ(Report(token, 403, challenge), RejectionAdvice::kGiveUp);
  EXPECT_EQ(Report(token, 401,
                   absl::StrCat(challenge, ", error=\"insufficient_scope\"")),
            RejectionAdvice::kRetryNow);
}

TEST(ScopesOfTest, ReadsTheAttributeAndNothingElse) {
  EXPECT_EQ(ScopesOf(R"(Bearer realm="x", Scope="a b")"), (ScopeSet{"a", "b"}));
  EXPECT_EQ(ScopesOf(R"(Bearer scope="a",error="x")"), ScopeSet{"a"});
  EXPECT_EQ(ScopesOf(R"(Bearer my_scope="a", scope="b")"), ScopeSet{"b"});
  for (const char* none : {"", "Bearer", "Bearer scope=a", "scope", "scope=\"",
                           "Bearer scope=\"\\ \x01 \xc3\xa4\""}) {
    EXPECT_EQ(ScopesOf(none), ScopeSet()) << none;
  }
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
