#include "server/web_pages.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "oauth/url.h"
#include "server/page_assets.h"
#include "server/page_headers.h"
#include "server/page_notices.h"
#include "server/web_activity.h"
#include "server/web_approvals.h"
#include "server/web_consent.h"
#include "server/web_disconnect.h"
#include "server/web_language.h"
#include "server/web_my_connections.h"
#include "server/web_operator.h"
#include "server/web_outcome.h"
#include "server/web_session.h"
#include "server/web_sign_in.h"

namespace tokenvault {
namespace {

// A page of people: "<prefix><segment><suffix>", or the prefix alone. None of
// them answers HEAD: most change something when they are looked at, and what
// asks with HEAD is a link preview or a scanner, never a person.
struct PageRoute {
  absl::string_view prefix;
  absl::string_view suffix;
  bool has_segment;
  PageAnswer get;
  PageAnswer post;
};

constexpr PageRoute kRoutes[] = {
    {"/c/", "", true, ShowQuestion, AnswerQuestion},
    {"/go/", "", true, LeaveForProvider, nullptr},
    {"/cb/", "", true, ReturnFromProvider, nullptr},
    {"/done/", "", true, ShowOutcome, ChangeOutcome},
    {"/account/", "", true, AskWhichAccount, ChooseAccount},
    {"/signin/", "/start", true, StartSignIn, nullptr},
    {"/signin/", "", true, FinishSignIn, nullptr},
    {kConnectionsPath, "", false, ShowConnections, ChangeConnection},
    {kActivityPath, "", false, ShowActivity, nullptr},
    {"/me/activity.csv", "", false, DownloadActivity, nullptr},
    {kStopPath, "", false, AskToStop, StopEverything},
    {kStoppedPath, "", false, ShowStopped, nullptr},
    {"/me/", "", true, ShowConnection, ChangeConnection},
    {"/me/", "/disconnect", true, AskToDisconnect, Disconnect},
    {"/me/", "/activity.csv", true, DownloadActivity, nullptr},
    {kApprovalsPath, "", false, ShowApprovals, nullptr},
    {kOperatorPath, "", false, ShowOperator, nullptr},
    {"/signout", "", false, nullptr, SignOut},
};

constexpr char kLanguageCookie[] = "tv_lang";

LanguageWishes WishesOf(const WebRequest& request,
                        const BrowserCookies& cookies) {
  LanguageWishes wishes;
  if (auto parameters = ParseQuery(request.query); parameters.ok()) {
    for (const auto& [name, value] : *parameters) {
      if (name == "ui_locales") wishes.ui_locales = value;
    }
  }
  wishes.chosen_before = cookies.Read(request, kLanguageCookie).value_or("");
  wishes.accept_language = request.Header("Accept-Language");
  return wishes;
}

std::optional<std::string> SegmentOf(const PageRoute& route,
                                     absl::string_view path) {
  if (!absl::ConsumePrefix(&path, route.prefix) ||
      !absl::ConsumeSuffix(&path, route.suffix)) {
    return std::nullopt;
  }
  if (path.empty() == route.has_segment || absl::StrContains(path, "/")) {
    return std::nullopt;
  }
  return std::string(path);
}

}  // namespace

WebPages::WebPages(WebParts parts, const DirectoryHolder& directory,
                   WorkerPool& pool)
    : parts_(parts), directory_(directory), pool_(pool) {
  PageLanguages();  // what is wrong with one shows at start
}

void WebPages::Handle(WebRequest request, WebRespond respond) {
  if (std::optional<WebResponse> asset = FindAsset(request.path)) {
    return respond(request.method == "GET" || request.method == "HEAD"
                       ? *std::move(asset)
                       : WrongMethod("GET, HEAD"));
  }
  const std::string public_url = directory_.Get()->public_url;
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
  for (const PageRoute& route : kRoutes) {
    std::optional<std::string> segment = SegmentOf(route, request.path);
    if (!segment.has_value()) continue;
    // Where there are no operators, it is an address like any other.
    if (route.get == ShowOperator && !directory_.Get()->operators) continue;
    auto answer = request.method == "GET"    ? route.get
                  : request.method == "POST" ? route.post
                                             : nullptr;
    if (answer != nullptr) return Visit(request, answer, *segment);
    return WrongMethod(route.get == nullptr    ? "POST"
                       : route.post == nullptr ? "GET"
                                               : "GET, POST");
  }
  return Visit(
      request,
      [](const WebVisit& visit, const std::string&) {
        return Page(404, RenderNotFound({visit.Frame()}));
      },
      "");
}

WebResponse WebPages::Visit(const WebRequest& request, PageAnswer answer,
                            const std::string& segment) {
  std::shared_ptr<const Directory> directory = directory_.Get();
  const BrowserCookies cookies(
      absl::StartsWith(directory->public_url, "https://"));
  const LanguageWishes wishes = WishesOf(request, cookies);
  WebVisit visit{request,      parts_,
                 directory,    cookies,
                 std::nullopt, ChooseLanguage(wishes, directory->dev_mode)};
  if (parts_.seal.sealed()) return visit.ErrorPage(errors::VaultSealed(), "");
  absl::StatusOr<std::optional<WebSession>> session = parts_.sign_in.Find(
      visit.cookies.Read(request, kSessionCookie).value_or(""));
  if (!session.ok()) return visit.ErrorPage(session.status(), "");
  visit.session = *std::move(session);

  WebResponse response = answer(visit, segment);
  // What was named in one link holds for the pages after it.
  if (const Messages* named = NamedLanguage(wishes.ui_locales)) {
    cookies.Set(response, kLanguageCookie, named->locale(), SignIn::kAbsolute);
  }
  return response;
}

}  // namespace tokenvault
