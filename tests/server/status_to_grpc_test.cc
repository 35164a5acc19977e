#include "server/status_to_grpc.h"

#include <gmock/gmock.h>
#include <grpcpp/support/error_details.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/errors.h"
#include "google/rpc/error_details.pb.h"
#include "server/limits.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

google::rpc::ErrorInfo InfoOf(const google::rpc::Status& status) {
  google::rpc::ErrorInfo info;
  if (status.details_size() > 0) status.details(0).UnpackTo(&info);
  return info;
}

struct Case {
  absl::Status inside;
  std::string outside;  // the reason a caller sees
};

// Every error of base/errors.h.
std::vector<Case> Cases() {
  return {
      {errors::FieldInvalid("f", "p"), "FIELD_INVALID"},
      {errors::ScopeUnknown("p", "s", "n"), "SCOPE_UNKNOWN"},
      {errors::EtagMismatch("r"), "ETAG_MISMATCH"},
      {errors::NotImplemented("m"), "NOT_IMPLEMENTED"},
      {errors::AgentCredentialInvalid("x"), "AGENT_CREDENTIAL_INVALID"},
      {errors::UserTokenInvalid("i", "p"), "USER_TOKEN_INVALID"},
      {errors::SubjectAssertionNotAllowed("a"),
       "SUBJECT_ASSERTION_NOT_ALLOWED"},
      {errors::PolicyDenied("r"), "POLICY_DENIED"},
      {errors::ResourceDenied("r"), "RESOURCE_DENIED"},
      {errors::ConnectionPaused("c"), "CONNECTION_PAUSED"},
      {errors::IssuanceStopped("vault"), "ISSUANCE_STOPPED"},
      {errors::BudgetSpent("r", absl::Seconds(1)), "BUDGET_SPENT"},
      {errors::PolicyUnavailable("timeout"), "POLICY_UNAVAILABLE"},
      {errors::ApprovalDenied("r", absl::Seconds(1)), "APPROVAL_DENIED"},
      {errors::ApprovalRateLimited("l", absl::Seconds(1)),
       "APPROVAL_RATE_LIMITED"},
      {errors::ApproverNotAllowed("own_agent"), "APPROVER_NOT_ALLOWED"},
      {errors::RateLimited("l", absl::Seconds(2)), "RATE_LIMITED"},
      {errors::ProviderTokenNotShortLived("p"),
       "PROVIDER_TOKEN_NOT_SHORT_LIVED"},
      {errors::ScopeNotNarrowable("p", "w"), "SCOPE_NOT_NARROWABLE"},
      {errors::ProviderMisconfigured("p", "x"), "PROVIDER_MISCONFIGURED"},
      {errors::ProviderRateLimited("p", absl::Seconds(2)),
       "PROVIDER_RATE_LIMITED"},
      {errors::ProviderUnreachable("p", "dns", false), "PROVIDER_UNREACHABLE"},
      {errors::ProviderAnswerInvalid("p", "html"), "PROVIDER_ANSWER_INVALID"},
      {errors::ProviderRefused("p", "c"), "PROVIDER_REFUSED"},
      {errors::GrantGone("p"), "INTERNAL"},
      {errors::AddressRefused("h"), "PROVIDER_MISCONFIGURED"},
      {errors::UpstreamSlow("p"), "UPSTREAM_SLOW"},
      {errors::InteractionDenied("i"), "INTERACTION_DENIED"},
      {errors::InteractionExpired("i"), "INTERACTION_EXPIRED"},
      {errors::InteractionUsed("i"), "INTERACTION_USED"},
      {errors::ConnectRefused("state"), "CONNECT_REFUSED"},
      {errors::VaultSealed(), "VAULT_SEALED"},
      {errors::KeyUnknown("k"), "STORED_SECRET_UNREADABLE"},
      {errors::SealBroken(), "STORED_SECRET_UNREADABLE"},
      {errors::StoredSecretUnreadable("c"), "STORED_SECRET_UNREADABLE"},
      {errors::RootKeyInvalid("p"), "INTERNAL"},
      {errors::RootSourceClosed("p"), "INTERNAL"},
      {errors::RootSourceNeeded("hsm", "p"), "INTERNAL"},
      {errors::MemoryNotLocked("p"), "RATE_LIMITED"},
      {errors::AuditLogBroken(), "INTERNAL"},
      {errors::BackupBroken("p"), "INTERNAL"},
      {errors::BackupPathInvalid("p"), "INTERNAL"},
      {errors::DatabaseRolledBack("p"), "INTERNAL"},
      {errors::NotFound("connection"), "RESOURCE_DENIED"},
      {errors::AlreadyExists("n"), "INTERNAL"},
      {errors::VersionConflict("connection"), "ETAG_MISMATCH"},
      {errors::StorageFull(), "AUDIT_UNAVAILABLE"},
      {errors::StorageBusy(), "AUDIT_UNAVAILABLE"},
      {errors::StorageCorrupt(), "STORED_SECRET_UNREADABLE"},
      {errors::StorageForeign("p"), "INTERNAL"},
      {errors::StorageFailed(10), "AUDIT_UNAVAILABLE"},
      {errors::StorageUnsafe("p"), "INTERNAL"},
      {errors::StoragePathInvalid("p"), "INTERNAL"},
      {errors::StorageNotInitialized(), "INTERNAL"},
      {errors::AuditUnavailable(), "AUDIT_UNAVAILABLE"},
      {errors::ConfigInvalid("w", "p"), "INTERNAL"},
      {errors::ServerUnreachable("a"), "INTERNAL"},
      {errors::Internal("what"), "INTERNAL"},
      {errors::OperationRunning("operations/1"), "OPERATION_RUNNING"},
      {errors::KeyInUse(4, "it is not retired"), "KEY_IN_USE"},
  };
}

TEST(StatusToGrpcTest, TellsCallersWhatIsTheirs) {
  for (const Case& c : Cases()) {
    google::rpc::Status outside = ToOutwardStatus(c.inside, Audience::kCaller);
    EXPECT_EQ(InfoOf(outside).reason(), c.outside) << c.inside;
    EXPECT_EQ(InfoOf(outside).domain(), "tokenvault") << c.inside;
    if (c.outside == ReasonOf(c.inside) && c.outside != "INTERNAL") {
      EXPECT_EQ(outside.message(), std::string(c.inside.message()));
      EXPECT_EQ(outside.code(), static_cast<int>(c.inside.code()));
    }
  }
}

TEST(StatusToGrpcTest, TellsOperatorsEveryReasonButBugs) {
  for (const Case& c : Cases()) {
    google::rpc::Status outside =
        ToOutwardStatus(c.inside, Audience::kOperator);
    EXPECT_EQ(InfoOf(outside).reason(), ReasonOf(c.inside)) << c.inside;
  }
}

TEST(StatusToGrpcTest, MasksWhatHasNoReason) {
  google::rpc::Status outside =
      ToOutwardStatus(absl::UnknownError("secret words"), Audience::kOperator);
  EXPECT_EQ(outside.code(), static_cast<int>(absl::StatusCode::kInternal));
  EXPECT_THAT(outside.message(), StartsWith("internal error, id="));
  EXPECT_THAT(outside.SerializeAsString(), Not(HasSubstr("secret words")));
}

TEST(StatusToGrpcTest, LogsTheTruthUnderTheIdItTells) {
  testing::internal::CaptureStderr();
  google::rpc::Status outside =
      ToOutwardStatus(errors::Internal("the truth"), Audience::kCaller);
  const std::string log = testing::internal::GetCapturedStderr();
  const std::string id =
      outside.message().substr(std::string("internal error, id=").size());
  EXPECT_EQ(id.size(), 12);
  EXPECT_THAT(log, HasSubstr(id));
  EXPECT_THAT(log, HasSubstr("the truth"));
  EXPECT_THAT(outside.SerializeAsString(), Not(HasSubstr("the truth")));
}

TEST(StatusToGrpcTest, CutsALongMessageBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "ä";
  google::rpc::Status outside =
      ToOutwardStatus(errors::FieldInvalid("f", text), Audience::kCaller);
  EXPECT_LE(outside.message().size(), kMaxErrorMessage);
  EXPECT_GE(outside.message().size(), kMaxErrorMessage - 1);
  EXPECT_EQ(static_cast<unsigned char>(outside.message().back()), 0xA4);
}

TEST(StatusToGrpcTest, CarriesDetailsThroughGrpc) {
  grpc::Status status = ToGrpcStatus(ToOutwardStatus(
      errors::RateLimited("calls", absl::Seconds(7)), Audience::kCaller));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::rpc::Status details;
  ASSERT_TRUE(grpc::ExtractErrorDetails(status, &details).ok());
  EXPECT_EQ(InfoOf(details).reason(), "RATE_LIMITED");
  EXPECT_EQ(RetryDelayOf(details), absl::Seconds(7));
}

TEST(StatusToGrpcTest, AsksForNoRetryWhereNoneHelps) {
  EXPECT_EQ(RetryDelayOf(
                ToOutwardStatus(errors::PolicyDenied(""), Audience::kCaller)),
            absl::ZeroDuration());
}

}  // namespace
}  // namespace tokenvault
