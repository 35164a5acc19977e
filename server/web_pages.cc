#include "server/web_pages.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "server/pages.h"
#include "server/web_consent.h"
#include "server/web_my_connections.h"
#include "server/web_outcome.h"
#include "server/web_session.h"
#include "server/web_sign_in.h"

namespace tokenvault {
namespace {

// The part of `path` after `prefix`, if it is one segment.
std::optional<std::string> Segment(absl::string_view path,
                                   absl::string_view prefix) {
  if (!absl::ConsumePrefix(&path, prefix)) return std::nullopt;
  if (path.empty() || absl::StrContains(path, "/")) return std::nullopt;
  return std::string(path);
}

}  // namespace

WebPages::WebPages(WebParts parts, const DirectoryHolder& directory,
                   WorkerPool& pool)
    : parts_(parts), directory_(directory), pool_(pool) {}

void WebPages::Handle(WebRequest request, WebRespond respond) {
  const std::string public_url = directory_.Get()->public_url;
  if (request.path == kStyleSheetPath) {
    WebResponse response = StyleSheetResponse();
    return respond(std::move(response));
  }
  // Shared, so that a refused job still leaves the respond to us.
  auto answer = std::make_shared<WebRespond>(std::move(respond));
  bool taken = pool_.Submit(
      [this, public_url, answer, request = std::move(request)]() mutable {
        WebResponse response = Route(request);
        AddPageHeaders(public_url, response);
        (*answer)(std::move(response));
      });
  if (!taken) {
    WebResponse response =
        Page(503, RenderWentWrong({PageFrame(), "busy", /*retry_link=*/""}));
    AddPageHeaders(public_url, response);
    (*answer)(std::move(response));
  }
}

WebResponse WebPages::Route(const WebRequest& request) {
  std::shared_ptr<const Directory> directory = directory_.Get();
  const bool https = absl::StartsWith(directory->public_url, "https://");
  WebVisit visit{request, parts_, directory, BrowserCookies(https),
                 std::nullopt};
  absl::StatusOr<std::optional<WebSession>> session = parts_.sign_in.Find(
      visit.cookies.Read(request, kSessionCookie).value_or(""));
  if (!session.ok()) return visit.ErrorPage(session.status(), "");
  visit.session = *std::move(session);

  const bool get = request.method == "GET";
  const bool post = request.method == "POST";
  absl::string_view path = request.path;
  if (auto link = Segment(path, "/c/")) {
    if (get) return ShowQuestion(visit, *link);
    if (post) return AnswerQuestion(visit, *link);
  }
  if (auto flow = Segment(path, "/go/"); flow && get) {
    return LeaveForProvider(visit, *flow);
  }
  if (auto context = Segment(path, "/cb/"); context && get) {
    return ReturnFromProvider(visit, *context);
  }
  if (auto interaction = Segment(path, "/done/")) {
    if (get) return ShowOutcome(visit, *interaction);
    if (post) return ChangeOutcome(visit, *interaction);
  }
  if (auto trip = Segment(path, "/account/")) {
    if (get) return AskWhichAccount(visit, *trip);
    if (post) return ChooseAccount(visit, *trip);
  }
  if (get && absl::ConsumeSuffix(&path, "/start")) {
    if (auto tenant = Segment(path, "/signin/")) {
      return StartSignIn(visit, *tenant);
    }
  } else if (auto tenant = Segment(path, "/signin/"); tenant && get) {
    return FinishSignIn(visit, *tenant);
  }
  if (path == "/me" && get) return ShowConnections(visit);
  if (path == "/me" && post) return Disconnect(visit);
  if (path == "/signout" && post) return SignOut(visit);
  return Page(404, RenderNotFound({visit.Frame()}));
}

}  // namespace tokenvault
