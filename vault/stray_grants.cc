#include "vault/stray_grants.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "oauth/revocation.h"
#include "vault/audit_events.h"
#include "vault/interactions.h"
#include "vault/limits.h"

namespace tokenvault {
void StrayGrants::End(const Provider& provider, const OAuthFlow& flow,
                      const TokenResponse& response,
                      const std::string& account_id, const TokenCall& call,
                      const absl::Status& why) {
  absl::StatusOr<Interaction> interaction =
      store_.GetInteraction(flow.tenant, flow.interaction);
  // A question that is not there went with its person, who was erased, and has
  // no connection any more that it could be part of.
  const bool erased = HasReason(interaction.status(), "NOT_FOUND");
  absl::StatusOr<std::string> told =
      interaction.ok() || erased
          ? Tell(provider, erased ? nullptr : &*interaction, response,
                 account_id, call)
          : interaction.status();
  const std::string reason = told.ok() ? *told : "UPSTREAM_FAILED";
  const std::string cause =
      absl::StrCat("not kept: ", ReasonOf(why), " ", MetadataOf(why, "check"));
  Log(LogLevel::kWarning, "connect.grant_not_kept",
      "a grant that came could not be kept; its provider was asked to end it",
      {{LogKey::kProvider, provider.id.value},
       {LogKey::kReason, ReasonOf(why)},
       {LogKey::kOutcome, reason.empty() ? "revoked" : reason}});
  AuditEvent event;
  event.kind = audit_kind::kUpstreamRevoked;
  event.tenant = flow.tenant;
  event.actor = "vault";
  if (interaction.ok()) event.user = interaction->user;
  event.provider = provider.id;
  event.interaction = flow.interaction;
  event.outcome = reason.empty() ? "ok" : "error";
  event.reason = reason;
  event.detail = cause;
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  absl::Status written = store_.Commit(std::move(batch));
  if (written.ok()) return;
  Log(LogLevel::kError, "connect.grant_not_kept",
      "and the audit log does not take that either",
      {{LogKey::kReason, ReasonOf(written)}});
}

absl::StatusOr<std::string> StrayGrants::Tell(const Provider& provider,
                                              const Interaction* interaction,
                                              const TokenResponse& response,
                                              const std::string& account_id,
                                              const TokenCall& call) {
  if (interaction != nullptr) {
    ASSIGN_OR_RETURN(const bool shared,
                     MayBePartOfAnother(provider, *interaction, account_id));
    if (shared) return "UPSTREAM_LEFT_ALONE";
  }
  const bool lasts =
      !response.refresh_token.empty() && !RevokesByAccessToken(provider);
  ASSIGN_OR_RETURN(
      RevocationOutcome outcome,
      providers_.oauth().Revoke(
          provider, lasts ? response.refresh_token : response.access_token,
          lasts ? "refresh_token" : "access_token", call));
  return outcome == RevocationOutcome::kRevoked ? "" : "UPSTREAM_UNSUPPORTED";
}

absl::StatusOr<bool> StrayGrants::MayBePartOfAnother(
    const Provider& provider, const Interaction& interaction,
    const std::string& account_id) const {
  if (provider.several_grants) return false;
  ConnectionFilter filter;
  filter.tenant = interaction.tenant;
  filter.user = interaction.user;
  filter.provider = interaction.provider;
  ASSIGN_OR_RETURN(std::vector<Connection> all,
                   store_.ListConnections(filter, {}, kMaxAccounts));
  return std::any_of(all.begin(), all.end(), [&](const Connection& other) {
    return other.state != ConnectionState::kRevoked &&
           (account_id.empty() || other.account_id.empty() ||
            other.account_id == account_id);
  });
}

}  // namespace tokenvault
