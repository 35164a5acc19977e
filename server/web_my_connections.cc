#include "server/web_my_connections.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/page_connections.h"
#include "server/page_consent.h"
#include "server/page_notices.h"
#include "server/web_session.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

constexpr int kMaxConnections = 100;

}  // namespace

WebResponse ShowConnections(const WebVisit& visit, const std::string&) {
  const Directory& directory = *visit.directory;
  if (!visit.session.has_value()) {
    // Without a link nothing says which company; with one, there is no choice.
    if (directory.tenants.size() != 1) {
      return Page(404, RenderNotFound({visit.Frame()}));
    }
    const Tenant& tenant = directory.tenants.begin()->second;
    SignInPage page;
    page.frame = visit.Frame(&tenant);
    page.tenant = tenant.name;
    page.identity_provider = HostOf(tenant.identity.issuer);
    page.link = absl::StrCat(SignInPath(tenant.id), "/start");
    return Page(200, RenderSignIn(page));
  }
  ConnectionFilter filter;
  filter.tenant = visit.session->tenant;
  filter.user = visit.session->user;
  absl::StatusOr<std::vector<ConnectionView>> views =
      visit.parts.connections.List(filter, ConnectionId(), kMaxConnections);
  if (!views.ok()) return visit.ErrorPage(views.status(), "/me");

  MyConnectionsPage page;
  page.frame = visit.Frame();
  page.form = visit.Form("/me");
  page.sign_out = visit.Form("/signout");
  for (const ConnectionView& view : *views) {
    if (view.connection.state == ConnectionState::kRevoked) continue;
    page.connections.push_back(ViewConnection(visit.messages, directory,
                                              view.connection, view.grants,
                                              visit.parts.clock.Now()));
  }
  return Page(200, RenderMyConnections(page));
}

WebResponse Disconnect(const WebVisit& visit, const std::string&) {
  if (!visit.session.has_value()) return SeeOther("/me");
  absl::StatusOr<WebForm> form = visit.ReadOwnForm("/me");
  if (!form.ok()) return visit.ErrorPage(form.status(), "/me");
  absl::StatusOr<ConnectionAdmin::Revoked> revoked =
      visit.parts.connections.Revoke(
          *visit.directory, visit.session->tenant, visit.session->user,
          ConnectionId((*form)[kFieldConnection]), /*etag=*/"", visit.Actor(),
          /*request_id=*/"");
  if (!revoked.ok()) return visit.ErrorPage(revoked.status(), "/me");
  const Connection& connection = revoked->view.connection;
  RemovedPage page;
  page.frame = visit.Frame();
  page.provider = ViewProvider(*visit.directory, connection.provider);
  page.account = connection.account_label;
  page.revocation = ViewRevocation(connection);
  page.provider_link = revoked->manual_url;
  return Page(200, RenderRemoved(page));
}

}  // namespace tokenvault
