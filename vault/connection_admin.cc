#include "vault/connection_admin.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"
#include "vault/limits.h"
#include "vault/refresh_leases.h"
#include "vault/restored_tokens.h"

namespace tokenvault {
namespace {

constexpr int kReadAtATime = 100;

std::string NameOf(const UserId& user, const ConnectionId& id) {
  return absl::StrCat("users/", user.value, "/connections/", id.value);
}

// Where a person ends by hand what we could not end for them.
std::string ManualUrl(const Directory& directory, const ProviderId& id,
                      UpstreamRevocations::Result upstream) {
  const Provider* provider = directory.FindProvider(id);
  if (provider == nullptr ||
      upstream == UpstreamRevocations::Result::kRevoked) {
    return "";
  }
  return provider->revocation_manual_url;
}

// What of the change is news: for the audit leaf.
std::string Describe(const ConnectionChange& change) {
  std::string what;
  auto add = [&what](absl::string_view word) {
    absl::StrAppend(&what, what.empty() ? "" : ",", word);
  };
  if (change.account_label.has_value()) add("account_label");
  if (change.paused.has_value()) add(*change.paused ? "paused" : "resumed");
  if (change.access_end_time.has_value()) add("access_end_time");
  if (change.keep_agents.has_value() || change.drop_agent.has_value()) {
    add("agents");
  }
  return what;
}

// Whether the agent of `grant` has its access after `change`.
bool Keeps(const ConnectionChange& change, const AgentGrant& grant) {
  if (change.drop_agent.has_value() && *change.drop_agent == grant.agent) {
    return false;
  }
  return !change.keep_agents.has_value() ||
         std::count(change.keep_agents->begin(), change.keep_agents->end(),
                    grant.agent) > 0;
}

}  // namespace

std::string EtagOf(const Connection& connection) {
  return absl::StrCat("v", connection.version);
}

ConnectionAdmin::ConnectionAdmin(const Clock& clock, Store& store,
                                 UpstreamRevocations& upstream,
                                 TokenCache& cache)
    : clock_(clock),
      start_time_(clock.Now()),
      store_(store),
      upstream_(upstream),
      cache_(cache) {}

absl::StatusOr<ConnectionView> ConnectionAdmin::Get(const TenantId& tenant,
                                                    const UserId& user,
                                                    const ConnectionId& id) {
  absl::StatusOr<Connection> connection = store_.GetConnection(tenant, id);
  if (HasReason(connection.status(), "NOT_FOUND") ||
      (connection.ok() && connection->user != user)) {
    return errors::ResourceDenied(NameOf(user, id));
  }
  RETURN_IF_ERROR(connection.status());
  ASSIGN_OR_RETURN(std::vector<AgentGrant> grants,
                   store_.ListAgentGrants(tenant, id));
  return ConnectionView{*std::move(connection), std::move(grants)};
}

absl::StatusOr<std::vector<ConnectionView>> ConnectionAdmin::List(
    const ConnectionFilter& filter, const ConnectionId& after, int limit) {
  ASSIGN_OR_RETURN(std::vector<Connection> connections,
                   store_.ListConnections(filter, after, limit));
  std::vector<ConnectionView> views;
  for (Connection& connection : connections) {
    ASSIGN_OR_RETURN(std::vector<AgentGrant> grants,
                     store_.ListAgentGrants(connection.tenant, connection.id));
    views.push_back({std::move(connection), std::move(grants)});
  }
  return views;
}

absl::StatusOr<std::vector<ConnectionView>> ConnectionAdmin::ListConnected(
    const TenantId& tenant, const UserId& user) {
  ConnectionFilter filter;
  filter.tenant = tenant;
  filter.user = user;
  std::vector<ConnectionView> connected;
  ConnectionId after;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<ConnectionView> page,
                     List(filter, after, kReadAtATime));
    if (page.empty()) return connected;
    after = page.back().connection.id;
    for (ConnectionView& view : page) {
      if (view.connection.state == ConnectionState::kRevoked) continue;
      connected.push_back(std::move(view));
    }
  }
}

absl::StatusOr<ConnectionView> ConnectionAdmin::Update(
    const TenantId& tenant, const UserId& user, const ConnectionId& id,
    const std::string& etag, const ConnectionChange& change,
    const std::string& actor) {
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(ConnectionView view, Get(tenant, user, id));
    if (!etag.empty() && etag != EtagOf(view.connection)) break;
    Connection next = view.connection;
    if (change.account_label.has_value()) {
      next.account_label = *change.account_label;
    }
    if (change.paused.has_value()) next.paused = *change.paused;
    if (change.access_end_time.has_value()) {
      next.access_end_time = *change.access_end_time;
    }
    WriteBatch batch;
    batch.Update(next);
    if (change.keep_agents.has_value() || change.drop_agent.has_value()) {
      batch.Remove(WriteBatch::RemoveGrants{tenant, id});
      for (AgentGrant& grant : view.grants) {
        if (!Keeps(change, grant)) continue;
        grant.version = 0;
        batch.Insert(std::move(grant));
      }
    }
    AuditEvent event = EventAbout(next, audit_kind::kConnectionChanged, actor);
    event.detail = Describe(change);
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    absl::Status status = store_.Commit(std::move(batch));
    cache_.Invalidate(id);
    if (status.ok()) return Get(tenant, user, id);
    if (!HasReason(status, "VERSION_CONFLICT")) return status;
  }
  return errors::EtagMismatch(NameOf(user, id));
}

absl::StatusOr<ConnectionAdmin::Revoked> ConnectionAdmin::Revoke(
    const Directory& directory, const TenantId& tenant, const UserId& user,
    const ConnectionId& id, const std::string& etag, const std::string& actor,
    const std::string& request_id) {
  ASSIGN_OR_RETURN(Connection ended,
                   EndHere(tenant, user, id, etag, actor, request_id));
  return TellProvider(directory, std::move(ended), actor);
}

absl::StatusOr<std::vector<ConnectionAdmin::Revoked>>
ConnectionAdmin::RevokeAll(const Directory& directory, const TenantId& tenant,
                           const UserId& user, const std::string& actor,
                           absl::Time deadline) {
  ASSIGN_OR_RETURN(const std::vector<ConnectionView> connected,
                   ListConnected(tenant, user));
  std::vector<Connection> ended;
  for (const ConnectionView& view : connected) {
    ASSIGN_OR_RETURN(Connection one,
                     EndHere(tenant, user, view.connection.id, /*etag=*/"",
                             actor, /*request_id=*/""));
    ended.push_back(std::move(one));
  }
  std::vector<Revoked> results;
  for (Connection& connection : ended) {
    if (clock_.Now() < deadline) {
      ASSIGN_OR_RETURN(Revoked told,
                       TellProvider(directory, std::move(connection), actor));
      results.push_back(std::move(told));
      continue;
    }
    Revoked untold;
    untold.upstream = UpstreamRevocations::Of(connection);
    untold.manual_url =
        ManualUrl(directory, connection.provider, untold.upstream);
    untold.view.connection = std::move(connection);
    results.push_back(std::move(untold));
  }
  return results;
}

absl::StatusOr<Connection> ConnectionAdmin::EndHere(
    const TenantId& tenant, const UserId& user, const ConnectionId& id,
    const std::string& etag, const std::string& actor,
    const std::string& request_id) {
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(ConnectionView view, Get(tenant, user, id));
    if (!etag.empty() && etag != EtagOf(view.connection)) break;
    Connection next = std::move(view.connection);
    // Ended already; if its revocation was cut off, or waits, that is gone on
    // with.
    if (next.state == ConnectionState::kRevoked) return next;
    // Who tells the provider must know that what we hold may not be the newest
    // refresh token.
    if (next.state_reason == kLostRotation ||
        next.state_reason == kRestoredStaleReason) {
      next.refresh_phase = RefreshPhase::kUnknown;
    }
    next.state = ConnectionState::kRevoked;
    next.state_reason.clear();
    next.lease_epoch += 1;  // a refresh under way must not write its result
    AuditEvent event = EventAbout(next, audit_kind::kConnectionRevoked, actor);
    event.request_id = request_id;
    WriteBatch batch;
    batch.Update(next);
    batch.Remove(WriteBatch::RemoveGrants{tenant, id});
    batch.Append(MakeAuditEntry(event, clock_.Now()));
    FaultPoint("revoke.before_commit");
    absl::Status status = store_.Commit(std::move(batch));
    FaultPoint("revoke.committed");
    cache_.Invalidate(id);
    if (status.ok()) {
      next.version += 1;
      return next;
    }
    if (!HasReason(status, "VERSION_CONFLICT")) return status;
  }
  return errors::EtagMismatch(NameOf(user, id));
}

absl::StatusOr<ConnectionAdmin::Revoked> ConnectionAdmin::TellProvider(
    const Directory& directory, Connection ended, const std::string& actor) {
  const TenantId tenant = ended.tenant;
  const UserId user = ended.user;
  const ConnectionId id = ended.id;
  const ProviderId provider = ended.provider;
  Revoked revoked;
  if (ended.sealed_refresh_token.empty()) {
    revoked.upstream = UpstreamRevocations::Of(ended);
  } else {
    ASSIGN_OR_RETURN(revoked.upstream,
                     upstream_.Tell(directory, std::move(ended), actor));
  }
  revoked.manual_url = ManualUrl(directory, provider, revoked.upstream);
  ASSIGN_OR_RETURN(revoked.view, Get(tenant, user, id));
  return revoked;
}

absl::Time ConnectionAdmin::CopiesUntil(const Directory& directory,
                                        const Connection& connection) {
  const absl::Time known = cache_.CopiesUntil(connection.id);
  if (connection.create_time >= start_time_) return known;
  // Its tokens of an earlier life of the daemon are in nobody's memory but
  // their agents'.
  if (directory.tokens.allow_long_lived) return absl::InfiniteFuture();
  const absl::Time unknown =
      start_time_ + directory.tokens.max_ttl + kMostExpiryMargin;
  return std::max(known,
                  unknown <= clock_.Now() ? absl::InfinitePast() : unknown);
}

}  // namespace tokenvault
