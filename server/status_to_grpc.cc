#include "server/status_to_grpc.h"

#include <grpcpp/support/error_details.h>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/log.h"
#include "crypto/random.h"
#include "google/rpc/error_details.pb.h"
#include "server/limits.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kKeyMemoryRetry = absl::Seconds(5);

// What becomes of a reason on its way out to an agent or a back end.
enum class Outward {
  kAsIs,
  kMasked,        // "internal error, id=…"
  kDenied,        // RESOURCE_DENIED
  kReadAgain,     // ETAG_MISMATCH
  kUnreadable,    // STORED_SECRET_UNREADABLE
  kUnavailable,   // AUDIT_UNAVAILABLE
  kBusy,          // RATE_LIMITED
  kProviderSetup  // PROVIDER_MISCONFIGURED
};

struct Rule {
  const char* reason;
  Outward outward;
};

// Every reason of base/errors.h. What is not here is masked.
constexpr Rule kRules[] = {
    {"FIELD_INVALID", Outward::kAsIs},
    {"SCOPE_UNKNOWN", Outward::kAsIs},
    {"ETAG_MISMATCH", Outward::kAsIs},
    {"NOT_IMPLEMENTED", Outward::kAsIs},
    {"AGENT_CREDENTIAL_INVALID", Outward::kAsIs},
    {"USER_TOKEN_INVALID", Outward::kAsIs},
    {"SUBJECT_ASSERTION_NOT_ALLOWED", Outward::kAsIs},
    {"POLICY_DENIED", Outward::kAsIs},
    {"RESOURCE_DENIED", Outward::kAsIs},
    {"CONNECTION_PAUSED", Outward::kAsIs},
    {"RATE_LIMITED", Outward::kAsIs},
    {"ISSUANCE_STOPPED", Outward::kAsIs},
    {"BUDGET_SPENT", Outward::kAsIs},
    {"POLICY_UNAVAILABLE", Outward::kAsIs},
    {"APPROVAL_DENIED", Outward::kAsIs},
    {"APPROVAL_RATE_LIMITED", Outward::kAsIs},
    {"APPROVER_NOT_ALLOWED", Outward::kAsIs},
    {"PROVIDER_TOKEN_NOT_SHORT_LIVED", Outward::kAsIs},
    {"SCOPE_NOT_NARROWABLE", Outward::kAsIs},
    {"PROVIDER_MISCONFIGURED", Outward::kAsIs},
    {"PROVIDER_RATE_LIMITED", Outward::kAsIs},
    {"PROVIDER_UNREACHABLE", Outward::kAsIs},
    {"PROVIDER_ANSWER_INVALID", Outward::kAsIs},
    {"PROVIDER_REFUSED", Outward::kAsIs},
    {"UPSTREAM_SLOW", Outward::kAsIs},
    {"INTERACTION_DENIED", Outward::kAsIs},
    {"INTERACTION_EXPIRED", Outward::kAsIs},
    {"INTERACTION_USED", Outward::kAsIs},
    {"CONNECT_REFUSED", Outward::kAsIs},
    {"VAULT_SEALED", Outward::kAsIs},
    {"STORED_SECRET_UNREADABLE", Outward::kAsIs},
    {"AUDIT_UNAVAILABLE", Outward::kAsIs},
    {"OPERATION_RUNNING", Outward::kAsIs},
    {"KEY_IN_USE", Outward::kAsIs},
    // A discovery document or a preset that points inside our network.
    {"ADDRESS_REFUSED", Outward::kProviderSetup},
    // Foreign or not there: which of the two is not said.
    {"NOT_FOUND", Outward::kDenied},
    {"VERSION_CONFLICT", Outward::kReadAgain},
    // Of commands that operators alone have, or said only at start.
    {"AUDIT_LOG_BROKEN", Outward::kMasked},
    {"BACKUP_BROKEN", Outward::kMasked},
    {"BACKUP_PATH_INVALID", Outward::kMasked},
    {"DATABASE_ROLLED_BACK", Outward::kMasked},
    {"SEAL_BROKEN", Outward::kUnreadable},
    {"KEY_UNKNOWN", Outward::kUnreadable},
    {"STORAGE_CORRUPT", Outward::kUnreadable},
    {"STORAGE_FULL", Outward::kUnavailable},
    {"STORAGE_BUSY", Outward::kUnavailable},
    {"STORAGE_FAILED", Outward::kUnavailable},
    {"MEMORY_NOT_LOCKED", Outward::kBusy},
    // Handled inside, or said only at start and to operators: to others they
    // are bugs.
    {"GRANT_GONE", Outward::kMasked},
    {"ALREADY_EXISTS", Outward::kMasked},
    {"ROOT_KEY_INVALID", Outward::kMasked},
    {"ROOT_SOURCE_CLOSED", Outward::kMasked},
    {"ROOT_SOURCE_NEEDED", Outward::kMasked},
    {"STORAGE_FOREIGN", Outward::kMasked},
    {"STORAGE_UNSAFE", Outward::kMasked},
    {"STORAGE_PATH_INVALID", Outward::kMasked},
    {"STORAGE_NOT_INITIALIZED", Outward::kMasked},
    {"CONFIG_INVALID", Outward::kMasked},
    {"SERVER_UNREACHABLE", Outward::kMasked},
    {"INTERNAL", Outward::kMasked},
};

Outward RuleFor(const std::string& reason, Audience audience) {
  for (const Rule& rule : kRules) {
    if (reason != rule.reason) continue;
    if (audience == Audience::kOperator && reason != "INTERNAL") {
      return Outward::kAsIs;
    }
    return rule.outward;
  }
  return Outward::kMasked;
}

absl::Status Mask(const absl::Status& status, const std::string& reason) {
  std::string id = HexEncode(RandomBytes(6));
  Log(LogLevel::kError, "internal_error", status.message(),
      {{LogKey::kRequestId, id}, {LogKey::kReason, reason}});
  return errors::Internal(absl::StrCat("internal error, id=", id));
}

absl::Status Translate(const absl::Status& status, Audience audience) {
  const std::string reason = ReasonOf(status);
  switch (RuleFor(reason, audience)) {
    case Outward::kAsIs:
      return status;
    case Outward::kMasked:
      return Mask(status, reason);
    case Outward::kDenied:
      return errors::ResourceDenied(MetadataOf(status, "noun"));
    case Outward::kReadAgain:
      return errors::EtagMismatch(MetadataOf(status, "noun"));
    case Outward::kUnreadable:
      return errors::StoredSecretUnreadable("");
    case Outward::kUnavailable:
      return errors::AuditUnavailable();
    case Outward::kBusy:
      return errors::RateLimited("open_keys", kKeyMemoryRetry);
    case Outward::kProviderSetup:
      return errors::ProviderMisconfigured(MetadataOf(status, "host"),
                                           "address_refused");
  }
  return Mask(status, reason);
}

// Cuts between characters, so that what is left is still UTF-8.
std::string Cut(absl::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  while (limit > 0 &&
         (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) {
    --limit;
  }
  return std::string(text.substr(0, limit));
}

}  // namespace

google::rpc::Status ToOutwardStatus(const absl::Status& status,
                                    Audience audience) {
  const absl::Status told = Translate(status, audience);
  google::rpc::Status outward;
  outward.set_code(static_cast<int>(told.code()));
  outward.set_message(Cut(told.message(), kMaxErrorMessage));
  const std::string first =
      absl::StrCat("type.googleapis.com/",
                   google::rpc::ErrorInfo::descriptor()->full_name());
  auto add = [&](absl::string_view type, const absl::Cord& value) {
    auto* detail = outward.add_details();
    detail->set_type_url(std::string(type));
    detail->set_value(std::string(value));
  };
  if (auto info = told.GetPayload(first)) add(first, *info);
  told.ForEachPayload([&](absl::string_view type, const absl::Cord& value) {
    if (type != first) add(type, value);
  });
  return outward;
}

grpc::Status ToGrpcStatus(const google::rpc::Status& outward) {
  grpc::Status status;
  // What it returns is about `&status` only.
  (void)grpc::SetErrorDetails(outward, &status);
  return status;
}

absl::Duration RetryDelayOf(const google::rpc::Status& status) {
  for (const auto& detail : status.details()) {
    google::rpc::RetryInfo retry;
    if (detail.Is<google::rpc::RetryInfo>() && detail.UnpackTo(&retry)) {
      return absl::Seconds(retry.retry_delay().seconds()) +
             absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  return absl::ZeroDuration();
}

}  // namespace tokenvault
