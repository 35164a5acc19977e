#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// Every way this product says no, by name. Each function makes an absl::Status
// whose code, sentence and payloads (google.rpc.ErrorInfo first) are fixed here
// and documented, reason by reason, in docs/errors.md.
//
// A status goes up unchanged: never reworded, never logged twice. Callers
// branch on ReasonOf(status), never on words. What arrives at the edge without
// a reason is a bug of ours and is masked there. Text from outside (a
// provider's sentence, a parser's quote) never enters a status; names from
// configuration and ids of ours may.
namespace tokenvault {

// The ErrorInfo reason, or "" when the status carries none.
std::string ReasonOf(const absl::Status& status);
bool HasReason(const absl::Status& status, absl::string_view reason);
// One entry of ErrorInfo.metadata, or "".
std::string MetadataOf(const absl::Status& status, absl::string_view key);
// RetryInfo's delay, or zero.
absl::Duration RetryDelayOf(const absl::Status& status);

namespace errors {

// ---------------------------------------------------------------- requests --

// FIELD_INVALID. `field` is a path as in the proto; `problem` a sentence.
absl::Status FieldInvalid(absl::string_view field, absl::string_view problem);
// SCOPE_UNKNOWN. `nearest` may be empty.
absl::Status ScopeUnknown(absl::string_view provider, absl::string_view scope,
                          absl::string_view nearest);
// ETAG_MISMATCH: the thing changed since it was read.
absl::Status EtagMismatch(absl::string_view resource);
// NOT_IMPLEMENTED: named in the API, not built yet.
absl::Status NotImplemented(absl::string_view method);

// ------------------------------------------------------------------ callers --

// AGENT_CREDENTIAL_INVALID. `problem` is one of a few words of ours, such as
// "missing", "expired", "no_uri_san", "unknown_agent".
absl::Status AgentCredentialInvalid(absl::string_view problem);
// USER_TOKEN_INVALID. `issuer` is the one configured, never the token's claim.
absl::Status UserTokenInvalid(absl::string_view issuer,
                              absl::string_view problem);
// SUBJECT_ASSERTION_NOT_ALLOWED: user_id without may_assert_user.
absl::Status SubjectAssertionNotAllowed(absl::string_view agent);
// POLICY_DENIED. `rule` is its id, or "" when no rule names the request.
absl::Status PolicyDenied(absl::string_view rule);
// RESOURCE_DENIED: foreign, or not there; which of the two is not said.
absl::Status ResourceDenied(absl::string_view resource);
// CONNECTION_PAUSED: somebody paused it; only they can resume it.
absl::Status ConnectionPaused(absl::string_view connection);
// ISSUANCE_STOPPED: an operator stopped it. `what` is "vault", "agent", "user",
// "connection" or "provider".
absl::Status IssuanceStopped(absl::string_view what);
// BUDGET_SPENT: as many tokens as policy rule `rule` allows were handed out.
absl::Status BudgetSpent(absl::string_view rule, absl::Duration retry_after);
// POLICY_UNAVAILABLE: the external decision point did not answer, so nothing is
// allowed. `problem` is a word of ours.
absl::Status PolicyUnavailable(absl::string_view problem);
// APPROVAL_DENIED: a person said no to this a short while ago.
absl::Status ApprovalDenied(absl::string_view rule, absl::Duration retry_after);
// APPROVAL_RATE_LIMITED: too much waits for one person already.
absl::Status ApprovalRateLimited(absl::string_view limit,
                                 absl::Duration retry_after);
// APPROVER_NOT_ALLOWED: this person may not decide that. `problem` is a word of
// ours: "not_asked", "own_agent", "own_account", "stale_sign_in",
// "own_request".
absl::Status ApproverNotAllowed(absl::string_view problem);
// OPERATION_RUNNING: one of that kind is under way already.
absl::Status OperationRunning(absl::string_view operation);
// RATE_LIMITED: our own limit.
absl::Status RateLimited(absl::string_view limit, absl::Duration retry_after);

// ---------------------------------------------------------------- providers --

// PROVIDER_TOKEN_NOT_SHORT_LIVED
// `rule` is the policy rule that it would outlive, or "".
absl::Status ProviderTokenNotShortLived(absl::string_view provider,
                                        absl::string_view rule = "");
// SCOPE_NOT_NARROWABLE. `would_include`: scopes beyond the asked ones.
absl::Status ScopeNotNarrowable(absl::string_view provider,
                                absl::string_view would_include);
// PROVIDER_MISCONFIGURED: our client at the provider is wrong; the operator's
// turn, not the user's. `problem` is a code the preset knows.
absl::Status ProviderMisconfigured(absl::string_view provider,
                                   absl::string_view problem);
// PROVIDER_RATE_LIMITED
absl::Status ProviderRateLimited(absl::string_view provider,
                                 absl::Duration retry_after);
// PROVIDER_UNREACHABLE. `problem` such as "dns", "connect", "tls", "timeout",
// "http_503". `maybe_sent`: whether a request byte may have left, which decides
// if a refresh may be repeated.
absl::Status ProviderUnreachable(absl::string_view provider,
                                 absl::string_view problem, bool maybe_sent,
                                 absl::Duration retry = absl::Seconds(5));
// PROVIDER_ANSWER_INVALID: it answered, and the answer is not OAuth: HTML, too
// large, empty, broken JSON, no token in it. `problem` is a word of ours.
absl::Status ProviderAnswerInvalid(absl::string_view provider,
                                   absl::string_view problem);
// PROVIDER_REFUSED: an OAuth error that is neither of the user's grant nor of
// our client, such as invalid_scope. `code` is one RFC 6749 or the preset
// knows.
absl::Status ProviderRefused(absl::string_view provider,
                             absl::string_view code);
// GRANT_GONE: invalid_grant and its relatives. Inside the house only: the
// caller of the API gets a RECONNECT interaction.
absl::Status GrantGone(absl::string_view provider);
// ADDRESS_REFUSED: the address guard did not let us connect there.
absl::Status AddressRefused(absl::string_view host);
// UPSTREAM_SLOW: the caller's patience ended first; the refresh goes on.
absl::Status UpstreamSlow(absl::string_view provider);

// -------------------------------------------------------------- interactions
// --

// INTERACTION_DENIED, INTERACTION_EXPIRED, INTERACTION_USED
absl::Status InteractionDenied(absl::string_view interaction);
absl::Status InteractionExpired(absl::string_view interaction);
absl::Status InteractionUsed(absl::string_view interaction);
// CONNECT_REFUSED: a browser step did not check out. `check` names the check
// for the audit log and the operator; the page says none of it.
absl::Status ConnectRefused(absl::string_view check);

// --------------------------------------------------------- keys and the store
// --

// VAULT_SEALED: no master key in memory.
absl::Status VaultSealed();
// KEY_UNKNOWN: sealed under a key that is not in the ring.
absl::Status KeyUnknown(absl::string_view key_id);
// KEY_IN_USE: this master key cannot be destroyed, or not yet; `why` ends the
// sentence.
absl::Status KeyInUse(uint32_t generation, absl::string_view why);
// SEAL_BROKEN: the envelope does not open here. One reason for every cause.
absl::Status SealBroken();
// STORED_SECRET_UNREADABLE: the same, at the edge, naming the connection.
absl::Status StoredSecretUnreadable(absl::string_view connection);
// ROOT_KEY_INVALID: the root key file or passphrase cannot be used, and why.
absl::Status RootKeyInvalid(absl::string_view problem);
// ROOT_SOURCE_CLOSED: a root source cannot be asked now, but may be later: its
// token is away, or nobody gave its passphrase; `why` ends the sentence.
absl::Status RootSourceClosed(absl::string_view why);
// ROOT_SOURCE_NEEDED: it cannot be removed; `why` ends the sentence.
absl::Status RootSourceNeeded(absl::string_view source, absl::string_view why);
// MEMORY_NOT_LOCKED: key memory could not be locked, and what to do.
absl::Status MemoryNotLocked(absl::string_view problem);

// BACKUP_BROKEN: the file is no backup, or not all of it is there, or it is not
// as it was written.
absl::Status BackupBroken(absl::string_view problem);
// BACKUP_PATH_INVALID: a backup cannot be written there, or read.
absl::Status BackupPathInvalid(absl::string_view problem);
// AUDIT_LOG_BROKEN: the audit log is not what it was.
absl::Status AuditLogBroken();
// DATABASE_ROLLED_BACK: the database is older than what was committed to it.
absl::Status DatabaseRolledBack(absl::string_view problem);

// NOT_FOUND: no such record. Inside the house; outward it is RESOURCE_DENIED.
absl::Status NotFound(absl::string_view noun);
// ALREADY_EXISTS: an insert met a record of that key.
absl::Status AlreadyExists(absl::string_view noun);
// VERSION_CONFLICT: the record moved since it was read. Read, decide, retry.
absl::Status VersionConflict(absl::string_view noun);
// STORAGE_FULL: nothing was written; works again once there is room.
absl::Status StorageFull();
// STORAGE_BUSY: another process holds the database.
absl::Status StorageBusy();
// STORAGE_CORRUPT: the file is damaged; nothing was written.
absl::Status StorageCorrupt();
// STORAGE_FOREIGN: a database, or another file, that is not ours, or is newer.
absl::Status StorageForeign(absl::string_view problem);
// STORAGE_FAILED: any other I/O error, by SQLite's number.
absl::Status StorageFailed(int code);
// STORAGE_UNSAFE: others may read the file, or a setting that keeps our promise
// is not accepted; and what to do.
absl::Status StorageUnsafe(absl::string_view problem);
// STORAGE_PATH_INVALID: no such folder, not writable, not a plain file.
absl::Status StoragePathInvalid(absl::string_view problem);
// STORAGE_NOT_INITIALIZED: run `tokenvault init` first.
absl::Status StorageNotInitialized();
// AUDIT_UNAVAILABLE: the leaf could not be made durable, so nothing was given.
absl::Status AuditUnavailable();

// ------------------------------------------------------------ configuration --

// CONFIG_INVALID. `where` is "file:line:column" or a path of keys.
absl::Status ConfigInvalid(absl::string_view where, absl::string_view problem);
// SERVER_UNREACHABLE: the command line found no daemon.
absl::Status ServerUnreachable(absl::string_view address);
// INTERNAL: what must not happen. Says `what` to us; masked at the edge.
absl::Status Internal(absl::string_view what);

}  // namespace errors
}  // namespace tokenvault
