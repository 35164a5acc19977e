#include "base/errors.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "google/rpc/error_details.pb.h"

namespace tokenvault {
namespace {

using absl::StatusCode;

std::string ReadSource(const std::string& path) {
  std::ifstream file(std::string(TOKENVAULT_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::set<std::string> Matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex kPattern(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), kPattern), end;
       it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

// What errors.cc makes, read from its text, so that a new reason cannot be
// forgotten in the two lists below.
std::set<std::string> ReasonsInTheCode() {
  return Matches(ReadSource("base/errors.cc"),
                 R"re(StatusCode::k\w+,\s*"([A-Z][A-Z0-9_]+)")re");
}

struct Sample {
  absl::Status status;
  StatusCode code;
  const char* reason;
  std::vector<std::pair<const char*, const char*>> metadata;
};

std::vector<Sample> Samples() {
  using namespace errors;
  const absl::Duration kDelay = absl::Seconds(7);
  constexpr auto kInvalid = StatusCode::kInvalidArgument;
  constexpr auto kDenied = StatusCode::kPermissionDenied;
  constexpr auto kPrecondition = StatusCode::kFailedPrecondition;
  constexpr auto kUnavailable = StatusCode::kUnavailable;
  constexpr auto kExhausted = StatusCode::kResourceExhausted;
  constexpr auto kDataLoss = StatusCode::kDataLoss;
  constexpr auto kUnauthenticated = StatusCode::kUnauthenticated;
  return {
      {FieldInvalid("scopes", "empty"),
       kInvalid,
       "FIELD_INVALID",
       {{"field", "scopes"}}},
      {ScopeUnknown("demo", "reed", "read"),
       kInvalid,
       "SCOPE_UNKNOWN",
       {{"provider", "demo"}, {"scope", "reed"}, {"nearest", "read"}}},
      {EtagMismatch("users/u/connections/c"),
       StatusCode::kAborted,
       "ETAG_MISMATCH",
       {{"resource", "users/u/connections/c"}}},
      {NotImplemented("Unseal"),
       StatusCode::kUnimplemented,
       "NOT_IMPLEMENTED",
       {{"method", "Unseal"}}},
      {AgentCredentialInvalid("missing"),
       kUnauthenticated,
       "AGENT_CREDENTIAL_INVALID",
       {{"problem", "missing"}}},
      {UserTokenInvalid("https://idp.test", "expired"),
       kUnauthenticated,
       "USER_TOKEN_INVALID",
       {{"issuer", "https://idp.test"}, {"expired", "true"}}},
      {SubjectAssertionNotAllowed("bot"),
       kDenied,
       "SUBJECT_ASSERTION_NOT_ALLOWED",
       {{"agent", "bot"}}},
      {PolicyDenied("no-weekends"),
       kDenied,
       "POLICY_DENIED",
       {{"rule", "no-weekends"}}},
      {ResourceDenied("providers/x"),
       kDenied,
       "RESOURCE_DENIED",
       {{"resource", "providers/x"}}},
      {ConnectionPaused("users/u/connections/c"),
       kPrecondition,
       "CONNECTION_PAUSED",
       {{"connection", "users/u/connections/c"}}},
      {IssuanceStopped("agent"),
       kDenied,
       "ISSUANCE_STOPPED",
       {{"what", "agent"}}},
      {BudgetSpent("a-hundred", kDelay),
       kExhausted,
       "BUDGET_SPENT",
       {{"rule", "a-hundred"}}},
      {PolicyUnavailable("timeout"),
       kUnavailable,
       "POLICY_UNAVAILABLE",
       {{"problem", "timeout"}}},
      {ApprovalDenied("asks", kDelay),
       kDenied,
       "APPROVAL_DENIED",
       {{"rule", "asks"}}},
      {ApprovalRateLimited("pending_approvals", kDelay),
       kExhausted,
       "APPROVAL_RATE_LIMITED",
       {{"limit", "pending_approvals"}}},
      {ApproverNotAllowed("own_agent"),
       kDenied,
       "APPROVER_NOT_ALLOWED",
       {{"problem", "own_agent"}}},
      {OperationRunning("operations/o"),
       StatusCode::kAborted,
       "OPERATION_RUNNING",
       {{"operation", "operations/o"}}},
      {RateLimited("per_agent", kDelay),
       kExhausted,
       "RATE_LIMITED",
       {{"limit", "per_agent"}}},
      {ProviderTokenNotShortLived("demo"),
       kPrecondition,
       "PROVIDER_TOKEN_NOT_SHORT_LIVED",
       {{"provider", "demo"}}},
      {ScopeNotNarrowable("demo", "write"),
       kPrecondition,
       "SCOPE_NOT_NARROWABLE",
       {{"provider", "demo"}, {"would_include", "write"}}},
      {ProviderMisconfigured("demo", "invalid_client"),
       kPrecondition,
       "PROVIDER_MISCONFIGURED",
       {{"provider", "demo"}, {"problem", "invalid_client"}}},
      {ProviderRateLimited("demo", kDelay),
       kExhausted,
       "PROVIDER_RATE_LIMITED",
       {{"provider", "demo"}}},
      {ProviderUnreachable("demo", "timeout", true),
       kUnavailable,
       "PROVIDER_UNREACHABLE",
       {{"provider", "demo"}, {"problem", "timeout"}, {"maybe_sent", "true"}}},
      {ProviderAnswerInvalid("demo", "html"),
       kUnavailable,
       "PROVIDER_ANSWER_INVALID",
       {{"provider", "demo"}, {"problem", "html"}}},
      {ProviderRefused("demo", "invalid_scope"),
       kPrecondition,
       "PROVIDER_REFUSED",
       {{"provider", "demo"}, {"code", "invalid_scope"}}},
      {GrantGone("demo"), kPrecondition, "GRANT_GONE", {{"provider", "demo"}}},
      {AddressRefused("localhost"),
       kPrecondition,
       "ADDRESS_REFUSED",
       {{"host", "localhost"}}},
      {UpstreamSlow("demo"),
       StatusCode::kDeadlineExceeded,
       "UPSTREAM_SLOW",
       {{"provider", "demo"}}},
      {InteractionDenied("interactions/i"),
       kPrecondition,
       "INTERACTION_DENIED",
       {{"interaction", "interactions/i"}}},
      {InteractionExpired("interactions/i"),
       kPrecondition,
       "INTERACTION_EXPIRED",
       {{"interaction", "interactions/i"}}},
      {InteractionUsed("interactions/i"),
       kPrecondition,
       "INTERACTION_USED",
       {{"interaction", "interactions/i"}}},
      {ConnectRefused("state"),
       kDenied,
       "CONNECT_REFUSED",
       {{"check", "state"}}},
      {VaultSealed(), kUnavailable, "VAULT_SEALED", {}},
      {KeyUnknown("7"), kDataLoss, "KEY_UNKNOWN", {{"key_id", "7"}}},
      {KeyInUse(7, "it is not retired"),
       kPrecondition,
       "KEY_IN_USE",
       {{"generation", "7"}}},
      {SealBroken(), kDataLoss, "SEAL_BROKEN", {}},
      {StoredSecretUnreadable("connections/c"),
       kDataLoss,
       "STORED_SECRET_UNREADABLE",
       {{"connection", "connections/c"}}},
      {RootKeyInvalid("mode 0644"),
       kPrecondition,
       "ROOT_KEY_INVALID",
       {{"problem", "mode 0644"}}},
      {RootSourceClosed("its token is not there"),
       kPrecondition,
       "ROOT_SOURCE_CLOSED",
       {}},
      {RootSourceNeeded("hsm", "no other source opens now"),
       kPrecondition,
       "ROOT_SOURCE_NEEDED",
       {{"source", "hsm"}}},
      {MemoryNotLocked("RLIMIT_MEMLOCK"),
       kPrecondition,
       "MEMORY_NOT_LOCKED",
       {{"problem", "RLIMIT_MEMLOCK"}}},
      {BackupBroken("cut short"),
       kDataLoss,
       "BACKUP_BROKEN",
       {{"problem", "cut short"}}},
      {BackupPathInvalid("no folder"),
       kPrecondition,
       "BACKUP_PATH_INVALID",
       {{"problem", "no folder"}}},
      {AuditLogBroken(), kDataLoss, "AUDIT_LOG_BROKEN", {}},
      {DatabaseRolledBack("leaf 3"),
       kPrecondition,
       "DATABASE_ROLLED_BACK",
       {{"problem", "leaf 3"}}},
      {NotFound("connection"),
       StatusCode::kNotFound,
       "NOT_FOUND",
       {{"noun", "connection"}}},
      {AlreadyExists("connection"),
       StatusCode::kAlreadyExists,
       "ALREADY_EXISTS",
       {{"noun", "connection"}}},
      {VersionConflict("connection"),
       StatusCode::kAborted,
       "VERSION_CONFLICT",
       {{"noun", "connection"}}},
      {StorageFull(), kExhausted, "STORAGE_FULL", {}},
      {StorageBusy(), kUnavailable, "STORAGE_BUSY", {}},
      {StorageCorrupt(), kDataLoss, "STORAGE_CORRUPT", {}},
      {StorageForeign("newer"),
       kPrecondition,
       "STORAGE_FOREIGN",
       {{"problem", "newer"}}},
      {StorageFailed(522), kUnavailable, "STORAGE_FAILED", {{"code", "522"}}},
      {StorageUnsafe("mode"),
       kPrecondition,
       "STORAGE_UNSAFE",
       {{"problem", "mode"}}},
      {StoragePathInvalid("no folder"),
       kPrecondition,
       "STORAGE_PATH_INVALID",
       {{"problem", "no folder"}}},
      {StorageUnsafe("mode 0644"),
       kPrecondition,
       "STORAGE_UNSAFE",
       {{"problem", "mode 0644"}}},
      {StoragePathInvalid("no folder"),
       kPrecondition,
       "STORAGE_PATH_INVALID",
       {{"problem", "no folder"}}},
      {StorageNotInitialized(), kPrecondition, "STORAGE_NOT_INITIALIZED", {}},
      {AuditUnavailable(), kUnavailable, "AUDIT_UNAVAILABLE", {}},
      {ConfigInvalid("a.toml:1:2", "unknown key"),
       kInvalid,
       "CONFIG_INVALID",
       {{"where", "a.toml:1:2"}}},
      {ServerUnreachable("unix:/a.sock"),
       kUnavailable,
       "SERVER_UNREACHABLE",
       {{"address", "unix:/a.sock"}}},
      {Internal("what"), StatusCode::kInternal, "INTERNAL", {}},
  };
}

template <typename Message>
bool Carries(const absl::Status& status) {
  auto payload = status.GetPayload("type.googleapis.com/" +
                                   Message::descriptor()->full_name());
  Message message;
  return payload.has_value() && message.ParseFromString(std::string(*payload));
}

TEST(ErrorsTest, CarryCodeReasonAndMetadata) {
  for (const Sample& sample : Samples()) {
    EXPECT_EQ(sample.status.code(), sample.code) << sample.reason;
    EXPECT_EQ(ReasonOf(sample.status), sample.reason);
    EXPECT_TRUE(HasReason(sample.status, sample.reason));
    EXPECT_FALSE(sample.status.message().empty()) << sample.reason;
    for (const auto& [key, value] : sample.metadata) {
      EXPECT_EQ(MetadataOf(sample.status, key), value) << sample.reason;
    }
  }
}

TEST(ErrorsTest, AreAllSampledHere) {
  std::set<std::string> sampled;
  for (const Sample& sample : Samples()) sampled.insert(sample.reason);
  EXPECT_EQ(sampled, ReasonsInTheCode());
}

TEST(ErrorsTest, AreAllExplainedInTheDocs) {
  EXPECT_EQ(Matches(ReadSource("docs/errors.md"),
                    R"re((?:^|\n)### ([A-Z][A-Z0-9_]+))re"),
            ReasonsInTheCode());
}

// AIP-193: details of one type at most once, so that a client may take the
// first; a status keeps its payloads by type, and ErrorInfo is always one.
TEST(ErrorsTest, NameTheDomain) {
  for (const Sample& sample : Samples()) {
    auto payload =
        sample.status.GetPayload("type.googleapis.com/google.rpc.ErrorInfo");
    ASSERT_TRUE(payload.has_value()) << sample.reason;
    google::rpc::ErrorInfo info;
    ASSERT_TRUE(info.ParseFromString(std::string(*payload)));
    EXPECT_EQ(info.domain(), "tokenvault");
  }
}

TEST(ErrorsTest, TellWhatMayBeTriedAgainAndWhen) {
  EXPECT_EQ(RetryDelayOf(errors::RateLimited("l", absl::Seconds(7))),
            absl::Seconds(7));
  EXPECT_EQ(RetryDelayOf(errors::ProviderRateLimited("p", absl::Seconds(9))),
            absl::Seconds(9));
  for (const Sample& sample : Samples()) {
    bool retryable = sample.code == StatusCode::kResourceExhausted ||
                     std::string(sample.reason) == "OPERATION_RUNNING" ||
                     std::string(sample.reason) == "APPROVAL_DENIED" ||
                     (sample.code == StatusCode::kUnavailable &&
                      std::string(sample.reason) != "SERVER_UNREACHABLE" &&
                      std::string(sample.reason) != "STORAGE_FAILED");
    EXPECT_EQ(RetryDelayOf(sample.status) > absl::ZeroDuration(), retryable)
        << sample.reason;
  }
}

TEST(ErrorsTest, RoundTheDelayUpToWholeSeconds) {
  EXPECT_EQ(RetryDelayOf(errors::RateLimited("l", absl::Milliseconds(1))),
            absl::Seconds(1));
}

TEST(ErrorsTest, CarryTheDetailsThatClientsKnow) {
  EXPECT_TRUE(
      Carries<google::rpc::BadRequest>(errors::FieldInvalid("f", "bad")));
  EXPECT_TRUE(
      Carries<google::rpc::BadRequest>(errors::ScopeUnknown("p", "s", "")));
  EXPECT_TRUE(Carries<google::rpc::QuotaFailure>(
      errors::RateLimited("l", absl::Seconds(1))));
  EXPECT_TRUE(Carries<google::rpc::PreconditionFailure>(
      errors::ProviderMisconfigured("p", "invalid_client")));
}

TEST(ErrorsTest, SayNothingOfAnEmptyRule) {
  EXPECT_EQ(errors::PolicyDenied("").message(),
            "no policy rule allows this request");
}

TEST(ErrorsTest, OfOthersHaveNoReason) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), "");
  EXPECT_EQ(ReasonOf(absl::InternalError("somebody's")), "");
  EXPECT_FALSE(HasReason(absl::OkStatus(), ""));
  EXPECT_EQ(MetadataOf(absl::InternalError("somebody's"), "rule"), "");
  EXPECT_EQ(RetryDelayOf(absl::InternalError("x")), absl::ZeroDuration());
}

}  // namespace
}  // namespace tokenvault
