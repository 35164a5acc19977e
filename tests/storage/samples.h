#pragma once

#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "storage/records.h"

// Records with a different value in every field, so that two columns that
// change places are seen; and all fields of a record as one comparable value.
namespace tokenvault {

inline constexpr char kTenant[] = "default";

inline absl::Time At(int64_t seconds) {
  return absl::FromUnixSeconds(1'800'000'000 + seconds) + absl::Microseconds(7);
}

// Bytes that are no text, with a zero among them.
inline std::string Bytes(char first) { return {first, '\0', '\xff', '\x01'}; }

inline Deployment SampleDeployment() { return {Bytes('d'), At(1)}; }

inline RootSource SampleRootSource(const std::string& id = "file") {
  return {id, "passphrase", R"({"ops":3})", At(2)};
}

inline Kek SampleKek(uint32_t number = 1, KekState state = KekState::kActive) {
  return {number, Bytes('k'), state,  At(3),  At(4),
          5,      "a proof",  At(16), At(17), At(18)};
}

inline KekWrap SampleKekWrap(uint32_t kek = 1,
                             const std::string& source = "file") {
  return {kek, source, Bytes('w')};
}

inline Dek SampleDek(const std::string& subject = "u-1", uint32_t kek = 1) {
  return {TenantId(kTenant), subject, Bytes('e'), 6, kek, Bytes('f'), At(5), 7};
}

inline SigningKey SampleSigningKey() {
  return {"tokenvault-01", Bytes('p'), Bytes('s'), At(19)};
}

inline BackupRecord SampleBackup(const std::string& id = "b1") {
  return {id, At(20), 2, 3, "/backups/b1", At(21), 4};
}

inline Connection SampleConnection(const std::string& id = "c1") {
  Connection c;
  c.tenant = TenantId(kTenant);
  c.id = ConnectionId(id);
  c.user = UserId("u-1");
  c.provider = ProviderId("google");
  c.account_id = "1234";
  c.account_label = "ana@example.com";
  c.state = ConnectionState::kNeedsReconnect;
  c.state_reason = "GRANT_GONE";
  c.paused = true;
  c.granted_scopes = {"mail.read", "calendar"};
  c.sealed_refresh_token = Bytes('r');
  c.generation = 8;
  c.lease_owner = "node-1";
  c.lease_epoch = 9;
  c.lease_until = At(6);
  c.refresh_phase = RefreshPhase::kUnknown;
  c.landing_slot = 3;
  c.refresh_sent_time = At(5);
  c.create_time = At(7);
  c.last_refresh_time = At(8);
  c.access_end_time = At(9);
  c.endpoint_hints = {{"api_domain", "https://a=b.example"}, {"realmId", "7"}};
  c.version = 10;
  c.issuer = "https://accounts.google.com";
  c.first_agent = AgentId("bot");
  return c;
}

inline AgentGrant SampleGrant(const std::string& connection = "c1",
                              const std::string& agent = "bot") {
  return {TenantId(kTenant),
          ConnectionId(connection),
          AgentId(agent),
          {"calendar", "mail.read"},
          At(10),
          At(11),
          At(12),
          13,
          "offsite-7"};
}

inline Interaction SampleInteraction(const std::string& id = "i1") {
  Interaction i;
  i.tenant = TenantId(kTenant);
  i.id = InteractionId(id);
  i.kind = InteractionKind::kStepUp;
  i.state = InteractionState::kPending;
  i.agent = AgentId("bot");
  i.user = UserId("u-1");
  i.provider = ProviderId("google");
  i.connection = ConnectionId("c1");
  i.scopes = {"a", "b"};
  i.missing_scopes = {"b"};
  i.link_hash = Bytes('l') + id;
  i.user_code = "WDJB-MJHT";
  i.purpose = "to read \xc3\xa9 'quoted' mail";
  i.return_uri = "https://agent.example/back";
  i.denial_reason = "later";
  i.create_time = At(14);
  i.expire_time = At(1000);
  i.version = 16;
  i.optional_scopes = {"c"};
  i.task_id = "offsite-7";
  i.confirmer = AgentId("portal");
  i.browser_hash = std::string("\x00\x2f", 2);
  return i;
}

// Of SampleInteraction(id).
inline Approval SampleApproval(const std::string& id = "i1") {
  Approval a;
  a.tenant = TenantId(kTenant);
  a.id = InteractionId(id);
  a.agent = AgentId("bot");
  a.user = UserId("u-1");
  a.provider = ProviderId("google");
  a.connection = ConnectionId("c1");
  a.request_hash = Bytes('q');
  a.resource = "https://api.example/box";
  a.max_lifetime = absl::Minutes(30);
  a.details = R"([{"type":"email.send"}])";
  a.task_id = "offsite-7";
  a.rule = "writes-ask";
  a.quiet = true;
  a.reach = ApprovalReach::kTask;
  a.decided_by = UserId("u-2");
  a.decided_how = "page";
  a.decide_time = At(15);
  a.end_time = At(1001);
  a.extensions = 1;
  a.create_time = At(14);
  a.version = 17;
  return a;
}

inline Notice SampleNotice(const std::string& id = "i1") {
  return {TenantId(kTenant),
          InteractionId(id),
          "email",
          "ana@example.com",
          At(30),
          2,
          18};
}

inline Stop SampleStop() {
  return {StopKind::kAgent, TenantId(kTenant), "bot", "odd calls", At(31)};
}

inline OAuthFlow SampleFlow(const std::string& hash = "f1") {
  OAuthFlow f;
  f.state_hash = Bytes('s') + hash;
  f.tenant = TenantId(kTenant);
  f.kind = FlowKind::kLogin;
  f.state = FlowState::kReturned;
  f.interaction = InteractionId("i1");
  f.provider = ProviderId("google");
  f.context = "google";
  f.cookie_hash = Bytes('c');
  f.session_hash = Bytes('b');
  f.sealed_verifier = Bytes('v');
  f.other_account = ConnectionId("c2");
  f.scopes = {"a"};
  f.access_end_time = At(17);
  f.create_time = At(18);
  f.expire_time = At(19);
  f.version = 20;
  f.issuer = "https://accounts.google.com";
  f.optional_scopes = {"b"};
  f.task_id = "offsite-7";
  f.code_held = true;
  return f;
}

inline WebSession SampleSession(const std::string& hash = "w1") {
  return {Bytes('h') + hash,
          TenantId(kTenant),
          UserId("u-1"),
          "Ana",
          At(21),
          At(22),
          At(23),
          At(24),
          25,
          {"staff", "on call"},
          "mfa"};
}

inline AuditEntry SampleEntry(const std::string& leaf = "{}") {
  return {0, TenantId(kTenant), At(26), "token.granted", leaf};
}

inline auto Fields(const Deployment& d) {
  return std::make_tuple(d.id, d.create_time);
}
inline auto Fields(const RootSource& s) {
  return std::make_tuple(s.id, s.kind, s.params, s.create_time);
}
inline auto Fields(const Kek& k) {
  return std::make_tuple(k.version_number, k.key_id, k.state, k.create_time,
                         k.activate_time, k.version, k.proof, k.prove_time,
                         k.retire_time, k.destroy_time);
}
inline auto Fields(const KekWrap& w) {
  return std::make_tuple(w.kek_version, w.source_id, w.wrapped);
}
inline auto Fields(const Dek& d) {
  return std::make_tuple(d.tenant, d.subject, d.dek_id, d.generation,
                         d.kek_version, d.wrapped, d.create_time, d.version);
}
inline auto Fields(const BackupRecord& b) {
  return std::make_tuple(b.id, b.create_time, b.lowest_kek_version,
                         b.highest_kek_version, b.location, b.verify_time,
                         b.version);
}
inline auto Fields(const SigningKey& k) {
  return std::make_tuple(k.name, k.public_key, k.sealed_seed, k.create_time);
}
inline auto Fields(const Connection& c) {
  return std::make_tuple(c.tenant, c.id, c.user, c.provider, c.account_id,
                         c.account_label, c.state, c.state_reason, c.paused,
                         c.granted_scopes, c.sealed_refresh_token, c.generation,
                         c.lease_owner, c.lease_epoch, c.lease_until,
                         c.refresh_phase, c.landing_slot, c.refresh_sent_time,
                         c.create_time, c.last_refresh_time, c.access_end_time,
                         c.endpoint_hints, c.version, c.issuer, c.first_agent);
}
inline auto Fields(const AgentGrant& g) {
  return std::make_tuple(g.tenant, g.connection, g.agent, g.scopes,
                         g.create_time, g.end_time, g.last_use_time, g.version,
                         g.task_id);
}
inline auto Fields(const Interaction& i) {
  return std::make_tuple(
      i.tenant, i.id, i.kind, i.state, i.agent, i.user, i.provider,
      i.connection, i.scopes, i.missing_scopes, i.link_hash, i.user_code,
      i.purpose, i.return_uri, i.denial_reason, i.create_time, i.expire_time,
      i.version, i.optional_scopes, i.task_id, i.confirmer, i.browser_hash);
}
inline auto Fields(const Approval& a) {
  return std::make_tuple(a.tenant, a.id, a.agent, a.user, a.provider,
                         a.connection, a.request_hash, a.resource,
                         a.max_lifetime, a.details, a.task_id, a.rule, a.quiet,
                         a.reach, a.decided_by, a.decided_how, a.decide_time,
                         a.end_time, a.extensions, a.create_time, a.version);
}
inline auto Fields(const Notice& n) {
  return std::make_tuple(n.tenant, n.approval, n.channel, n.address, n.next_try,
                         n.tries, n.version);
}
inline auto Fields(const PolicyUse& u) {
  return std::make_tuple(u.tenant, u.rule, u.agent, u.user, u.window_start,
                         u.used);
}
inline auto Fields(const Stop& s) {
  return std::make_tuple(s.kind, s.tenant, s.name, s.why, s.create_time);
}
inline auto Fields(const OAuthFlow& f) {
  return std::make_tuple(f.state_hash, f.tenant, f.kind, f.state, f.interaction,
                         f.provider, f.context, f.cookie_hash, f.session_hash,
                         f.sealed_verifier, f.other_account, f.scopes,
                         f.access_end_time, f.create_time, f.expire_time,
                         f.version, f.issuer, f.optional_scopes, f.task_id,
                         f.code_held);
}
inline auto Fields(const WebSession& s) {
  return std::make_tuple(s.id_hash, s.tenant, s.user, s.display_name,
                         s.auth_time, s.create_time, s.idle_expire_time,
                         s.expire_time, s.version, s.groups, s.acr);
}
inline auto Fields(const AuditEntry& e) {
  return std::make_tuple(e.sequence, e.tenant, e.time, e.kind, e.leaf);
}

}  // namespace tokenvault
