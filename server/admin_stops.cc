#include "server/admin_stops.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"
#include "vault/live_tokens.h"

namespace tokenvault {
namespace {

constexpr char kVault[] = "vault";
constexpr absl::string_view kUsers = "users/";
constexpr absl::string_view kConnections = "/connections/";
// Scopes can be long; an answer has to fit in one message.
constexpr size_t kMostLiveBytes = size_t{128} << 10;

Stops::Order OrderFor(StopKind kind, TenantId tenant, std::string name) {
  Stops::Order order;
  order.stop.kind = kind;
  order.stop.tenant = std::move(tenant);
  order.stop.name = std::move(name);
  return order;
}

// Of something that is not there any more.
absl::StatusOr<Stops::Order> FindHeld(const StopWork& work, StopKind kind,
                                      const std::string& name,
                                      const std::string& what) {
  for (const Stop& stop : work.stops.List()) {
    if (stop.kind == kind && stop.name == name) {
      return OrderFor(kind, stop.tenant, name);
    }
  }
  return errors::ResourceDenied(what);
}

absl::StatusOr<Stops::Order> OrderForPerson(const StopWork& work,
                                            const std::vector<Subject>& people,
                                            const std::string& what) {
  if (people.size() > 1) {
    return errors::FieldInvalid(
        "user_id", "is somebody in several tenants; name one as users/u-…");
  }
  if (people.empty()) {
    const std::string name = absl::StartsWith(what, kUsers)
                                 ? what.substr(kUsers.size())
                                 : std::string();
    return FindHeld(work, StopKind::kUser, name, what);
  }
  return OrderFor(StopKind::kUser, people[0].tenant, people[0].user.value);
}

absl::StatusOr<Stops::Order> OrderForConnection(const StopWork& work,
                                                const Directory& directory,
                                                const std::string& what) {
  ASSIGN_OR_RETURN(const ConnectionRef ref, ReadConnectionName("what", what));
  for (const auto& [tenant, unused] : directory.tenants) {
    absl::StatusOr<Connection> found =
        work.store.GetConnection(tenant, ref.connection);
    if (HasReason(found.status(), "NOT_FOUND")) continue;
    RETURN_IF_ERROR(found.status());
    if (found->user != ref.user) continue;
    Stops::Order order =
        OrderFor(StopKind::kConnection, tenant, ref.connection.value);
    order.user = found->user;
    order.provider = found->provider;
    return order;
  }
  return FindHeld(work, StopKind::kConnection, ref.connection.value, what);
}

AuditFilter LeavesOf(const Stop& stop) {
  AuditFilter filter;
  filter.tenant = stop.tenant;
  switch (stop.kind) {
    case StopKind::kVault:
      break;
    case StopKind::kAgent:
      filter.actor = AgentName(AgentId(stop.name));
      break;
    case StopKind::kUser:
      filter.user = UserId(stop.name);
      break;
    case StopKind::kConnection:
      filter.connection = ConnectionId(stop.name);
      break;
    case StopKind::kProvider:
      filter.provider = ProviderId(stop.name);
      break;
  }
  return filter;
}

v1::LiveToken ToLiveToken(const Store& store, const LiveToken& token) {
  v1::LiveToken message;
  message.set_agent(token.agent);
  message.set_tenant(token.tenant.value);
  message.set_provider(ProviderName(token.provider));
  absl::StatusOr<Connection> connection =
      store.GetConnection(token.tenant, token.connection);
  if (connection.ok()) {
    message.set_connection(ConnectionName(connection->user, connection->id));
    message.set_account_label(connection->account_label);
  }
  for (const std::string& scope : token.scopes) message.add_scopes(scope);
  message.set_token_id(token.token_id);
  if (token.expire_time != absl::InfiniteFuture()) {
    *message.mutable_expire_time() = ToTimestamp(token.expire_time);
  }
  return message;
}

}  // namespace

bool IsStopOnDisk(const std::string& what, const std::string& user_id) {
  return !user_id.empty() || absl::StartsWith(what, kUsers);
}

absl::StatusOr<Stops::Order> ReadStopOrder(const StopWork& work,
                                           const Directory& directory,
                                           const std::string& what,
                                           const std::string& user_id) {
  if (what.empty() == user_id.empty()) {
    return errors::FieldInvalid("what", "is given, or user_id, and not both");
  }
  if (!user_id.empty()) {
    ASSIGN_OR_RETURN(const std::vector<Subject> people,
                     work.erasure.FindByIdentity(user_id));
    return OrderForPerson(work, people, "users/-");
  }
  if (what == kVault) return OrderFor(StopKind::kVault, TenantId(), "");
  if (absl::StartsWith(what, "agents/")) {
    ASSIGN_OR_RETURN(const AgentId id, ReadAgentName("what", what));
    const Agent* agent = directory.FindAgent(id);
    if (agent == nullptr) {
      return FindHeld(work, StopKind::kAgent, id.value, what);
    }
    return OrderFor(StopKind::kAgent, agent->tenant, id.value);
  }
  if (absl::StartsWith(what, "providers/")) {
    ASSIGN_OR_RETURN(const ProviderId id, ReadProviderName("what", what));
    if (directory.FindProvider(id) == nullptr) {
      return FindHeld(work, StopKind::kProvider, id.value, what);
    }
    return OrderFor(StopKind::kProvider, TenantId(), id.value);
  }
  if (absl::StrContains(what, kConnections)) {
    return OrderForConnection(work, directory, what);
  }
  ASSIGN_OR_RETURN(const UserId user, ReadUserName("what", what));
  if (user.empty()) {
    return errors::FieldInvalid("what", "must name one person");
  }
  ASSIGN_OR_RETURN(const std::vector<Subject> people, work.erasure.Find(user));
  return OrderForPerson(work, people, what);
}

v1::Stop ToProto(const Store& store, const Stop& stop) {
  v1::Stop message;
  message.set_tenant(stop.tenant.value);
  message.set_why(stop.why);
  *message.mutable_create_time() = ToTimestamp(stop.create_time);
  switch (stop.kind) {
    case StopKind::kVault:
      message.set_what(kVault);
      break;
    case StopKind::kAgent:
      message.set_what(AgentName(AgentId(stop.name)));
      break;
    case StopKind::kUser:
      message.set_what(UserName(UserId(stop.name)));
      break;
    case StopKind::kConnection: {
      const ConnectionId id(stop.name);
      absl::StatusOr<Connection> found = store.GetConnection(stop.tenant, id);
      message.set_what(
          ConnectionName(found.ok() ? found->user : UserId("-"), id));
      break;
    }
    case StopKind::kProvider:
      message.set_what(ProviderName(ProviderId(stop.name)));
      break;
  }
  return message;
}

absl::StatusOr<v1::ListLiveTokensResponse> ListLiveTokens(
    const StopWork& work, const Directory& directory,
    const v1::ListLiveTokensRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(
      const Stops::Order order,
      ReadStopOrder(work, directory, request.what(), request.user_id()));
  ASSIGN_OR_RETURN(
      const LiveTokens live,
      FindLiveTokens(work.store, directory, LeavesOf(order.stop), now));
  v1::ListLiveTokensResponse response;
  response.set_count(live.count);
  response.set_complete(live.complete);
  if (live.since != absl::InfinitePast()) {
    *response.mutable_since_time() = ToTimestamp(live.since);
  }
  if (live.count > 0 && live.last_expire_time != absl::InfiniteFuture()) {
    *response.mutable_last_expire_time() = ToTimestamp(live.last_expire_time);
  }
  size_t size = 0;
  for (const LiveToken& token : live.tokens) {
    v1::LiveToken message = ToLiveToken(work.store, token);
    size += message.ByteSizeLong();
    if (size > kMostLiveBytes) break;
    *response.add_tokens() = std::move(message);
  }
  return response;
}

}  // namespace tokenvault
