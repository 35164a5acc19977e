#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"

// What is kept. Plain values; every secret in them is sealed before it comes
// here (TKV1 envelopes, docs/sealed-format.md), so a dump, a log or a bug of
// this floor cannot hold a token.
//
// Two rules hold for every record:
//  1. It names its tenant, except what belongs to the deployment as a whole
//     (keys, root sources), and what a browser finds by an unguessable id of
//     which we keep only a keyed hash (then the row says the tenant).
//  2. What changes carries `version`: what the reader saw. An update applies
//     only if the row still has that version, and leaves version + 1.
//
// Times are UTC with microseconds; InfiniteFuture means never.
namespace tokenvault {

// ------------------------------------------------------------------- keys --

// Written once by `tokenvault init`.
struct Deployment {
  std::string id;  // 16 random bytes, bound into every envelope
  absl::Time create_time;
};

// A way to open the master keys. `params` is JSON for that kind: the Argon2id
// salt and cost, or a root key that a token has encrypted. Where the file or
// the token is, the configuration says: who can write here could otherwise send
// us to another.
struct RootSource {
  std::string id;    // "file", "hsm": bound into the wrap as root_source
  std::string kind;  // "file" | "passphrase" | "pkcs11"
  std::string params;
  absl::Time create_time;
};

// The life of a master key version. Values are on disk: never renumber.
//
//   kPending ──▶ kActive ──▶ kDecryptOnly ──▶ kRetired ──▶ kDestroyed
//
// Exactly one version is kActive; the schema enforces it. A retired key is no
// longer opened, but its wraps are kept for backups of its time; a destroyed
// one has none.
enum class KekState {
  kPending = 1,
  kActive = 2,
  kDecryptOnly = 3,
  kRetired = 4,
  kDestroyed = 5
};

struct Kek {
  uint32_t version_number = 0;  // 1, 2, …
  std::string key_id;           // 16 bytes
  KekState state = KekState::kPending;
  absl::Time create_time;
  absl::Time activate_time = absl::InfiniteFuture();
  uint64_t version = 0;
  // That no data key is wrapped by an older version: a signed note, "" until it
  // was proved (vault/rotation_proof.h).
  std::string proof;
  absl::Time prove_time = absl::InfiniteFuture();
  absl::Time retire_time = absl::InfiniteFuture();
  absl::Time destroy_time = absl::InfiniteFuture();
};

// A master key, wrapped by one root source. Every version has at least one.
struct KekWrap {
  uint32_t kek_version = 0;
  std::string source_id;
  std::string wrapped;  // TKV1 object 03
};

// A data key: one per (tenant, subject). The system's own has both empty.
struct Dek {
  TenantId tenant;
  std::string subject;  // a UserId, or "" for the tenant's own
  std::string dek_id;   // 16 bytes
  uint32_t generation = 1;
  uint32_t kek_version = 0;
  std::string wrapped;  // TKV1 object 02
  absl::Time create_time;
  uint64_t version = 0;
};

// Signs proofs and the audit log: Ed25519. There is one.
struct SigningKey {
  std::string name;        // of a signed note: "tokenvault-6f1a…"
  std::string public_key;  // 32 bytes
  std::string sealed_seed;
  absl::Time create_time;
};

// A backup that was made of this vault, for as long as its file may be
// somewhere.
struct BackupRecord {
  std::string id;  // a ULID
  absl::Time create_time;
  // Opening it needs these master keys, and those between them.
  uint32_t lowest_kek_version = 0;
  uint32_t highest_kek_version = 0;
  std::string location;  // where it was written: an absolute path
  absl::Time verify_time = absl::InfiniteFuture();  // last, and it was good
  uint64_t version = 0;
};

// ------------------------------------------------------------ connections --

// Values are on disk: never renumber.
//
//   kActive ──invalid_grant──▶ kNeedsReconnect ──consent──▶ kActive
//      └────────── revoke ─────────▶ kRevoked ◀─── revoke ─────┘
//
// Paused is a flag beside the state, so that pausing forgets nothing.
enum class ConnectionState { kActive = 1, kNeedsReconnect = 2, kRevoked = 3 };

// Whether an answer of the provider may have got lost. Values are on disk:
// never renumber.
//
//   kNone ──lease──▶ kMaybeSent ──answer, committed──▶ kNone
//                       └─ no answer ──▶ kUnknown ──next lease──▶ kMaybeSent
//
// Found at start, kMaybeSent is a refresh that was interrupted: what the
// provider said is in the landing slot, or nobody knows.
enum class RefreshPhase { kNone = 1, kMaybeSent = 2, kUnknown = 3 };

struct Connection {
  TenantId tenant;
  ConnectionId id;
  UserId user;
  ProviderId provider;

  std::string account_id;     // the provider's own stable id; "" if it has none
  std::string account_label;  // what people read: "ana@example.com"
  ConnectionState state = ConnectionState::kActive;
  std::string state_reason;  // "" or a reason of docs/errors.md
  bool paused = false;
  ScopeSet granted_scopes;  // what the refresh token can do at most

  std::string sealed_refresh_token;  // "" once revoked, or if there is none
  uint64_t generation = 0;  // of the refresh token; bound into its envelope

  // Which process refreshes, and until when it means to be done: for whoever
  // looks at a row. What counts is the epoch: it grows with every lease, so a
  // late owner's commit finds it moved.
  std::string lease_owner;
  uint64_t lease_epoch = 0;
  absl::Time lease_until = absl::InfinitePast();
  // Durable before the provider is called, with the lease.
  RefreshPhase refresh_phase = RefreshPhase::kNone;
  uint64_t landing_slot = 0;  // where the answer is put first; 0: nowhere
  absl::Time refresh_sent_time = absl::InfinitePast();

  absl::Time create_time;
  absl::Time last_refresh_time = absl::InfinitePast();
  absl::Time access_end_time = absl::InfiniteFuture();  // the person's choice
  // What the provider said besides, such as where its API is: for agents, and
  // for the next refresh. Not secret. No name has a '=', no value a line end.
  std::map<std::string, std::string> endpoint_hints;
  uint64_t version = 0;
  // The authorization server that gave the grant, where it is found by
  // metadata;
  // "" elsewhere. No other is ever shown the refresh token.
  std::string issuer;
  AgentId first_agent;  // for which it was first connected; "" if not kept
};

// What a person let one agent do with one connection.
struct AgentGrant {
  TenantId tenant;
  ConnectionId connection;
  AgentId agent;
  ScopeSet scopes;
  absl::Time create_time;
  absl::Time end_time = absl::InfiniteFuture();
  absl::Time last_use_time = absl::InfinitePast();  // to within a minute
  uint64_t version = 0;
  // The agent's own id of the task that it was let in for; "" for any.
  std::string task_id;
};

// ---------------------------------------------------------------- browsers --

// Values are on disk and in the API: never renumber.
enum class InteractionKind {
  kConsent = 1,
  kReconnect = 2,
  kStepUp = 3,
  kApproval = 4  // then there is an Approval of the same id
};
enum class InteractionState {
  kPending = 1,
  kCompleted = 2,
  kDenied = 3,
  kExpired = 4,
  kCancelled = 5,
  kRefused = 6,  // burnt by a failed check, such as another person's browser
};

// A question to a person, and its link.
struct Interaction {
  TenantId tenant;
  InteractionId id;
  InteractionKind kind = InteractionKind::kConsent;
  InteractionState state = InteractionState::kPending;
  AgentId agent;
  UserId user;  // who must answer
  ProviderId provider;
  ConnectionId connection;  // which to reconnect; then which it became
  ScopeSet scopes;          // asked for, as the provider names them
  ScopeSet missing_scopes;
  std::string link_hash;  // keyed hash of the link's 256-bit id
  std::string user_code;  // "WDJB-MJHT"
  std::string purpose;    // written by the agent: hostile text
  std::string return_uri;
  std::string denial_reason;
  absl::Time create_time;
  absl::Time expire_time;
  uint64_t version = 0;
  ScopeSet optional_scopes;  // asked for besides; the person may leave them out
  std::string task_id;       // the agent's own id of what it works on
  // The agent that says who came back, in the place of a sign-in here; "" where
  // people sign in.
  AgentId confirmer;
  // With a confirmer: keyed hash of the cookie of the browser that opened the
  // link first; "" before.
  std::string browser_hash;
};

// A round trip of a browser through an authorization server: to sign in, or to
// connect an account. Values are on disk: never renumber.
enum class FlowKind { kLogin = 1, kConnect = 2 };
enum class FlowState { kRedirected = 1, kReturned = 2 };

struct OAuthFlow {
  std::string state_hash;  // keyed hash of `state`; the key of this record
  TenantId tenant;
  FlowKind kind = FlowKind::kConnect;
  FlowState state = FlowState::kRedirected;
  InteractionId interaction;  // what the browser came for; "" when none
  ProviderId provider;        // kConnect only
  std::string context;        // the <ctx> of /cb/<ctx>
  std::string cookie_hash;    // keyed hash of the flow cookie's secret
  // kConnect: the session that pressed the button; "" where nobody signs in.
  std::string session_hash;
  std::string sealed_verifier;
  // What it connected, when that is another account than the question is about
  // and waits for the person's word; "" otherwise.
  ConnectionId other_account;
  ScopeSet scopes;
  absl::Time access_end_time = absl::InfiniteFuture();  // as chosen on the page
  absl::Time create_time;
  absl::Time expire_time;
  uint64_t version = 0;
  // kConnect: the authorization server that the browser was last sent to, where
  // it is found by metadata. No other gets the code.
  std::string issuer;
  // kConnect: what the person chose beside the end of access.
  ScopeSet optional_scopes;  // given of those that were offered
  std::string task_id;       // "" for access that no task binds
  // kConnect: the code is sealed with the verifier, until the application has
  // said who came back with it, or `expire_time`.
  bool code_held = false;
};

// A signed-in browser.
struct WebSession {
  std::string id_hash;  // keyed hash of the cookie; the key of this record
  TenantId tenant;
  UserId user;
  std::string display_name;  // from the identity provider: hostile text
  absl::Time auth_time;
  absl::Time create_time;
  absl::Time idle_expire_time;
  absl::Time expire_time;  // absolute
  uint64_t version = 0;
  std::vector<std::string> groups;  // as the identity provider claims
  std::string acr;                  // how they signed in, as it says
};

// --------------------------------------------------------------- approvals --

// How far a yes goes. Values are on disk: never renumber.
enum class ApprovalReach {
  kNone = 1,  // nobody said yes
  kOnce = 2,  // one token
  kTask = 3,  // what has the same task_id
  kHour = 4
};

// What a person approves, besides its interaction of the same id, which has the
// link, the code and the state. Gone with that.
//
//   asked ──yes──▶ usable until end_time ──spent (kOnce)──▶ end_time is passed
//     └──no──▶ denied: end_time says until when it is not asked again
struct Approval {
  TenantId tenant;
  InteractionId id;
  AgentId agent;
  UserId user;  // whose account it is; not always who decides
  ProviderId provider;
  ConnectionId connection;
  // What request it is good for: a hash over the canonical form of all that a
  // person says yes to (vault/approval_request.h).
  std::string request_hash;
  std::string resource;
  absl::Duration max_lifetime;  // of a token; zero when policy sets none
  std::string details;  // canonical JSON: what the agent says it will do
  std::string task_id;
  std::string rule;    // the policy rules that ask, with commas between
  bool quiet = false;  // one of many in a minute: nobody is told of it alone
  ApprovalReach reach = ApprovalReach::kNone;
  UserId decided_by;
  std::string decided_how;  // "page", "agents/slack-bridge"
  absl::Time decide_time = absl::InfiniteFuture();
  absl::Time end_time = absl::InfinitePast();
  uint32_t extensions = 0;  // how often more time was asked for
  absl::Time create_time;
  uint64_t version = 0;
};

// An approval and its question.
struct AskedApproval {
  Interaction question;
  Approval approval;
};

// Word of an approval that has to reach an approver: kept until it did, or
// until nothing can be decided any more. Gone with the approval.
struct Notice {
  TenantId tenant;
  InteractionId approval;
  std::string channel;  // "webhook", "email"
  std::string address;  // of an e-mail; "" else
  absl::Time next_try;
  uint32_t tries = 0;
  uint64_t version = 0;
};

// ------------------------------------------------------------------ policy --

// Tokens that were handed out under a rule with a budget, in its last window.
struct PolicyUse {
  TenantId tenant;
  std::string rule;
  AgentId agent;  // or "", as the rule counts
  UserId user;
  absl::Time window_start;
  int64_t used = 0;
};

// What an operator stopped. Values are on disk: never renumber.
enum class StopKind {
  kVault = 1,  // everything; `tenant` and `name` are empty
  kAgent = 2,
  kUser = 3,
  kConnection = 4,
  kProvider = 5  // in every tenant: `tenant` is empty
};

struct Stop {
  StopKind kind = StopKind::kVault;
  TenantId tenant;
  std::string name;  // the id of what is stopped
  std::string why;   // the operator's words
  absl::Time create_time;
};

// ------------------------------------------------------------------- audit --

// Where a leaf names a person: as an earlier leaf called them, which the store
// remembers until they are erased, or by what `draw_name` says.
struct PersonInLeaf {
  size_t offset = 0;  // in the leaf
  UserId user;
  std::function<std::string()> draw_name;  // "p-…", at random each time
};

// One leaf of the audit log. `sequence` is given by the store when it commits:
// 1, 2, … without gaps.
struct AuditEntry {
  uint64_t sequence = 0;
  TenantId tenant;  // "" for what concerns the deployment
  absl::Time time;
  std::string kind;  // "token.granted"; vault/audit_events.h lists them
  std::string leaf;  // canonical JSON
  // Whom to name in it, by rising offset; empty once it is committed. The leaf
  // says nothing else of them.
  std::vector<PersonInLeaf> people = {};
};

// A row of the Merkle tree over the log: the hashes of the children of one node
// eight levels up, as far as they are there. On level 0 they are leaves, on
// level 1 nodes of 256 leaves, and so on.
struct AuditTile {
  static constexpr int kLevels = 8;
  static constexpr size_t kMostHashes = 256;

  int level = 0;
  uint64_t index = 0;  // counts the rows of a level
  std::string hashes;  // 32 bytes each
  uint64_t version = 0;
};

// The log at one time, signed (docs/audit-format.md).
struct AuditCheckpoint {
  uint64_t size = 0;  // leaves
  absl::Time time;
  std::string note;  // with the signatures of witnesses that came since
  uint64_t version = 0;
};

// Leaves that are no longer in the log but in a file of its exports; but for
// those that say what a sealed record of now must be, which stay.
struct AuditArchive {
  uint64_t first = 0;
  uint64_t last = 0;
  absl::Time time;
  std::string location;  // an absolute path
};

// The newest checkpoint that a witness of ours has.
struct WitnessedCheckpoint {
  std::string witness;  // its id in the configuration
  uint64_t size = 0;
  absl::Time time;
  std::string note;  // with its own signature, if it gives one
  uint64_t version = 0;
};

}  // namespace tokenvault
