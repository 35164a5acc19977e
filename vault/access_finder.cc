#include "vault/access_finder.h"

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/limits.h"
#include "vault/provider_access.h"
#include "vault/refresher.h"

namespace tokenvault {
namespace {

// Whether a token of this connection does what was asked for, and no more
// unless the operator allows it.
bool Fits(const AccessRequest& request, const Connection& connection) {
  const Provider& provider = *request.directory->FindProvider(request.provider);
  return request.scopes.IsSubsetOf(connection.granted_scopes) &&
         (request.directory->tokens.allow_policy_only ||
          TokenScopes(provider, request.scopes, connection.granted_scopes)
              .IsSubsetOf(request.scopes.Union(request.optional_scopes)));
}

// Whether what a person let the agent do is for what it works on now.
bool IsForTaskOf(const AccessRequest& request, const AgentGrant& grant) {
  return grant.task_id.empty() || grant.task_id == request.task_id;
}

}  // namespace

Question QuestionFor(const AccessRequest& request, InteractionKind kind) {
  Question question;
  question.kind = kind;
  question.tenant = request.tenant;
  question.agent = request.agent;
  question.user = request.user;
  question.provider = request.provider;
  question.scopes = request.scopes;
  question.purpose = request.purpose;
  question.return_uri = request.return_uri;
  question.request_id = request.request_id;
  question.optional_scopes = request.optional_scopes;
  question.task_id = request.task_id;
  return question;
}

PolicyRequest PolicyRequestFor(const AccessRequest& request, absl::Time now) {
  PolicyRequest asked;
  asked.agent = request.agent;
  asked.provider = request.provider;
  asked.scopes = request.scopes;
  asked.person = request.subject;
  asked.groups = request.groups;
  asked.resource = request.resource;
  if (asked.resource.empty()) {
    // All its tokens are for that, whether it is said or not.
    const Provider* provider =
        request.directory->FindProvider(request.provider);
    if (provider != nullptr) asked.resource = provider->protected_resource;
  }
  asked.peer = PeerAddress(request.peer);
  asked.time = now;
  return asked;
}

AccessFinder::AccessFinder(Store& store, TokenCache& cache, const Stops& stops)
    : store_(store), cache_(cache), stops_(stops) {}

absl::StatusOr<std::variant<Access, Question>> AccessFinder::Find(
    const AccessRequest& request, absl::Time now) {
  absl::StatusOr<Connection> chosen = Choose(request, now);
  if (HasReason(chosen.status(), "NOT_FOUND")) {
    return QuestionFor(request, InteractionKind::kConsent);
  }
  RETURN_IF_ERROR(chosen.status());

  Access access;
  // Taken before the row is read again: whatever changes it from here on voids
  // what we are about to learn.
  access.validity = cache_.ValidityOf(chosen->id);
  ASSIGN_OR_RETURN(access.connection,
                   store_.GetConnection(request.tenant, chosen->id));
  const Connection& connection = access.connection;
  if (connection.paused) return errors::ConnectionPaused(connection.id.value);
  Question question = QuestionFor(request, InteractionKind::kReconnect);
  question.connection = connection.id;
  const Provider& provider = *request.directory->FindProvider(request.provider);
  if (connection.state != ConnectionState::kActive ||
      IsOfAnotherIssuer(connection, provider)) {
    return question;
  }

  absl::StatusOr<AgentGrant> grant =
      store_.GetAgentGrant(request.tenant, connection.id, request.agent);
  if (!grant.ok() && !HasReason(grant.status(), "NOT_FOUND")) {
    return grant.status();
  }
  access.end_time = grant.ok() && IsForTaskOf(request, *grant)
                        ? std::min(grant->end_time, connection.access_end_time)
                        : absl::InfinitePast();
  if (now >= access.end_time) {
    question.kind = InteractionKind::kConsent;
    question.missing_scopes = request.scopes.Minus(connection.granted_scopes);
    return question;
  }
  const ScopeSet given = grant->scopes.Intersection(connection.granted_scopes);
  question.missing_scopes = request.scopes.Minus(given);
  if (!question.missing_scopes.empty()) {
    question.kind = InteractionKind::kStepUp;
    return question;
  }
  access.grant = *std::move(grant);
  access.scopes =
      request.scopes.Union(request.optional_scopes.Intersection(given));

  access.narrows = provider.narrowing != Narrowing::kNone;
  access.key = {request.tenant, connection.id,
                TokenScopes(provider, access.scopes, connection.granted_scopes),
                request.resource};
  const ScopeSet excess =
      access.narrows ? ScopeSet() : access.key.scopes.Minus(access.scopes);
  if (!excess.empty() && !request.directory->tokens.allow_policy_only) {
    return errors::ScopeNotNarrowable(provider.id.value, excess.ToString());
  }
  return access;
}

absl::StatusOr<Connection> AccessFinder::Choose(const AccessRequest& request,
                                                absl::Time now) {
  const Provider& provider = *request.directory->FindProvider(request.provider);
  const bool apart = provider.KeepsGrantsApart();
  // Of several grants of one account, any stands for the account.
  std::optional<std::string> account;
  if (!request.connection.empty()) {
    absl::StatusOr<Connection> named =
        store_.GetConnection(request.tenant, request.connection);
    if (!named.ok() && !HasReason(named.status(), "NOT_FOUND")) {
      return named.status();
    }
    if (!named.ok() || named->user != request.user ||
        named->provider != request.provider ||
        named->state == ConnectionState::kRevoked) {
      return errors::ResourceDenied(
          absl::StrCat("connections/", request.connection.value));
    }
    if (!apart || named->account_id.empty()) return named;
    account = named->account_id;
  }

  ConnectionFilter filter;
  filter.tenant = request.tenant;
  filter.user = request.user;
  filter.provider = request.provider;
  ASSIGN_OR_RETURN(
      std::vector<Connection> connections,
      store_.ListConnections(filter, ConnectionId(), kMaxAccounts));
  // Working ones first; then those this agent may use, of several grants the
  // one that can do least, the last used first; then the newest.
  using Rank = std::tuple<bool, bool, int64_t, absl::Time, absl::Time>;
  const Connection* best = nullptr;
  Rank best_rank;
  for (const Connection& connection : connections) {
    if (connection.state == ConnectionState::kRevoked ||
        now >= connection.access_end_time ||
        (account.has_value() && connection.account_id != *account) ||
        (apart && !Fits(request, connection))) {
      continue;
    }
    absl::StatusOr<AgentGrant> grant =
        store_.GetAgentGrant(request.tenant, connection.id, request.agent);
    bool covers = grant.ok() && now < grant->end_time &&
                  IsForTaskOf(request, *grant) &&
                  request.scopes.IsSubsetOf(grant->scopes);
    const auto size = static_cast<int64_t>(connection.granted_scopes.size());
    Rank rank{connection.state == ConnectionState::kActive, covers,
              apart ? -size : 0,
              grant.ok() ? grant->last_use_time : absl::InfinitePast(),
              connection.create_time};
    if (best == nullptr || rank > best_rank) {
      best = &connection;
      best_rank = rank;
    }
  }
  if (best == nullptr) return errors::NotFound("connection");
  return *best;
}

absl::StatusOr<std::vector<AccessFinder::Usable>> AccessFinder::ListUsable(
    const TenantId& tenant, const AgentId& agent, const UserId& user,
    const ConnectionId& after, int limit, absl::Time now) {
  ConnectionFilter filter;
  filter.tenant = tenant;
  filter.user = user;
  filter.state = ConnectionState::kActive;
  std::vector<Usable> usable;
  ConnectionId seen = after;
  while (static_cast<int>(usable.size()) < limit) {
    ASSIGN_OR_RETURN(std::vector<Connection> page,
                     store_.ListConnections(filter, seen, limit));
    if (page.empty()) break;
    for (Connection& connection : page) {
      seen = connection.id;
      if (connection.paused || now >= connection.access_end_time ||
          !stops_.Check({tenant, agent, user, seen, connection.provider})
               .ok()) {
        continue;
      }
      absl::StatusOr<AgentGrant> grant =
          store_.GetAgentGrant(tenant, connection.id, agent);
      if (HasReason(grant.status(), "NOT_FOUND")) continue;
      RETURN_IF_ERROR(grant.status());
      if (now >= grant->end_time || !grant->task_id.empty()) continue;
      usable.push_back({std::move(connection), *std::move(grant)});
      if (static_cast<int>(usable.size()) == limit) break;
    }
  }
  return usable;
}

}  // namespace tokenvault
