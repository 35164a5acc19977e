#include "server/page_parts.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/page_assets.h"
#include "server/page_text.h"

namespace tokenvault {
namespace {

std::string RiskText(ScopeViewRisk risk, const Messages& messages) {
  switch (risk) {
    case ScopeViewRisk::kLow:
      return messages.Say("scope.risk_low");
    case ScopeViewRisk::kMedium:
      return messages.Say("scope.risk_medium");
    case ScopeViewRisk::kHigh:
      return messages.Say("scope.risk_high");
    case ScopeViewRisk::kUnjudged:
      break;
  }
  return "";
}

// Where a person who is signed in may go.
PageData NavigationOf(const PageFrame& frame) {
  struct Place {
    absl::string_view path;
    const char* name_key;
  };
  static constexpr Place kPlaces[] = {
      {kConnectionsPath, "navigation.connections"},
      {kApprovalsPath, "navigation.approvals"},
      {kActivityPath, "navigation.activity"},
      {kOperatorPath, "navigation.operator"}};
  PageData places(PageData::type::list);
  for (const Place& place : kPlaces) {
    if (place.path == kOperatorPath && !frame.is_operator) continue;
    PageData one;
    SetLink("link", std::string(place.path), one);
    const bool counts = place.path == kApprovalsPath && frame.waiting > 0;
    one.set("name", counts ? frame.messages->Say(
                                 "navigation.approvals_waiting",
                                 {{"count", absl::StrCat(frame.waiting)}})
                           : frame.messages->Say(place.name_key));
    one.set("here", frame.here == place.path);
    places << std::move(one);
  }
  return places;
}

}  // namespace

std::string RenderPage(const std::string& name, const PageFrame& frame,
                       const std::string& title, PageData card) {
  const Messages& messages = *frame.messages;
  const std::string brand = PlainName(frame.brand);
  card.set("brand", brand);
  card.set("title", title);
  PageData page;
  page.set("locale", messages.locale());
  page.set("direction", messages.direction());
  page.set("brand", brand);
  page.set("title", title);
  page.set("stylesheet", StyleSheetLink());
  page.set("demo", frame.demo);
  page.set("wide", frame.wide);
  SetIf("person", PlainName(frame.signed_in_as), page);
  if (!frame.signed_in_as.empty()) {
    page.set("has_pages", true);
    page.set("pages", NavigationOf(frame));
  }
  page.set("card", FillTemplate(name, messages, card));
  return FillTemplate("layout", messages, page);
}

void SetForm(const PageForm& form, PageData& data) {
  if (!IsOwnPath(form.path)) return;
  data.set("form_path", form.path);
  data.set("csrf", form.csrf);
}

void SetGuard(bool asks_again, PageData& data) {
  data.set("guard_script", GuardScriptLink());
  data.set("asks_again", asks_again);
}

void SetBack(const ReturnView& back, PageData& data) {
  SetLink("back_link", back.link, data);
  data.set("back_name", PlainName(back.name));
}

void SetAgent(const AgentView& agent, PageData& data) {
  data.set("agent", PlainName(agent.name));
  data.set("identity", PlainText(agent.identity));
  SetIf("owner", PlainName(agent.owner), data);
}

void SetConnectionsLink(const std::string& link, const std::string& name,
                        PageData& data) {
  SetLink("connections_link", link, data);
  data.set("connections_name", PlainText(name));
}

void SetScope(const ScopeView& scope, const Messages& messages,
              PageData& data) {
  data.set("name", PlainText(scope.raw));
  data.set("says", PlainText(scope.says));
  SetIf("risk", RiskText(scope.risk, messages), data);
  data.set("high", scope.risk == ScopeViewRisk::kHigh);
}

void SetScopes(const std::string& name, const std::vector<ScopeView>& scopes,
               const Messages& messages, PageData& data) {
  PageData list(PageData::type::list);
  for (const ScopeView& scope : scopes) {
    PageData one;
    SetScope(scope, messages, one);
    list << std::move(one);
  }
  data.set("has_" + name, !scopes.empty());
  data.set(name, std::move(list));
}

void SetSentences(const std::string& name,
                  const std::vector<std::string>& sentences, PageData& data) {
  PageData list(PageData::type::list);
  for (const std::string& sentence : sentences) {
    PageData one;
    one.set("says", PlainText(sentence));
    list << std::move(one);
  }
  data.set("has_" + name, !sentences.empty());
  data.set(name, std::move(list));
}

}  // namespace tokenvault
