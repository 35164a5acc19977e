#include "base/errors.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/rpc/error_details.pb.h"

namespace tokenvault {
namespace {

using absl::StatusCode;
using Metadata = std::vector<std::pair<const char*, std::string>>;

constexpr char kDomain[] = "tokenvault";

template <typename Message>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/",
                      Message::descriptor()->full_name());
}

template <typename Message>
void Attach(absl::Status& status, const Message& message) {
  status.SetPayload(TypeUrl<Message>(),
                    absl::Cord(message.SerializeAsString()));
}

template <typename Message>
bool Detach(const absl::Status& status, Message& message) {
  auto payload = status.GetPayload(TypeUrl<Message>());
  return payload.has_value() && message.ParseFromString(std::string(*payload));
}

absl::Status Make(StatusCode code, const char* reason,
                  absl::string_view sentence, const Metadata& metadata = {}) {
  absl::Status status(code, sentence);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain(kDomain);
  for (const auto& [key, value] : metadata) {
    (*info.mutable_metadata())[key] = value;
  }
  Attach(status, info);
  return status;
}

absl::Status WithRetry(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(
      absl::ToInt64Seconds(absl::Ceil(delay, absl::Seconds(1))));
  Attach(status, retry);
  return status;
}

absl::Status WithQuota(absl::Status status, absl::string_view limit,
                       absl::Duration retry_after) {
  google::rpc::QuotaFailure quota;
  auto* violation = quota.add_violations();
  violation->set_subject(std::string(limit));
  violation->set_description(std::string(status.message()));
  Attach(status, quota);
  return WithRetry(std::move(status), retry_after);
}

absl::Status WithPrecondition(absl::Status status, const char* type,
                              absl::string_view subject) {
  google::rpc::PreconditionFailure failure;
  auto* violation = failure.add_violations();
  violation->set_type(type);
  violation->set_subject(std::string(subject));
  violation->set_description(std::string(status.message()));
  Attach(status, failure);
  return status;
}

std::string Str(absl::string_view text) { return std::string(text); }

}  // namespace

std::string ReasonOf(const absl::Status& status) {
  google::rpc::ErrorInfo info;
  return Detach(status, info) ? info.reason() : "";
}

bool HasReason(const absl::Status& status, absl::string_view reason) {
  return !status.ok() && ReasonOf(status) == reason;
}

std::string MetadataOf(const absl::Status& status, absl::string_view key) {
  google::rpc::ErrorInfo info;
  if (!Detach(status, info)) return "";
  auto it = info.metadata().find(Str(key));
  return it == info.metadata().end() ? "" : it->second;
}

absl::Duration RetryDelayOf(const absl::Status& status) {
  google::rpc::RetryInfo retry;
  if (!Detach(status, retry)) return absl::ZeroDuration();
  return absl::Seconds(retry.retry_delay().seconds());
}

namespace errors {

absl::Status FieldInvalid(absl::string_view field, absl::string_view problem) {
  absl::Status status =
      Make(StatusCode::kInvalidArgument, "FIELD_INVALID",
           absl::StrCat(field, ": ", problem), {{"field", Str(field)}});
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field(Str(field));
  violation->set_description(Str(problem));
  Attach(status, bad);
  return status;
}

absl::Status ScopeUnknown(absl::string_view provider, absl::string_view scope,
                          absl::string_view nearest) {
  std::string sentence =
      absl::StrCat("provider ", provider, " has no scope \"", scope, "\"");
  if (!nearest.empty()) {
    absl::StrAppend(&sentence, "; did you mean \"", nearest, "\"?");
  }
  absl::Status status =
      Make(StatusCode::kInvalidArgument, "SCOPE_UNKNOWN", sentence,
           {{"provider", Str(provider)},
            {"scope", Str(scope)},
            {"nearest", Str(nearest)}});
  google::rpc::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field("scopes");
  violation->set_description(sentence);
  Attach(status, bad);
  return status;
}

absl::Status EtagMismatch(absl::string_view resource) {
  return Make(
      StatusCode::kAborted, "ETAG_MISMATCH",
      absl::StrCat(resource, " changed since it was read; read it again"),
      {{"resource", Str(resource)}});
}

absl::Status NotImplemented(absl::string_view method) {
  return Make(StatusCode::kUnimplemented, "NOT_IMPLEMENTED",
              absl::StrCat(method, " is not built in this version"),
              {{"method", Str(method)}});
}

absl::Status AgentCredentialInvalid(absl::string_view problem) {
  return Make(
      StatusCode::kUnauthenticated, "AGENT_CREDENTIAL_INVALID",
      absl::StrCat("the agent's credential was not accepted: ", problem),
      {{"problem", Str(problem)}});
}

absl::Status UserTokenInvalid(absl::string_view issuer,
                              absl::string_view problem) {
  return Make(StatusCode::kUnauthenticated, "USER_TOKEN_INVALID",
              absl::StrCat("subject.user_token was not accepted: ", problem),
              {{"issuer", Str(issuer)},
               {"problem", Str(problem)},
               {"expired", problem == "expired" ? "true" : "false"}});
}

absl::Status SubjectAssertionNotAllowed(absl::string_view agent) {
  return Make(StatusCode::kPermissionDenied, "SUBJECT_ASSERTION_NOT_ALLOWED",
              absl::StrCat("agent ", agent,
                           " may not name a user by user_id; send the user's "
                           "own token as subject.user_token"),
              {{"agent", Str(agent)}});
}

absl::Status PolicyDenied(absl::string_view rule) {
  return Make(StatusCode::kPermissionDenied, "POLICY_DENIED",
              rule.empty() ? "no policy rule allows this request"
                           : absl::StrCat("denied by policy rule ", rule),
              {{"rule", Str(rule)}});
}

absl::Status ResourceDenied(absl::string_view resource) {
  return Make(StatusCode::kPermissionDenied, "RESOURCE_DENIED",
              absl::StrCat("permission denied on ", resource,
                           " (or it might not exist)"),
              {{"resource", Str(resource)}});
}

absl::Status ConnectionPaused(absl::string_view connection) {
  return WithPrecondition(
      Make(StatusCode::kFailedPrecondition, "CONNECTION_PAUSED",
           "this connection is paused; whoever paused it can resume it",
           {{"connection", Str(connection)}}),
      "CONNECTION", connection);
}

absl::Status IssuanceStopped(absl::string_view what) {
  return Make(StatusCode::kPermissionDenied, "ISSUANCE_STOPPED",
              absl::StrCat("an operator stopped tokens for this ", what),
              {{"what", Str(what)}});
}

absl::Status BudgetSpent(absl::string_view rule, absl::Duration retry_after) {
  return WithQuota(
      Make(StatusCode::kResourceExhausted, "BUDGET_SPENT",
           absl::StrCat("the budget of policy rule ", rule, " is spent"),
           {{"rule", Str(rule)}}),
      rule, retry_after);
}

absl::Status PolicyUnavailable(absl::string_view problem) {
  return WithRetry(Make(StatusCode::kUnavailable, "POLICY_UNAVAILABLE",
                        absl::StrCat("the decision point did not decide (",
                                     problem, "), so nothing is allowed"),
                        {{"problem", Str(problem)}}),
                   absl::Seconds(5));
}

absl::Status ApprovalDenied(absl::string_view rule,
                            absl::Duration retry_after) {
  return WithRetry(
      Make(StatusCode::kPermissionDenied, "APPROVAL_DENIED",
           "a person said no to this; it cannot be asked again yet",
           {{"rule", Str(rule)}}),
      retry_after);
}

absl::Status ApprovalRateLimited(absl::string_view limit,
                                 absl::Duration retry_after) {
  return WithQuota(
      Make(StatusCode::kResourceExhausted, "APPROVAL_RATE_LIMITED",
           absl::StrCat("too many requests wait for this person: ", limit),
           {{"limit", Str(limit)}}),
      limit, retry_after);
}

absl::Status ApproverNotAllowed(absl::string_view problem) {
  return Make(StatusCode::kPermissionDenied, "APPROVER_NOT_ALLOWED",
              absl::StrCat("this person may not decide this: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status OperationRunning(absl::string_view operation) {
  return WithRetry(
      Make(StatusCode::kAborted, "OPERATION_RUNNING",
           absl::StrCat("operation ", operation, " is under way already"),
           {{"operation", Str(operation)}}),
      absl::Seconds(5));
}

absl::Status RateLimited(absl::string_view limit, absl::Duration retry_after) {
  return WithQuota(
      Make(StatusCode::kResourceExhausted, "RATE_LIMITED",
           absl::StrCat("over the limit ", limit), {{"limit", Str(limit)}}),
      limit, retry_after);
}

absl::Status ProviderTokenNotShortLived(absl::string_view provider,
                                        absl::string_view rule) {
  return WithPrecondition(
      Make(StatusCode::kFailedPrecondition, "PROVIDER_TOKEN_NOT_SHORT_LIVED",
           rule.empty() ? absl::StrCat("tokens of provider ", provider,
                                       " outlive what this vault may hand out")
                        : absl::StrCat("this token of provider ", provider,
                                       " would live longer than policy rule ",
                                       rule, " allows"),
           {{"provider", Str(provider)}, {"rule", Str(rule)}}),
      "TOKEN_LIFETIME", provider);
}

absl::Status ScopeNotNarrowable(absl::string_view provider,
                                absl::string_view would_include) {
  return WithPrecondition(
      Make(
          StatusCode::kFailedPrecondition, "SCOPE_NOT_NARROWABLE",
          absl::StrCat("provider ", provider,
                       " would give more than was asked for"),
          {{"provider", Str(provider)}, {"would_include", Str(would_include)}}),
      "SCOPE", provider);
}

absl::Status ProviderMisconfigured(absl::string_view provider,
                                   absl::string_view problem) {
  return WithPrecondition(
      Make(StatusCode::kFailedPrecondition, "PROVIDER_MISCONFIGURED",
           absl::StrCat("the vault's client at provider ", provider,
                        " is refused: ", problem,
                        "; the operator must act, no user is disconnected"),
           {{"provider", Str(provider)}, {"problem", Str(problem)}}),
      "PROVIDER_CLIENT", provider);
}

absl::Status ProviderRateLimited(absl::string_view provider,
                                 absl::Duration retry_after) {
  return WithRetry(
      Make(StatusCode::kResourceExhausted, "PROVIDER_RATE_LIMITED",
           absl::StrCat("provider ", provider, " asks us to slow down"),
           {{"provider", Str(provider)}}),
      retry_after);
}

absl::Status ProviderUnreachable(absl::string_view provider,
                                 absl::string_view problem, bool maybe_sent,
                                 absl::Duration retry) {
  return WithRetry(
      Make(StatusCode::kUnavailable, "PROVIDER_UNREACHABLE",
           absl::StrCat("provider ", provider, " cannot be reached: ", problem),
           {{"provider", Str(provider)},
            {"problem", Str(problem)},
            {"maybe_sent", maybe_sent ? "true" : "false"}}),
      retry);
}

absl::Status ProviderAnswerInvalid(absl::string_view provider,
                                   absl::string_view problem) {
  return WithRetry(
      Make(StatusCode::kUnavailable, "PROVIDER_ANSWER_INVALID",
           absl::StrCat("provider ", provider,
                        " gave an answer that is not OAuth: ", problem),
           {{"provider", Str(provider)}, {"problem", Str(problem)}}),
      absl::Seconds(30));
}

absl::Status ProviderRefused(absl::string_view provider,
                             absl::string_view code) {
  return Make(
      StatusCode::kFailedPrecondition, "PROVIDER_REFUSED",
      absl::StrCat("provider ", provider, " refused the request: ", code),
      {{"provider", Str(provider)}, {"code", Str(code)}});
}

absl::Status GrantGone(absl::string_view provider) {
  return Make(
      StatusCode::kFailedPrecondition, "GRANT_GONE",
      absl::StrCat("provider ", provider, " no longer accepts this connection"),
      {{"provider", Str(provider)}});
}

absl::Status AddressRefused(absl::string_view host) {
  return Make(StatusCode::kFailedPrecondition, "ADDRESS_REFUSED",
              absl::StrCat("the address of ", host,
                           " is one the vault does not connect to"),
              {{"host", Str(host)}});
}

absl::Status UpstreamSlow(absl::string_view provider) {
  return Make(
      StatusCode::kDeadlineExceeded, "UPSTREAM_SLOW",
      absl::StrCat("provider ", provider,
                   " is still answering; ask again, the result is kept"),
      {{"provider", Str(provider)}});
}

absl::Status InteractionDenied(absl::string_view interaction) {
  return Make(StatusCode::kFailedPrecondition, "INTERACTION_DENIED",
              "the person said no", {{"interaction", Str(interaction)}});
}

absl::Status InteractionExpired(absl::string_view interaction) {
  return Make(StatusCode::kFailedPrecondition, "INTERACTION_EXPIRED",
              "the link is no longer valid; ask for a new one",
              {{"interaction", Str(interaction)}});
}

absl::Status InteractionUsed(absl::string_view interaction) {
  return Make(StatusCode::kFailedPrecondition, "INTERACTION_USED",
              "the link was used already", {{"interaction", Str(interaction)}});
}

absl::Status ConnectRefused(absl::string_view check) {
  return Make(StatusCode::kPermissionDenied, "CONNECT_REFUSED",
              "this connect attempt was stopped", {{"check", Str(check)}});
}

absl::Status VaultSealed() {
  return WithRetry(Make(StatusCode::kUnavailable, "VAULT_SEALED",
                        "the vault is sealed; an operator must unseal it"),
                   absl::Seconds(30));
}

absl::Status KeyUnknown(absl::string_view key_id) {
  return Make(StatusCode::kDataLoss, "KEY_UNKNOWN",
              "sealed under a key that this vault does not hold",
              {{"key_id", Str(key_id)}});
}

absl::Status KeyInUse(uint32_t generation, absl::string_view why) {
  return Make(
      StatusCode::kFailedPrecondition, "KEY_IN_USE",
      absl::StrCat("master key ", generation, " cannot be destroyed: ", why),
      {{"generation", absl::StrCat(generation)}});
}

absl::Status SealBroken() {
  return Make(StatusCode::kDataLoss, "SEAL_BROKEN",
              "a sealed value does not open in its place");
}

absl::Status StoredSecretUnreadable(absl::string_view connection) {
  return Make(StatusCode::kDataLoss, "STORED_SECRET_UNREADABLE",
              "the stored secret of this connection cannot be opened; the "
              "operator must look",
              {{"connection", Str(connection)}});
}

absl::Status RootKeyInvalid(absl::string_view problem) {
  return Make(StatusCode::kFailedPrecondition, "ROOT_KEY_INVALID",
              absl::StrCat("the root key cannot be used: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status RootSourceClosed(absl::string_view why) {
  return Make(StatusCode::kFailedPrecondition, "ROOT_SOURCE_CLOSED",
              absl::StrCat("the root source is closed: ", why));
}

absl::Status RootSourceNeeded(absl::string_view source, absl::string_view why) {
  return Make(StatusCode::kFailedPrecondition, "ROOT_SOURCE_NEEDED",
              absl::StrCat("root source ", source, " is needed: ", why),
              {{"source", Str(source)}});
}

absl::Status MemoryNotLocked(absl::string_view problem) {
  return Make(StatusCode::kFailedPrecondition, "MEMORY_NOT_LOCKED",
              absl::StrCat("memory for keys cannot be locked: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status BackupBroken(absl::string_view problem) {
  return Make(StatusCode::kDataLoss, "BACKUP_BROKEN",
              absl::StrCat("this is no backup to rely on: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status BackupPathInvalid(absl::string_view problem) {
  return Make(StatusCode::kFailedPrecondition, "BACKUP_PATH_INVALID",
              absl::StrCat("the backup's path cannot be used: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status AuditLogBroken() {
  return Make(StatusCode::kDataLoss, "AUDIT_LOG_BROKEN",
              "the audit log is not what it was", {});
}

absl::Status DatabaseRolledBack(absl::string_view problem) {
  return Make(StatusCode::kFailedPrecondition, "DATABASE_ROLLED_BACK",
              absl::StrCat("the database is older than it was: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status NotFound(absl::string_view noun) {
  return Make(StatusCode::kNotFound, "NOT_FOUND",
              absl::StrCat("no such ", noun), {{"noun", Str(noun)}});
}

absl::Status AlreadyExists(absl::string_view noun) {
  return Make(StatusCode::kAlreadyExists, "ALREADY_EXISTS",
              absl::StrCat(noun, " exists already"), {{"noun", Str(noun)}});
}

absl::Status VersionConflict(absl::string_view noun) {
  return Make(StatusCode::kAborted, "VERSION_CONFLICT",
              absl::StrCat(noun, " changed meanwhile"), {{"noun", Str(noun)}});
}

absl::Status StorageFull() {
  return WithRetry(Make(StatusCode::kResourceExhausted, "STORAGE_FULL",
                        "the disk is full; nothing was written"),
                   absl::Seconds(30));
}

absl::Status StorageBusy() {
  return WithRetry(Make(StatusCode::kUnavailable, "STORAGE_BUSY",
                        "another process holds the database"),
                   absl::Seconds(1));
}

absl::Status StorageCorrupt() {
  return Make(StatusCode::kDataLoss, "STORAGE_CORRUPT",
              "the database file is damaged; restore a backup");
}

absl::Status StorageForeign(absl::string_view problem) {
  return Make(StatusCode::kFailedPrecondition, "STORAGE_FOREIGN",
              absl::StrCat("not a database of this vault: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status StorageFailed(int code) {
  return Make(StatusCode::kUnavailable, "STORAGE_FAILED",
              absl::StrCat("the database reported error ", code,
                           "; nothing was written"),
              {{"code", absl::StrCat(code)}});
}

absl::Status StorageUnsafe(absl::string_view problem) {
  return Make(StatusCode::kFailedPrecondition, "STORAGE_UNSAFE",
              absl::StrCat("the database is not safe to use: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status StoragePathInvalid(absl::string_view problem) {
  return Make(StatusCode::kFailedPrecondition, "STORAGE_PATH_INVALID",
              absl::StrCat("the database's path cannot be used: ", problem),
              {{"problem", Str(problem)}});
}

absl::Status StorageNotInitialized() {
  return Make(StatusCode::kFailedPrecondition, "STORAGE_NOT_INITIALIZED",
              "the vault is not initialized; run 'tokenvault init' first");
}

absl::Status AuditUnavailable() {
  return WithRetry(Make(StatusCode::kUnavailable, "AUDIT_UNAVAILABLE",
                        "the audit log cannot be written, so nothing is "
                        "handed out"),
                   absl::Seconds(5));
}

absl::Status ConfigInvalid(absl::string_view where, absl::string_view problem) {
  return Make(StatusCode::kInvalidArgument, "CONFIG_INVALID",
              absl::StrCat(where, ": ", problem), {{"where", Str(where)}});
}

absl::Status ServerUnreachable(absl::string_view address) {
  return Make(StatusCode::kUnavailable, "SERVER_UNREACHABLE",
              absl::StrCat("no tokenvaultd answers at ", address),
              {{"address", Str(address)}});
}

absl::Status Internal(absl::string_view what) {
  return Make(StatusCode::kInternal, "INTERNAL", what);
}

}  // namespace errors
}  // namespace tokenvault
