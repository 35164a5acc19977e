#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"
#include "storage/records.h"

namespace tokenvault {

// The kinds of audit leaves. On disk and in scripts: never renamed.
namespace audit_kind {
inline constexpr char kVaultStarted[] = "vault.started";
inline constexpr char kVaultStopped[] = "vault.stopped";
inline constexpr char kVaultSealed[] = "vault.sealed";
inline constexpr char kVaultUnsealed[] = "vault.unsealed";
inline constexpr char kConfigReloaded[] = "config.reloaded";
inline constexpr char kAuditArchived[] = "audit.archived";
inline constexpr char kTokenGranted[] = "token.granted";
inline constexpr char kTokenDenied[] = "token.denied";
inline constexpr char kTokenRejected[] = "token.rejected";
inline constexpr char kConsentAsked[] = "consent.asked";
inline constexpr char kConsentOpened[] = "consent.opened";
inline constexpr char kConsentAllowed[] = "consent.allowed";
inline constexpr char kConsentDenied[] = "consent.denied";
inline constexpr char kConsentCancelled[] = "consent.cancelled";
inline constexpr char kApprovalAsked[] = "approval.asked";
inline constexpr char kApprovalGiven[] = "approval.given";
inline constexpr char kApprovalDenied[] = "approval.denied";
inline constexpr char kApprovalExtended[] = "approval.extended";
inline constexpr char kApprovalRefused[] = "approval.refused";
inline constexpr char kApprovalCancelled[] = "approval.cancelled";
inline constexpr char kSignedIn[] = "person.signed_in";
inline constexpr char kSignInRefused[] = "person.sign_in_refused";
inline constexpr char kConnectConfirmed[] = "connect.confirmed";
inline constexpr char kConnectUserMismatch[] = "connect.user_mismatch";
inline constexpr char kConnectRefused[] = "connect.refused";
inline constexpr char kConnectFailed[] = "connect.failed";
inline constexpr char kConnectionCreated[] = "connection.created";
inline constexpr char kConnectionRenewed[] = "connection.renewed";
inline constexpr char kConnectionReplaced[] = "connection.replaced";
inline constexpr char kConnectionChanged[] = "connection.changed";
inline constexpr char kConnectionRevoked[] = "connection.revoked";
inline constexpr char kUpstreamRevoked[] = "connection.revoked_upstream";
inline constexpr char kRefreshSucceeded[] = "refresh.succeeded";
inline constexpr char kRefreshFailed[] = "refresh.failed";
inline constexpr char kGrantGone[] = "refresh.grant_gone";
inline constexpr char kGrantDoubted[] = "refresh.grant_doubted";
inline constexpr char kKeyRotationStarted[] = "key.rotation_started";
inline constexpr char kKeyActivated[] = "key.activated";
inline constexpr char kKeyRotated[] = "key.rotated";
inline constexpr char kKeyDestroyed[] = "key.destroyed";
inline constexpr char kRootSourceAdded[] = "key.source_added";
inline constexpr char kRootSourceRenewed[] = "key.source_renewed";
inline constexpr char kRootSourceRemoved[] = "key.source_removed";
inline constexpr char kKeyResealStarted[] = "key.reseal_started";
inline constexpr char kKeyResealed[] = "key.resealed";
inline constexpr char kKeyResealFinished[] = "key.reseal_finished";
inline constexpr char kConnectionResealed[] = "connection.resealed";
inline constexpr char kErasureStarted[] = "subject.erasure_started";
inline constexpr char kSubjectShredded[] = "subject.shredded";
inline constexpr char kBackupCreated[] = "backup.created";
inline constexpr char kBackupVerified[] = "backup.verified";
inline constexpr char kBackupForgotten[] = "backup.forgotten";
inline constexpr char kBackupRestored[] = "backup.restored";
inline constexpr char kRestoredStale[] = "connection.restored_stale";
inline constexpr char kRollbackAccepted[] = "vault.rollback_accepted";
inline constexpr char kIncidentRevoked[] = "incident.revoked";
inline constexpr char kIssuanceStopped[] = "issuance.stopped";
inline constexpr char kIssuanceResumed[] = "issuance.resumed";
inline constexpr char kAgentRefused[] = "agent.refused";
inline constexpr char kCallDenied[] = "call.denied";
inline constexpr char kOperatorRefused[] = "operator.refused";
}  // namespace audit_kind

// What happened, in allow-listed fields: there is no field for a token, nor for
// the hash of one. Of people it says their UserId, which the leaf does not:
// there they have a name that is random, and the store alone knows whose it is
// (PersonInLeaf). Empty fields are left out of the leaf.
struct AuditEvent {
  absl::string_view kind;  // one of audit_kind
  TenantId tenant;
  // Who did it: "agents/x", "users/u-…", "operator", "vault".
  std::string actor;
  UserId user;  // whom it concerns
  ProviderId provider;
  ConnectionId connection;
  InteractionId interaction;
  ScopeSet scopes;
  std::string outcome = "ok";  // "ok", "denied", "error"
  std::string reason;          // of docs/errors.md, or an outcome of ours
  std::string rule;            // the policy rule that decided
  std::string token_id;
  std::string request_id;
  // The agent's words: hostile text. Of issuance.*, the operator's.
  std::string purpose;
  std::string detail;      // a short fact of ours, such as "generation 4"
  std::string commitment;  // of the sealed record this event wrote, in hex
  // Until when the token that was handed out is good, as the agent was told.
  absl::Time expires = absl::InfinitePast();  // it was none
};

// A person as who did something: "users/u-…".
std::string ActorOf(const UserId& user);

// An event of `kind` about a connection, done by `actor`.
AuditEvent EventAbout(const Connection& connection, absl::string_view kind,
                      const std::string& actor);

// What a leaf says of a sealed record: the commitment of its envelope, in hex.
std::string LoggedCommitment(absl::string_view sealed);

// The leaf: RFC 8785 canonical JSON (sorted keys, no white space, strings and
// arrays of strings only, so that number formatting never matters). Where it
// names people, the store puts the names in when it commits it.
AuditEntry MakeAuditEntry(const AuditEvent& event, absl::Time now);

// What to answer when a leaf could not be written: RATE_LIMITED while too much
// waits for the disk, which is no fault of it and passes, else
// AUDIT_UNAVAILABLE.
absl::Status NotAudited(const absl::Status& status);

// What a leaf says of a token that does not end by itself.
inline constexpr char kNeverExpires[] = "never";

// `text` as a JSON string of RFC 8785, with quotes. Invalid UTF-8 becomes
// U+FFFD.
void AppendCanonicalString(std::string& out, absl::string_view text);

}  // namespace tokenvault
