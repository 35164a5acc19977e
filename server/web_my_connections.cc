#include "server/web_my_connections.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "server/page_connections.h"
#include "server/page_notices.h"
#include "server/web_activity.h"
#include "server/web_session.h"
#include "server/web_sign_in.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

// OpenID Connect's word for a connection that lasts: no permission in itself.
constexpr char kOfflineAccess[] = "offline_access";

// The question that leads back to an account, in the name of the agent that
// used it last: nothing is reconnected for nobody.
absl::StatusOr<std::string> LinkToReconnect(const WebVisit& visit,
                                            const ConnectionView& view) {
  const absl::Time now = visit.parts.clock.Now();
  const AgentGrant* latest = nullptr;
  for (const AgentGrant& grant : view.grants) {
    if (now >= grant.end_time) continue;
    if (latest == nullptr || grant.last_use_time > latest->last_use_time) {
      latest = &grant;
    }
  }
  if (latest == nullptr ||
      view.connection.state != ConnectionState::kNeedsReconnect) {
    return errors::FieldInvalid("decision", "there is nothing to reconnect");
  }
  Question question;
  question.kind = InteractionKind::kReconnect;
  question.tenant = view.connection.tenant;
  question.agent = latest->agent;
  question.user = view.connection.user;
  question.provider = view.connection.provider;
  question.connection = view.connection.id;
  question.scopes = latest->scopes;
  question.task_id = latest->task_id;
  absl::StatusOr<AskedQuestion> asked =
      visit.parts.interactions.Ask(question, visit.directory->public_url, now);
  if (!asked.ok()) return asked.status();
  return visit.LinkTo(asked->interaction.id);
}

}  // namespace

WebResponse ShowConnections(const WebVisit& visit, const std::string&) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  absl::StatusOr<std::vector<ConnectionView>> views =
      visit.parts.connections.ListConnected(visit.session->tenant,
                                            visit.session->user);
  if (!views.ok()) return visit.ErrorPage(views.status(), kConnectionsPath);

  MyConnectionsPage page;
  page.frame = visit.FrameOf(kConnectionsPath);
  page.now = visit.parts.clock.Now();
  page.form = visit.Form(kConnectionsPath);
  page.sign_out = visit.Form("/signout");
  for (const ConnectionView& view : *views) {
    page.connections.push_back(ViewConnection(visit.messages, *visit.directory,
                                              view.connection, view.grants,
                                              page.now));
  }
  return Page(200, RenderMyConnections(page));
}

WebResponse ShowConnection(const WebVisit& visit, const std::string& id) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  const Directory& directory = *visit.directory;
  absl::StatusOr<ConnectionView> view = visit.parts.connections.Get(
      visit.session->tenant, visit.session->user, ConnectionId(id));
  if (!view.ok()) return visit.ErrorPage(view.status(), kConnectionsPath);
  const Connection& connection = view->connection;
  const Provider* provider = directory.FindProvider(connection.provider);
  ConnectionPage page;
  page.frame = visit.Frame();
  page.now = visit.parts.clock.Now();
  page.form = visit.Form(visit.request.path);
  page.connection = ViewConnection(visit.messages, directory, connection,
                                   view->grants, page.now);
  page.connected = connection.create_time;
  if (!connection.first_agent.empty()) {
    page.first_agent =
        ViewAgent(visit.messages, directory, connection.first_agent).name;
  }
  page.renewed = connection.last_refresh_time;
  if (connection.state != ConnectionState::kRevoked) {
    page.granted =
        ViewScopes(visit.messages, provider,
                   connection.granted_scopes.Minus({kOfflineAccess}));
  }
  page.provider_host = ViewProviderHost(provider);
  absl::StatusOr<ActivityView> activity = ViewActivity(visit, connection.id);
  if (!activity.ok()) {
    return visit.ErrorPage(activity.status(), kConnectionsPath);
  }
  page.activity = *std::move(activity);
  return Page(200, RenderConnection(page));
}

WebResponse ChangeConnection(const WebVisit& visit, const std::string& id) {
  const std::string& path = visit.request.path;
  if (!visit.session.has_value()) return SeeOther(path);
  absl::StatusOr<WebForm> form = visit.ReadOwnForm(path);
  if (!form.ok()) return visit.ErrorPage(form.status(), path);
  const TenantId& tenant = visit.session->tenant;
  const UserId& user = visit.session->user;
  const ConnectionId connection(id.empty() ? (*form)[kFieldConnection] : id);
  const std::string& decision = (*form)[kFieldDecision];
  if (decision == kDecisionReconnect) {
    absl::StatusOr<ConnectionView> view =
        visit.parts.connections.Get(tenant, user, connection);
    if (!view.ok()) return visit.ErrorPage(view.status(), kConnectionsPath);
    absl::StatusOr<std::string> link = LinkToReconnect(visit, *view);
    return link.ok() ? SeeOther(*link) : visit.ErrorPage(link.status(), path);
  }
  ConnectionChange change;
  if (decision == kDecisionPause || decision == kDecisionResume) {
    change.paused = decision == kDecisionPause;
  } else if (decision == kDecisionRemoveAgent) {
    change.drop_agent = AgentId((*form)[kFieldAgent]);
  } else {
    return visit.ErrorPage(errors::FieldInvalid("decision", "unknown"), path);
  }
  absl::StatusOr<ConnectionView> changed = visit.parts.connections.Update(
      tenant, user, connection, /*etag=*/"", change, visit.Actor());
  return changed.ok() ? SeeOther(path)
                      : visit.ErrorPage(changed.status(), path);
}

}  // namespace tokenvault
