#include "server/web_disconnect.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/web_session.h"
#include "server/web_sign_in.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

// A person waits for providers no longer than this; what they have not heard by
// then they hear later.
constexpr absl::Duration kPatience = absl::Seconds(20);
// The parameter of ShowStopped: ids, with a dot between them.
constexpr char kStoppedOnes[] = "c";
// Whose ends one page tells; nobody has so many, and an address has an end.
constexpr size_t kMostTold = 100;

// Where a person ends by hand what we cannot end for them.
std::string ManualUrlOf(const Provider* provider) {
  return provider == nullptr ? "" : provider->revocation_manual_url;
}

// What became of it at the provider by now.
RemovedView ViewEnded(const WebVisit& visit, const Connection& revoked) {
  RemovedView view =
      ViewRemoved(*visit.directory, revoked,
                  ManualUrlOf(visit.directory->FindProvider(revoked.provider)));
  if (view.revocation == ProviderRevocation::kRevoked) {
    view.provider_link.clear();
  }
  return view;
}

WebResponse ShowRemoved(const WebVisit& visit, const Connection& connection) {
  RemovedPage page;
  page.frame = visit.Frame();
  page.removed = ViewEnded(visit, connection);
  page.copies = CopiesOf(visit, connection);
  page.connections_link = kConnectionsPath;
  return Page(200, RenderRemoved(page));
}

}  // namespace

CopiesView CopiesOf(const WebVisit& visit, const Connection& connection) {
  return {visit.parts.connections.CopiesUntil(*visit.directory, connection),
          visit.parts.clock.Now()};
}

WebResponse AskToDisconnect(const WebVisit& visit, const std::string& id) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  absl::StatusOr<ConnectionView> view = visit.parts.connections.Get(
      visit.session->tenant, visit.session->user, ConnectionId(id));
  if (!view.ok()) return visit.ErrorPage(view.status(), kConnectionsPath);
  const Connection& connection = view->connection;
  if (connection.state == ConnectionState::kRevoked) {
    return ShowRemoved(visit, connection);
  }
  const Provider* provider = visit.directory->FindProvider(connection.provider);
  DisconnectPage page;
  page.frame = visit.Frame();
  page.form = visit.Form(visit.request.path);
  page.keep_link = kConnectionsPath;
  page.provider = ViewProvider(*visit.directory, connection.provider);
  page.account = connection.account_label;
  page.told =
      visit.parts.connections.CanTellProvider(*visit.directory, connection);
  if (!page.told) page.provider_link = ManualUrlOf(provider);
  page.copies = CopiesOf(visit, connection);
  return Page(200, RenderDisconnect(page));
}

WebResponse Disconnect(const WebVisit& visit, const std::string& id) {
  const std::string& path = visit.request.path;
  if (!visit.session.has_value()) return SeeOther(path);
  absl::StatusOr<WebForm> form = visit.ReadOwnForm(path);
  if (!form.ok()) return visit.ErrorPage(form.status(), path);
  absl::StatusOr<ConnectionAdmin::Revoked> revoked =
      visit.parts.connections.Revoke(
          *visit.directory, visit.session->tenant, visit.session->user,
          ConnectionId(id), /*etag=*/"", visit.Actor(), /*request_id=*/"");
  return revoked.ok() ? SeeOther(path)
                      : visit.ErrorPage(revoked.status(), kConnectionsPath);
}

WebResponse AskToStop(const WebVisit& visit, const std::string&) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  absl::StatusOr<std::vector<ConnectionView>> views =
      visit.parts.connections.ListConnected(visit.session->tenant,
                                            visit.session->user);
  if (!views.ok()) return visit.ErrorPage(views.status(), kConnectionsPath);
  StopPage page;
  page.frame = visit.Frame();
  page.form = visit.Form(visit.request.path);
  page.keep_link = kConnectionsPath;
  page.copies = {absl::InfinitePast(), visit.parts.clock.Now()};
  for (const ConnectionView& view : *views) {
    const Connection& connection = view.connection;
    page.accounts.push_back(
        {.provider = ViewProvider(*visit.directory, connection.provider),
         .account = connection.account_label,
         .provider_link = ""});
    page.copies.until =
        std::max(page.copies.until, CopiesOf(visit, connection).until);
  }
  if (page.accounts.empty()) return SeeOther(kConnectionsPath);
  return Page(200, RenderStop(page));
}

WebResponse StopEverything(const WebVisit& visit, const std::string&) {
  const std::string& path = visit.request.path;
  if (!visit.session.has_value()) return SeeOther(path);
  absl::StatusOr<WebForm> form = visit.ReadOwnForm(path);
  if (!form.ok()) return visit.ErrorPage(form.status(), path);
  absl::StatusOr<std::vector<ConnectionAdmin::Revoked>> revoked =
      visit.parts.connections.RevokeAll(*visit.directory, visit.session->tenant,
                                        visit.session->user, visit.Actor(),
                                        visit.parts.clock.Now() + kPatience);
  if (!revoked.ok()) return visit.ErrorPage(revoked.status(), path);
  // Sent again, there is nothing left to stop.
  if (revoked->empty()) return SeeOther(kConnectionsPath);
  std::vector<std::string> ids;
  for (const ConnectionAdmin::Revoked& one : *revoked) {
    if (ids.size() < kMostTold) ids.push_back(one.view.connection.id.value);
  }
  return SeeOther(absl::StrCat(kStoppedPath, "?", kStoppedOnes, "=",
                               absl::StrJoin(ids, ".")));
}

WebResponse ShowStopped(const WebVisit& visit, const std::string&) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  const std::string ids = visit.Query().Get(kStoppedOnes);
  EverythingStoppedPage page;
  page.frame = visit.Frame();
  page.copies = {absl::InfinitePast(), visit.parts.clock.Now()};
  page.connections_link = kConnectionsPath;
  for (absl::string_view id :
       absl::StrSplit(ids, absl::MaxSplits('.', kMostTold))) {
    absl::StatusOr<ConnectionView> view =
        visit.parts.connections.Get(visit.session->tenant, visit.session->user,
                                    ConnectionId(std::string(id)));
    if (!view.ok()) return visit.ErrorPage(view.status(), kConnectionsPath);
    const Connection& connection = view->connection;
    // Connected again since, and no longer what this page tells of.
    if (connection.state != ConnectionState::kRevoked) continue;
    page.accounts.push_back(ViewEnded(visit, connection));
    page.copies.until =
        std::max(page.copies.until, CopiesOf(visit, connection).until);
  }
  if (page.accounts.empty()) return SeeOther(kConnectionsPath);
  return Page(200, RenderEverythingStopped(page));
}

}  // namespace tokenvault
