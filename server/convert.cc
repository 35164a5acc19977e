#include "server/convert.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "oauth/provider_words.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

// For callers that cannot wait with WaitInteraction.
constexpr absl::Duration kPollInterval = absl::Seconds(5);

v1::Interaction::Kind ToProto(InteractionKind kind) {
  switch (kind) {
    case InteractionKind::kConsent:
      return v1::Interaction::KIND_CONSENT;
    case InteractionKind::kReconnect:
      return v1::Interaction::KIND_RECONNECT;
    case InteractionKind::kStepUp:
      return v1::Interaction::KIND_STEP_UP;
    case InteractionKind::kApproval:
      return v1::Interaction::KIND_APPROVAL;
  }
  return v1::Interaction::KIND_UNSPECIFIED;
}

v1::Connection::State StateOf(const Connection& connection) {
  switch (connection.state) {
    case ConnectionState::kRevoked:
      return v1::Connection::STATE_REVOKED;
    case ConnectionState::kNeedsReconnect:
      return v1::Connection::STATE_NEEDS_RECONNECT;
    case ConnectionState::kActive:
      return connection.paused ? v1::Connection::STATE_PAUSED
                               : v1::Connection::STATE_ACTIVE;
  }
  return v1::Connection::STATE_UNSPECIFIED;
}

std::string Sentence(InteractionKind kind, const InteractionWords& words) {
  switch (kind) {
    case InteractionKind::kConsent:
      return absl::StrCat(words.agent, " asks to use your ", words.provider,
                          " account. Open the link to decide.");
    case InteractionKind::kReconnect:
      return absl::StrCat(words.provider,
                          " ended the connection. Open the link to let ",
                          words.agent, " use it again.");
    case InteractionKind::kStepUp:
      return absl::StrCat(words.agent, " asks to do more with your ",
                          words.provider,
                          " account than before. Open the link to decide.");
    case InteractionKind::kApproval:
      return absl::StrCat(words.agent, " asks to do something with your ",
                          words.provider,
                          " account. Answer where such requests reach you.");
  }
  return "";
}

template <typename Range>
void Fill(const Range& from,
          google::protobuf::RepeatedPtrField<std::string>* to) {
  for (const std::string& value : from) to->Add(std::string(value));
}

// InfinitePast and InfiniteFuture stand for "never" and are left out.
bool IsSet(absl::Time time) {
  return time != absl::InfinitePast() && time != absl::InfiniteFuture();
}

v1::Operation::Phase ToProto(Operation::Phase phase) {
  switch (phase) {
    case Operation::Phase::kNone:
      return v1::Operation::PHASE_UNSPECIFIED;
    case Operation::Phase::kRewrapping:
      return v1::Operation::PHASE_REWRAPPING;
    case Operation::Phase::kProving:
      return v1::Operation::PHASE_PROVING;
    case Operation::Phase::kVerifying:
      return v1::Operation::PHASE_VERIFYING;
    case Operation::Phase::kRevoking:
      return v1::Operation::PHASE_REVOKING;
    case Operation::Phase::kErasing:
      return v1::Operation::PHASE_ERASING;
    case Operation::Phase::kScrubbing:
      return v1::Operation::PHASE_SCRUBBING;
    case Operation::Phase::kResealing:
      return v1::Operation::PHASE_RESEALING;
    case Operation::Phase::kCopying:
      return v1::Operation::PHASE_COPYING;
    case Operation::Phase::kWriting:
      return v1::Operation::PHASE_WRITING;
    case Operation::Phase::kReading:
      return v1::Operation::PHASE_READING;
    case Operation::Phase::kCheckingLog:
      return v1::Operation::PHASE_CHECKING_LOG;
    case Operation::Phase::kArchiving:
      return v1::Operation::PHASE_ARCHIVING;
  }
  return v1::Operation::PHASE_UNSPECIFIED;
}

v1::MasterKey::State ToProto(KekState state) {
  switch (state) {
    case KekState::kPending:
      return v1::MasterKey::STATE_PENDING;
    case KekState::kActive:
      return v1::MasterKey::STATE_ACTIVE;
    case KekState::kDecryptOnly:
      return v1::MasterKey::STATE_DECRYPT_ONLY;
    case KekState::kRetired:
      return v1::MasterKey::STATE_RETIRED;
    case KekState::kDestroyed:
      return v1::MasterKey::STATE_DESTROYED;
  }
  return v1::MasterKey::STATE_UNSPECIFIED;
}

}  // namespace

v1::Interaction::State ToProto(InteractionState state) {
  switch (state) {
    case InteractionState::kPending:
      return v1::Interaction::STATE_PENDING;
    case InteractionState::kCompleted:
      return v1::Interaction::STATE_COMPLETED;
    case InteractionState::kDenied:
      return v1::Interaction::STATE_DENIED;
    case InteractionState::kExpired:
      return v1::Interaction::STATE_EXPIRED;
    case InteractionState::kCancelled:
      return v1::Interaction::STATE_CANCELLED;
    case InteractionState::kRefused:
      return v1::Interaction::STATE_REFUSED;
  }
  return v1::Interaction::STATE_UNSPECIFIED;
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(
      (time - absl::FromUnixSeconds(seconds)) / absl::Nanoseconds(1)));
  return timestamp;
}

google::protobuf::Duration ToDuration(absl::Duration duration) {
  google::protobuf::Duration message;
  absl::Duration rest;
  message.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  message.set_nanos(static_cast<int32_t>(rest / absl::Nanoseconds(1)));
  return message;
}

absl::Duration FromDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

v1::Interaction ToProto(const AskedQuestion& asked,
                        const InteractionWords& words) {
  const Interaction& interaction = asked.interaction;
  v1::Interaction message;
  message.set_name(InteractionName(interaction.id));
  message.set_kind(ToProto(interaction.kind));
  message.set_state(ToProto(interaction.state));
  message.set_url(asked.url);
  message.set_user_code(interaction.user_code);
  Fill(interaction.missing_scopes, message.mutable_missing_scopes());
  *message.mutable_expire_time() = ToTimestamp(interaction.expire_time);
  message.set_denial_reason(interaction.denial_reason);
  if (interaction.state == InteractionState::kPending) {
    message.set_message(Sentence(interaction.kind, words));
    *message.mutable_poll_interval() = ToDuration(kPollInterval);
  }
  return message;
}

v1::ScopedToken ToProto(const IssuedToken& issued, absl::Time now) {
  const AccessToken& token = *issued.token;
  v1::ScopedToken message;
  message.set_access_token(std::string(token.value.Reveal()));
  message.set_token_type(token.type);
  message.set_token_id(token.token_id);
  *message.mutable_expire_time() = ToTimestamp(token.expire_time);
  *message.mutable_usable_for() =
      ToDuration(std::max(token.expire_time - now, absl::ZeroDuration()));
  Fill(token.scopes, message.mutable_granted_scopes());
  message.set_scope_enforcement(
      static_cast<v1::ScopeEnforcement>(issued.enforcement));
  const Connection& connection = *issued.connection;
  message.set_connection(ConnectionName(connection.user, connection.id));
  message.set_account_label(connection.account_label);
  for (const auto& [name, value] : token.endpoint_hints) {
    (*message.mutable_endpoint_hints())[name] = value;
  }
  return message;
}

v1::Connection ToProto(const ConnectionView& view) {
  const Connection& connection = view.connection;
  v1::Connection message;
  message.set_name(ConnectionName(connection.user, connection.id));
  message.set_provider(ProviderName(connection.provider));
  message.set_account_label(connection.account_label);
  message.set_state(StateOf(connection));
  Fill(connection.granted_scopes, message.mutable_granted_scopes());
  absl::Time last_use = absl::InfinitePast();
  for (const AgentGrant& grant : view.grants) {
    v1::AgentAccess* access = message.add_agents();
    access->set_agent(AgentName(grant.agent));
    Fill(grant.scopes, access->mutable_scopes());
    if (IsSet(grant.end_time)) {
      *access->mutable_end_time() = ToTimestamp(grant.end_time);
    }
    if (IsSet(grant.last_use_time)) {
      *access->mutable_last_use_time() = ToTimestamp(grant.last_use_time);
      last_use = std::max(last_use, grant.last_use_time);
    }
  }
  *message.mutable_create_time() = ToTimestamp(connection.create_time);
  if (IsSet(last_use)) {
    *message.mutable_last_use_time() = ToTimestamp(last_use);
  }
  if (IsSet(connection.last_refresh_time)) {
    *message.mutable_last_refresh_time() =
        ToTimestamp(connection.last_refresh_time);
  }
  if (IsSet(connection.access_end_time)) {
    *message.mutable_access_end_time() =
        ToTimestamp(connection.access_end_time);
  }
  message.set_state_reason(connection.state_reason);
  message.set_paused(connection.paused);
  message.set_etag(EtagOf(connection));
  return message;
}

v1::Backup ToProto(const BackupRecord& backup) {
  v1::Backup message;
  message.set_name(BackupName(backup.id));
  *message.mutable_create_time() = ToTimestamp(backup.create_time);
  message.set_location(backup.location);
  message.set_lowest_key_generation(backup.lowest_kek_version);
  message.set_highest_key_generation(backup.highest_kek_version);
  if (IsSet(backup.verify_time)) {
    *message.mutable_verify_time() = ToTimestamp(backup.verify_time);
  }
  return message;
}

v1::AuditArchive ToProto(const AuditArchive& archive) {
  v1::AuditArchive message;
  message.set_first(AuditEventName(archive.first));
  message.set_last(AuditEventName(archive.last));
  message.set_location(archive.location);
  if (IsSet(archive.time)) *message.mutable_time() = ToTimestamp(archive.time);
  return message;
}

v1::Operation ToProto(const Operation::Progress& progress) {
  v1::Operation message;
  message.set_name(absl::StrCat("operations/", progress.id));
  message.set_done(progress.done);
  message.set_rows_done(progress.rows_done);
  message.set_rows_total(progress.rows_total);
  message.set_key_generation(progress.key_version);
  message.set_phase(ToProto(progress.phase));
  message.set_data_keys_rewrapped(progress.data_keys_rewrapped);
  message.set_data_keys_opened(progress.data_keys_opened);
  message.set_records_opened(progress.records_opened);
  message.set_broken_count(progress.broken_count);
  Fill(progress.broken, message.mutable_broken());
  const bool erases = progress.phase == Operation::Phase::kErasing ||
                      progress.phase == Operation::Phase::kScrubbing;
  if (erases || progress.phase == Operation::Phase::kRevoking) {
    v1::Revocations& counts = *message.mutable_revocations();
    counts.set_ended(progress.revocations.ended);
    counts.set_confirmed(progress.revocations.confirmed);
    counts.set_pending(progress.revocations.pending);
    counts.set_unsupported(progress.revocations.unsupported);
    counts.set_failed(progress.revocations.failed);
    Fill(progress.revocations.by_hand, counts.mutable_by_hand());
  }
  if (erases) {
    v1::Erased& erased = *message.mutable_erased();
    erased.set_people(progress.people_erased);
    erased.set_connections(progress.erased.connections);
    erased.set_agent_grants(progress.erased.agent_grants);
    erased.set_interactions(progress.erased.interactions);
    erased.set_web_sessions(progress.erased.web_sessions);
  }
  if (progress.phase == Operation::Phase::kResealing) {
    v1::Resealed& resealed = *message.mutable_resealed();
    resealed.set_data_keys(progress.data_keys_replaced);
    resealed.set_records(progress.records_resealed);
    Fill(progress.left_over, resealed.mutable_left_over());
  }
  if (progress.backup.has_value()) {
    *message.mutable_backup() = ToProto(*progress.backup);
  }
  if (progress.phase == Operation::Phase::kCheckingLog) {
    message.set_checkpoints_checked(progress.checkpoints_checked);
  }
  if (progress.archive.has_value()) {
    *message.mutable_archive() = ToProto(*progress.archive);
  }
  if (!progress.problem.empty()) message.set_problem(progress.problem);
  if (progress.audit_sequence > 0) {
    message.set_audit_event(AuditEventName(progress.audit_sequence));
  }
  if (progress.cancelled) {
    message.set_error_reason("CANCELLED");
  } else if (!progress.result.ok()) {
    message.set_error_reason(ReasonOf(progress.result));
  }
  return message;
}

v1::MasterKey ToProto(const Kek& key) {
  v1::MasterKey message;
  message.set_generation(key.version_number);
  message.set_state(ToProto(key.state));
  message.set_proof(key.proof);
  *message.mutable_create_time() = ToTimestamp(key.create_time);
  if (IsSet(key.activate_time)) {
    *message.mutable_activate_time() = ToTimestamp(key.activate_time);
  }
  if (IsSet(key.prove_time)) {
    *message.mutable_prove_time() = ToTimestamp(key.prove_time);
  }
  if (IsSet(key.retire_time)) {
    *message.mutable_retire_time() = ToTimestamp(key.retire_time);
  }
  if (IsSet(key.destroy_time)) {
    *message.mutable_destroy_time() = ToTimestamp(key.destroy_time);
  }
  return message;
}

v1::MasterKey ToProto(const KeyRotation::KeyInfo& info) {
  v1::MasterKey message = ToProto(info.key);
  message.set_data_keys(info.data_keys);
  Fill(info.sources, message.mutable_root_sources());
  return message;
}

v1::Provider ToProto(const Provider& provider,
                     const std::string& redirect_uri) {
  v1::Provider message;
  message.set_name(ProviderName(provider.id));
  message.set_display_name(provider.display_name);
  message.set_preset(provider.preset);
  message.set_rotates_refresh_token(provider.rotation != Rotation::kNone);
  message.set_narrows_scope(provider.narrowing != Narrowing::kNone);
  message.set_enabled(provider.enabled);
  message.set_refresh_invalidates_access_token(
      provider.refresh_invalidates_access_token);
  if (!provider.facts.empty()) {
    message.set_source(provider.facts.front().source);
  }
  message.set_verified_on(VerifiedOn(provider.facts));
  message.set_authorize_url(provider.authorize_url);
  message.set_token_url(provider.token_url);
  message.set_revocation(
      std::string(RevocationName(provider.revocation_style)));
  message.set_revocation_manual_url(provider.revocation_manual_url);
  message.set_tier(std::string(TierName(provider.tier)));
  message.set_narrowing(std::string(NarrowingName(provider.narrowing)));
  message.set_rotation(std::string(RotationName(provider.rotation)));
  message.set_expires_source(
      std::string(ExpirySourceName(provider.expires_source)));
  *message.mutable_default_lifetime() = ToDuration(provider.expires_default);
  if (provider.refresh_inactivity > absl::ZeroDuration()) {
    *message.mutable_refresh_inactivity() =
        ToDuration(provider.refresh_inactivity);
  }
  for (const ProviderFact& fact : provider.facts) {
    v1::ProviderFact* shown = message.add_facts();
    Fill(fact.fields, shown->mutable_fields());
    shown->set_source(fact.source);
    shown->set_verified_on(fact.verified_on);
  }
  message.set_redirect_uri(redirect_uri);
  for (const ScopeInfo& scope : provider.scopes) {
    v1::ScopeInfo* info = message.add_scopes();
    info->set_alias(scope.alias);
    info->set_value(scope.value);
    info->set_sentence(scope.says);
  }
  return message;
}

v1::Agent ToProto(const Agent& agent) {
  v1::Agent message;
  message.set_name(AgentName(agent.id));
  message.set_display_name(agent.name);
  message.set_owner(agent.owner);
  message.set_tenant(agent.tenant.value);
  if (!agent.spiffe_id.empty()) {
    message.set_identity(agent.spiffe_id);
  } else if (!agent.jwt_issuer.empty()) {
    message.set_identity(
        absl::StrCat("jwt:", agent.jwt_issuer, " ", agent.jwt_subject));
  } else {
    message.set_identity("dev");
  }
  message.set_may_assert_user(agent.may_assert_user);
  message.set_may_manage_connections(agent.may_manage_connections);
  message.set_may_confirm_people(agent.may_confirm_people);
  Fill(agent.return_uris, message.mutable_return_uris());
  return message;
}

v1::AuditEvent ToProto(const AuditEntry& entry) {
  v1::AuditEvent message;
  message.set_name(AuditEventName(entry.sequence));
  *message.mutable_time() = ToTimestamp(entry.time);
  message.set_action(entry.kind);
  message.set_tenant(entry.tenant.value);
  message.set_leaf(entry.leaf);
  // Leaves are ours, but the disk is not to be trusted: one that does not parse
  // is shown as it is and nothing more.
  const nlohmann::json leaf =
      nlohmann::json::parse(entry.leaf, nullptr, /*allow_exceptions=*/false);
  if (!leaf.is_object()) return message;
  auto text = [&](const char* name) {
    auto it = leaf.find(name);
    return it != leaf.end() && it->is_string() ? it->get<std::string>()
                                               : std::string();
  };
  message.set_actor(text("actor"));
  if (std::string user = text("user"); !user.empty()) {
    message.set_user(UserName(UserId(user)));
  }
  message.set_outcome(text("outcome"));
  message.set_reason(text("reason"));
  message.set_token_id(text("token_id"));
  message.set_provider(text("provider"));
  message.set_connection(text("connection"));
  return message;
}

v1::TestProviderResponse::Check ToProto(const ProviderCheck& check) {
  v1::TestProviderResponse::Check message;
  message.set_id(check.id);
  message.set_ok(check.ok);
  message.set_detail(check.detail);
  message.set_fix(check.fix);
  message.set_skipped(check.skipped);
  return message;
}

v1::CapturedExchange ToProto(const CapturedExchange& exchange) {
  v1::CapturedExchange message;
  message.set_id(exchange.id);
  message.set_method(exchange.method);
  message.set_url(exchange.url);
  message.set_status(exchange.status);
  for (const auto& [name, value] : exchange.answer.headers) {
    v1::CapturedExchange::Header* header = message.add_headers();
    header->set_name(name);
    header->set_value(value);
  }
  message.set_content_type(exchange.answer.content_type);
  message.set_body(exchange.answer.body);
  message.set_problem(exchange.problem);
  return message;
}

v1::FailingProvider ToProto(const ProviderBreaker::Doubt& doubt) {
  v1::FailingProvider message;
  message.set_name(ProviderName(doubt.provider));
  message.set_problem(doubt.problem);
  *message.mutable_since_time() = ToTimestamp(doubt.since);
  return message;
}

}  // namespace tokenvault
