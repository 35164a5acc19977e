#include "server/connection_api.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "server/convert.h"
#include "server/request_fields.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

// For the audit log.
std::string ActorOf(const Caller& caller) {
  return caller.is_operator ? "operator" : AgentName(caller.agent->id);
}

std::vector<TenantId> TenantsOf(const Caller& caller) {
  if (!caller.is_operator) return {caller.agent->tenant};
  std::vector<TenantId> tenants;
  for (const auto& [id, tenant] : caller.directory->tenants) {
    tenants.push_back(id);
  }
  return tenants;
}

// What a list is restricted to, beyond tenant and person.
struct ListFilter {
  ProviderId provider;
  std::optional<ConnectionState> state;
  std::optional<bool> paused;
  std::optional<std::string> user_id;

  bool Matches(const Connection& connection) const {
    return !paused.has_value() || connection.paused == *paused;
  }
};

absl::StatusOr<ListFilter> ReadListFilter(const std::string& text) {
  ASSIGN_OR_RETURN(std::vector<FilterCondition> conditions,
                   ReadFilter(text, {"provider", "state", "user_id"}));
  ListFilter filter;
  for (FilterCondition& condition : conditions) {
    if (condition.field == "provider") {
      ASSIGN_OR_RETURN(filter.provider,
                       ReadProviderName("filter", condition.value));
    } else if (condition.field == "user_id") {
      filter.user_id = std::move(condition.value);
    } else if (condition.value == "ACTIVE") {
      filter.state = ConnectionState::kActive;
      filter.paused = false;
    } else if (condition.value == "PAUSED") {
      filter.state = ConnectionState::kActive;
      filter.paused = true;
    } else if (condition.value == "NEEDS_RECONNECT") {
      filter.state = ConnectionState::kNeedsReconnect;
    } else if (condition.value == "REVOKED") {
      filter.state = ConnectionState::kRevoked;
    } else {
      return errors::FieldInvalid(
          "filter", "state is ACTIVE, PAUSED, NEEDS_RECONNECT or REVOKED");
    }
  }
  return filter;
}

// Where a list goes on: after this connection of this tenant.
struct Position {
  TenantId tenant;
  ConnectionId after;
};

absl::StatusOr<Position> ReadPosition(const std::string& token) {
  ASSIGN_OR_RETURN(std::string text, ReadPageToken(token));
  if (text.empty()) return Position();
  std::vector<std::string> parts = absl::StrSplit(text, '/');
  if (parts.size() != 2) {
    return errors::FieldInvalid("page_token",
                                "must come from a previous answer");
  }
  return Position{TenantId(parts[0]), ConnectionId(parts[1])};
}

std::string MakePosition(const Connection& connection) {
  return MakePageToken(
      absl::StrCat(connection.tenant.value, "/", connection.id.value));
}

absl::StatusOr<ConnectionChange> ReadChange(
    const v1::UpdateConnectionRequest& request, const ConnectionView& now) {
  const v1::Connection& wanted = request.connection();
  ConnectionChange change;
  if (request.update_mask().paths().empty()) {
    return errors::FieldInvalid("update_mask", "must name what to change");
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (path == "account_label") {
      RETURN_IF_ERROR(
          CheckLabel("connection.account_label", wanted.account_label()));
      change.account_label = wanted.account_label();
    } else if (path == "paused") {
      change.paused = wanted.paused();
    } else if (path == "access_end_time") {
      change.access_end_time = wanted.has_access_end_time()
                                   ? FromTimestamp(wanted.access_end_time())
                                   : absl::InfiniteFuture();
    } else if (path == "agents") {
      std::set<AgentId> has;
      for (const AgentGrant& grant : now.grants) has.insert(grant.agent);
      change.keep_agents.emplace();
      for (const v1::AgentAccess& access : wanted.agents()) {
        ASSIGN_OR_RETURN(AgentId agent, ReadAgentName("connection.agents.agent",
                                                      access.agent()));
        if (!has.contains(agent)) {
          return errors::FieldInvalid(
              "connection.agents",
              "agents can be removed here; adding one is the person's to do");
        }
        change.keep_agents->push_back(std::move(agent));
      }
    } else {
      return errors::FieldInvalid(
          "update_mask",
          "paths are: account_label, paused, access_end_time, agents");
    }
  }
  return change;
}

v1::RevokeConnectionResponse::UpstreamResult ToUpstream(
    UpstreamRevocations::Result upstream) {
  switch (upstream) {
    case UpstreamRevocations::Result::kRevoked:
      return v1::RevokeConnectionResponse::UPSTREAM_RESULT_REVOKED;
    case UpstreamRevocations::Result::kUnsupported:
      return v1::RevokeConnectionResponse::UPSTREAM_RESULT_UNSUPPORTED;
    case UpstreamRevocations::Result::kFailed:
      return v1::RevokeConnectionResponse::UPSTREAM_RESULT_FAILED;
    case UpstreamRevocations::Result::kPending:
      return v1::RevokeConnectionResponse::UPSTREAM_RESULT_FAILED_WILL_RETRY;
  }
  return v1::RevokeConnectionResponse::UPSTREAM_RESULT_UNSPECIFIED;
}

}  // namespace

ConnectionApi::ConnectionApi(CallGate& gate, ConnectionAdmin& connections,
                             Interactions& interactions, ConsentFlow& consent,
                             KeyKeeper& keys)
    : gate_(gate),
      connections_(connections),
      interactions_(interactions),
      consent_(consent),
      keys_(keys) {}

template <typename Response>
void ConnectionApi::Manage(
    const char* method, ApiCall call, Done<Response> done,
    absl::AnyInvocable<absl::StatusOr<Response>(const Caller&)> work) {
  Answer<Response> way_back = gate_.Bounded<Response>(
      call.deadline, kMaxPatience, [] { return errors::UpstreamSlow(""); },
      std::move(done));
  gate_.Enter(call.credential, [this, method, way_back, work = std::move(work)](
                                   absl::StatusOr<Caller> caller) mutable {
    if (!caller.ok()) return way_back(caller.status());
    Answer<Response> answer = gate_.Audited(*caller, method, way_back);
    if (!caller->is_operator && !caller->agent->may_manage_connections) {
      return answer(errors::ResourceDenied("connections"));
    }
    bool taken = gate_.Submit(
        [answer, work = std::move(work),
         caller = *std::move(caller)]() mutable { answer(work(caller)); });
    if (!taken) answer(CallGate::Overloaded());
  });
}

void ConnectionApi::GetConnection(ApiCall call,
                                  v1::GetConnectionRequest request,
                                  Done<v1::Connection> done) {
  Manage<v1::Connection>(
      "GetConnection", std::move(call), std::move(done),
      [this, request = std::move(request)](
          const Caller& caller) -> absl::StatusOr<v1::Connection> {
        ASSIGN_OR_RETURN(ConnectionRef ref,
                         ReadConnectionName("name", request.name()));
        ASSIGN_OR_RETURN(ConnectionView view,
                         Find(caller, ref.user, ref.connection));
        return ToProto(view);
      });
}

void ConnectionApi::ListConnections(ApiCall call,
                                    v1::ListConnectionsRequest request,
                                    Done<v1::ListConnectionsResponse> done) {
  Manage<v1::ListConnectionsResponse>(
      "ListConnections", std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return List(caller, request);
      });
}

void ConnectionApi::UpdateConnection(ApiCall call,
                                     v1::UpdateConnectionRequest request,
                                     Done<v1::Connection> done) {
  Manage<v1::Connection>(
      "UpdateConnection", std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return Update(caller, request);
      });
}

void ConnectionApi::RevokeConnection(ApiCall call,
                                     v1::RevokeConnectionRequest request,
                                     Done<v1::RevokeConnectionResponse> done) {
  Manage<v1::RevokeConnectionResponse>(
      "RevokeConnection", std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return Revoke(caller, request);
      });
}

void ConnectionApi::CreateConnectSession(
    ApiCall call, v1::CreateConnectSessionRequest request,
    Done<v1::ConnectSession> done) {
  Manage<v1::ConnectSession>(
      "CreateConnectSession", std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return Connect(caller, request);
      });
}

void ConnectionApi::CompleteConnect(ApiCall call,
                                    v1::CompleteConnectRequest request,
                                    Done<v1::Connection> done) {
  Manage<v1::Connection>(
      "CompleteConnect", std::move(call), std::move(done),
      [this, request = std::move(request)](const Caller& caller) {
        return Complete(caller, request);
      });
}

// A name does not say its tenant; an operator may mean any of them.
absl::StatusOr<ConnectionView> ConnectionApi::Find(const Caller& caller,
                                                   const UserId& user,
                                                   const ConnectionId& id) {
  for (const TenantId& tenant : TenantsOf(caller)) {
    absl::StatusOr<ConnectionView> view = connections_.Get(tenant, user, id);
    if (!HasReason(view.status(), "RESOURCE_DENIED")) return view;
  }
  return errors::ResourceDenied(ConnectionName(user, id));
}

absl::StatusOr<v1::ListConnectionsResponse> ConnectionApi::List(
    const Caller& caller, const v1::ListConnectionsRequest& request) {
  ASSIGN_OR_RETURN(UserId user, ReadUserName("parent", request.parent()));
  ASSIGN_OR_RETURN(int page_size, ReadPageSize(request.page_size()));
  ASSIGN_OR_RETURN(Position from, ReadPosition(request.page_token()));
  ASSIGN_OR_RETURN(ListFilter filter, ReadListFilter(request.filter()));

  v1::ListConnectionsResponse response;
  std::string last;  // the position of the last one on this page
  for (const TenantId& tenant : TenantsOf(caller)) {
    if (tenant < from.tenant) continue;
    ConnectionFilter wanted;
    wanted.tenant = tenant;
    wanted.user = user;
    wanted.provider = filter.provider;
    wanted.state = filter.state;
    if (filter.user_id.has_value()) {
      ASSIGN_OR_RETURN(
          UserId named,
          keys_.UserOf(tenant,
                       caller.directory->FindTenant(tenant)->identity.issuer,
                       *filter.user_id));
      if (!user.empty() && user != named) continue;
      wanted.user = std::move(named);
    }
    ConnectionId after = tenant == from.tenant ? from.after : ConnectionId();
    // One more than fits says that there is a next page.
    while (true) {
      ASSIGN_OR_RETURN(std::vector<ConnectionView> page,
                       connections_.List(wanted, after, page_size + 1));
      for (const ConnectionView& view : page) {
        after = view.connection.id;
        if (!filter.Matches(view.connection)) continue;
        if (response.connections_size() == page_size) {
          response.set_next_page_token(last);
          return response;
        }
        *response.add_connections() = ToProto(view);
        last = MakePosition(view.connection);
      }
      if (static_cast<int>(page.size()) <= page_size) break;
    }
  }
  return response;
}

absl::StatusOr<v1::Connection> ConnectionApi::Update(
    const Caller& caller, const v1::UpdateConnectionRequest& request) {
  ASSIGN_OR_RETURN(
      ConnectionRef ref,
      ReadConnectionName("connection.name", request.connection().name()));
  ASSIGN_OR_RETURN(ConnectionView now, Find(caller, ref.user, ref.connection));
  ASSIGN_OR_RETURN(ConnectionChange change, ReadChange(request, now));
  ASSIGN_OR_RETURN(ConnectionView changed,
                   connections_.Update(
                       now.connection.tenant, ref.user, ref.connection,
                       request.connection().etag(), change, ActorOf(caller)));
  return ToProto(changed);
}

absl::StatusOr<v1::RevokeConnectionResponse> ConnectionApi::Revoke(
    const Caller& caller, const v1::RevokeConnectionRequest& request) {
  ASSIGN_OR_RETURN(ConnectionRef ref,
                   ReadConnectionName("name", request.name()));
  RETURN_IF_ERROR(CheckRequestId(request.request_id()));
  ASSIGN_OR_RETURN(ConnectionView now, Find(caller, ref.user, ref.connection));
  ASSIGN_OR_RETURN(ConnectionAdmin::Revoked revoked,
                   connections_.Revoke(*caller.directory, now.connection.tenant,
                                       ref.user, ref.connection, request.etag(),
                                       ActorOf(caller), request.request_id()));
  v1::RevokeConnectionResponse response;
  *response.mutable_connection() = ToProto(revoked.view);
  response.set_upstream(ToUpstream(revoked.upstream));
  response.set_manual_url(revoked.manual_url);
  return response;
}

}  // namespace tokenvault
