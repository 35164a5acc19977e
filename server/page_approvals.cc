#include "server/page_approvals.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/page_parts.h"
#include "server/page_text.h"
#include "server/page_time.h"
#include "vault/approvers.h"

namespace tokenvault {
namespace {

void SetActs(const std::vector<ActView>& acts, PageData& data) {
  PageData list(PageData::type::list);
  for (const ActView& act : acts) {
    PageData one;
    one.set("type", PlainText(act.type));
    PageData fields(PageData::type::list);
    for (const auto& [name, value] : act.fields) {
      PageData field;
      field.set("name", PlainText(name));
      field.set("value", PlainText(value));
      fields << std::move(field);
    }
    one.set("has_fields", !act.fields.empty());
    one.set("fields", std::move(fields));
    list << std::move(one);
  }
  data.set("has_acts", !acts.empty());
  data.set("acts", std::move(list));
}

std::string MinutesText(absl::Duration duration) {
  return absl::StrCat(
      std::max<int64_t>(1, absl::ToInt64Minutes(duration + absl::Seconds(59))));
}

void SetSubject(const ApprovalSubject& subject, absl::Time now,
                const Messages& messages, PageData& card) {
  SetAgent(subject.agent, card);
  SetIf("tenant", PlainName(subject.tenant), card);
  card.set("asked", AgoText(subject.asked_at, now, messages));
  card.set("provider", PlainName(subject.provider));
  card.set("account", PlainName(subject.account));
  card.set("own_account", subject.own_account);
  SetIf("resource", PlainText(subject.resource), card);
  SetActs(subject.acts, card);
  SetIf("purpose", PlainText(subject.purpose), card);
  SetScopes("scopes", subject.scopes, messages, card);
  if (subject.max_lifetime > absl::ZeroDuration()) {
    card.set("minutes", MinutesText(subject.max_lifetime));
  }
  card.set("rule", PlainText(subject.rule));
}

const char* ReachKey(ApprovalReach reach) {
  switch (reach) {
    case ApprovalReach::kTask:
      return "approval.task";
    case ApprovalReach::kHour:
      return "approval.hour";
    case ApprovalReach::kNone:
    case ApprovalReach::kOnce:
      break;
  }
  return "approval.once";
}

const char* ReachMeansKey(ApprovalReach reach) {
  switch (reach) {
    case ApprovalReach::kTask:
      return "approval.task_means";
    case ApprovalReach::kHour:
      return "approval.hour_means";
    case ApprovalReach::kNone:
    case ApprovalReach::kOnce:
      break;
  }
  return "approval.once_means";
}

const char* WhyLookingOnKey(LookingOn looking_on) {
  switch (looking_on) {
    case LookingOn::kStaleSignIn:
      return "approval.stale_sign_in";
    case LookingOn::kOwnAccount:
      return "approval.own_account";
    case LookingOn::kOwnAgent:
      return "approval.own_agent";
    case LookingOn::kNot:
    case LookingOn::kNotAsked:
      break;
  }
  return "approval.not_asked";
}

const char* EndKey(ApprovalEnd end) {
  switch (end) {
    case ApprovalEnd::kApproved:
      return "approval.title_approved";
    case ApprovalEnd::kRejected:
      return "approval.title_rejected";
    case ApprovalEnd::kCancelled:
      return "approval.title_cancelled";
    case ApprovalEnd::kExpired:
      break;
  }
  return "approval.title_expired";
}

void SetLines(const std::string& name, const std::vector<ApprovalLine>& lines,
              PageData& data) {
  PageData list(PageData::type::list);
  for (const ApprovalLine& line : lines) {
    PageData one;
    SetLink("link", line.link, one);
    one.set("agent", PlainName(line.agent));
    one.set("about", PlainText(line.about));
    one.set("provider", PlainName(line.provider));
    one.set("account", PlainName(line.account));
    one.set("state", line.state);
    list << std::move(one);
  }
  data.set("has_" + name, !lines.empty());
  data.set(name, std::move(list));
}

}  // namespace

std::string RenderApproval(const ApprovalPage& page) {
  const Messages& messages = *page.frame.messages;
  const std::string agent = PlainName(page.subject.agent.name);
  PageData card;
  SetSubject(page.subject, page.now, messages, card);
  card.set("until", MinuteText(page.expires, messages));
  SetIf("error", page.error, card);
  SetLink("approvals_link", page.approvals_link, card);
  const bool decides = page.looking_on == LookingOn::kNot;
  card.set("decides", decides);
  if (decides) {
    SetForm(page.form, card);
    SetGuard(page.not_meant, card);
    card.set("code", PlainText(page.code));
    card.set("more_time", page.may_have_more_time);
    PageData reaches(PageData::type::list);
    for (ApprovalReach reach : page.offered) {
      PageData one;
      one.set("value", std::string(ReachName(reach)));
      one.set("label", messages.Say(ReachKey(reach)));
      one.set("means", messages.Say(ReachMeansKey(reach), {{"agent", agent}}));
      one.set("chosen", reach == page.offered.front());
      reaches << std::move(one);
    }
    card.set("reaches", std::move(reaches));
  } else {
    card.set("why", messages.Say(WhyLookingOnKey(page.looking_on)));
    SetLink("sign_in_link", page.sign_in_link, card);
  }
  return RenderPage("approval", page.frame,
                    messages.Say("approval.title", {{"agent", agent}}),
                    std::move(card));
}

std::string RenderApprovalEnded(const ApprovalEndedPage& page) {
  const Messages& messages = *page.frame.messages;
  const std::string agent = PlainName(page.subject.agent.name);
  PageData card;
  SetSubject(page.subject, page.now, messages, card);
  const bool approved = page.end == ApprovalEnd::kApproved;
  const bool rejected = page.end == ApprovalEnd::kRejected;
  card.set("approved", approved);
  card.set("rejected", rejected);
  card.set("expired", page.end == ApprovalEnd::kExpired);
  card.set("cancelled", page.end == ApprovalEnd::kCancelled);
  if (approved || rejected) {
    card.set("by_reader", page.by_reader);
    card.set("decided", AgoText(page.decided_at, page.now, messages));
    card.set("holds", page.holds_until > page.now);
    card.set("until", MinuteText(page.holds_until, messages));
    card.set("reach", messages.Say(ReachKey(page.reach)));
  }
  SetLink("approvals_link", page.approvals_link, card);
  return RenderPage("approval_ended", page.frame,
                    messages.Say(EndKey(page.end), {{"agent", agent}}),
                    std::move(card));
}

std::string RenderApprovals(const ApprovalsPage& page) {
  PageData card;
  card.set("none", page.waiting.empty() && page.rush.empty());
  SetLines("waiting", page.waiting, card);
  SetLines("rush", page.rush, card);
  SetLines("decided", page.decided, card);
  return RenderPage("approvals", page.frame,
                    page.frame.messages->Say("approvals.title"),
                    std::move(card));
}

}  // namespace tokenvault
