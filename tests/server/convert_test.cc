#include "server/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);

AskedQuestion Asked(InteractionKind kind, InteractionState state) {
  AskedQuestion asked;
  asked.interaction.id = InteractionId("01x");
  asked.interaction.kind = kind;
  asked.interaction.state = state;
  asked.interaction.user_code = "WDJB-MJHT";
  asked.interaction.expire_time = kNow + absl::Minutes(10);
  asked.interaction.missing_scopes = {"w"};
  asked.url = state == InteractionState::kPending ? "https://c.test/c/1" : "";
  return asked;
}

const InteractionWords kWords = {"Calendar Bot", "Google"};

TEST(ConvertTest, KeepsTimesToTheNanosecond) {
  for (absl::Time time : {kNow, kNow + absl::Nanoseconds(1),
                          absl::UnixEpoch() - absl::Milliseconds(1500)}) {
    google::protobuf::Timestamp message = ToTimestamp(time);
    EXPECT_GE(message.nanos(), 0);
    EXPECT_EQ(FromTimestamp(message), time);
  }
  EXPECT_EQ(FromDuration(ToDuration(absl::Milliseconds(1500))),
            absl::Milliseconds(1500));
}

TEST(ConvertTest, TellsThePersonWhatIsAsked) {
  v1::Interaction message = ToProto(
      Asked(InteractionKind::kStepUp, InteractionState::kPending), kWords);
  EXPECT_EQ(message.name(), "interactions/01x");
  EXPECT_EQ(message.kind(), v1::Interaction::KIND_STEP_UP);
  EXPECT_EQ(message.state(), v1::Interaction::STATE_PENDING);
  EXPECT_EQ(message.url(), "https://c.test/c/1");
  EXPECT_EQ(message.user_code(), "WDJB-MJHT");
  EXPECT_THAT(message.message(), HasSubstr("Calendar Bot"));
  EXPECT_THAT(message.message(), HasSubstr("Google"));
  EXPECT_THAT(message.missing_scopes(), ElementsAre("w"));
  EXPECT_EQ(FromTimestamp(message.expire_time()), kNow + absl::Minutes(10));
  EXPECT_GT(message.poll_interval().seconds(), 0);
}

TEST(ConvertTest, HasNothingToSayOnceSettled) {
  for (auto [state, expected] :
       {std::pair{InteractionState::kCompleted,
                  v1::Interaction::STATE_COMPLETED},
        {InteractionState::kDenied, v1::Interaction::STATE_DENIED},
        {InteractionState::kExpired, v1::Interaction::STATE_EXPIRED},
        {InteractionState::kCancelled, v1::Interaction::STATE_CANCELLED},
        {InteractionState::kRefused, v1::Interaction::STATE_REFUSED}}) {
    v1::Interaction message =
        ToProto(Asked(InteractionKind::kConsent, state), kWords);
    EXPECT_EQ(message.state(), expected);
    EXPECT_EQ(message.url(), "");
    EXPECT_EQ(message.message(), "");
  }
}

TEST(ConvertTest, HandsOutATokenWithItsTerms) {
  auto token = std::make_shared<AccessToken>();
  std::string value = "at-1";
  token->value = Secret(std::move(value));
  token->type = "Bearer";
  token->token_id = "t-9";
  token->scopes = {"r"};
  token->expire_time = kNow + absl::Minutes(5);
  token->endpoint_hints["instance_url"] = "https://x.test";
  IssuedToken issued;
  issued.token = token;
  issued.enforcement = ScopeEnforcement::kGrant;
  Connection connection;
  connection.user = UserId("u-1");
  connection.id = ConnectionId("01c");
  connection.account_label = "ana@x.test";
  issued.connection = std::make_shared<const Connection>(connection);
  v1::ScopedToken message = ToProto(issued, kNow + absl::Minutes(1));
  EXPECT_EQ(message.access_token(), "at-1");
  EXPECT_EQ(message.token_id(), "t-9");
  EXPECT_EQ(FromDuration(message.usable_for()), absl::Minutes(4));
  EXPECT_EQ(message.scope_enforcement(), v1::SCOPE_ENFORCEMENT_GRANT);
  EXPECT_THAT(message.granted_scopes(), ElementsAre("r"));
  EXPECT_EQ(message.connection(), "users/u-1/connections/01c");
  EXPECT_EQ(message.endpoint_hints().at("instance_url"), "https://x.test");
}

TEST(ConvertTest, ShowsAConnectionWithoutItsSecrets) {
  ConnectionView view;
  view.connection.id = ConnectionId("01c");
  view.connection.user = UserId("u-1");
  view.connection.provider = ProviderId("google");
  view.connection.account_label = "ana@x.test";
  view.connection.sealed_refresh_token = "sealed-bytes";
  view.connection.create_time = kNow;
  view.connection.paused = true;
  AgentGrant grant;
  grant.agent = AgentId("bot");
  grant.scopes = {"r"};
  grant.last_use_time = kNow + absl::Seconds(5);
  view.grants = {grant};
  v1::Connection message = ToProto(view);
  EXPECT_EQ(message.state(), v1::Connection::STATE_PAUSED);
  EXPECT_EQ(message.provider(), "providers/google");
  EXPECT_EQ(message.agents(0).agent(), "agents/bot");
  EXPECT_FALSE(message.agents(0).has_end_time());
  EXPECT_EQ(FromTimestamp(message.last_use_time()), kNow + absl::Seconds(5));
  EXPECT_FALSE(message.has_access_end_time());
  EXPECT_FALSE(message.has_last_refresh_time());
  EXPECT_FALSE(message.etag().empty());
  EXPECT_THAT(message.SerializeAsString(),
              ::testing::Not(HasSubstr("sealed-bytes")));
}

TEST(ConvertTest, ReadsALeafBack) {
  AuditEvent event;
  event.kind = audit_kind::kTokenGranted;
  event.tenant = TenantId("acme");
  event.actor = "agents/bot";
  event.user = UserId("u-1");
  event.provider = ProviderId("google");
  event.token_id = "t-9";
  AuditEntry entry = MakeAuditEntry(event, kNow);
  entry.sequence = 42;
  // As the store does when it commits it.
  ASSERT_EQ(entry.people.size(), 1u);
  entry.leaf.insert(entry.people[0].offset, "p-1");
  v1::AuditEvent message = ToProto(entry);
  EXPECT_EQ(message.name(), "auditEvents/42");
  EXPECT_EQ(message.action(), "token.granted");
  EXPECT_EQ(message.actor(), "agents/bot");
  EXPECT_EQ(message.user(), "users/p-1");
  EXPECT_EQ(message.outcome(), "ok");
  EXPECT_EQ(message.token_id(), "t-9");
  EXPECT_EQ(message.leaf(), entry.leaf);
}

TEST(ConvertTest, ShowsALeafThatIsNoJsonAsItIs) {
  AuditEntry entry;
  entry.kind = "token.granted";
  entry.leaf = "damaged {";
  entry.time = kNow;
  v1::AuditEvent message = ToProto(entry);
  EXPECT_EQ(message.leaf(), "damaged {");
  EXPECT_EQ(message.actor(), "");
}

TEST(ConvertTest, SaysHowAnOperationEnded) {
  Operation::Progress progress;
  progress.id = "7";
  progress.done = true;
  progress.rows_done = 3;
  progress.rows_total = 5;
  progress.key_version = 2;
  progress.result = errors::StorageFull();
  v1::Operation message = ToProto(progress);
  EXPECT_EQ(message.name(), "operations/7");
  EXPECT_EQ(message.error_reason(), "STORAGE_FULL");
  EXPECT_EQ(message.key_generation(), 2);
  progress.cancelled = true;
  EXPECT_EQ(ToProto(progress).error_reason(), "CANCELLED");
}

}  // namespace
}  // namespace tokenvault
