#include "server/web_approvals.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/page_approvals.h"
#include "server/page_consent.h"
#include "server/page_notices.h"
#include "server/page_text.h"
#include "server/page_time.h"
#include "server/web_guard.h"
#include "server/web_session.h"
#include "server/web_sign_in.h"
#include "server/web_views.h"
#include "vault/approval_request.h"

namespace tokenvault {
namespace {

constexpr int kMostWaiting = 50;
constexpr int kMostDecided = 20;

std::string AccountOf(const WebVisit& visit, const Approval& approval) {
  absl::StatusOr<ConnectionView> view = visit.parts.connections.Get(
      approval.tenant, approval.user, approval.connection);
  return view.ok() ? view->connection.account_label : "";
}

ApprovalSubject SubjectOf(const WebVisit& visit, const AskedApproval& asked) {
  const Directory& directory = *visit.directory;
  const Approval& approval = asked.approval;
  ApprovalSubject subject;
  subject.agent = ViewAgent(visit.messages, directory, approval.agent);
  if (const Tenant* tenant = directory.FindTenant(approval.tenant)) {
    subject.tenant = tenant->name;
  }
  subject.own_account = approval.user == visit.session->user;
  subject.provider = ViewProvider(directory, approval.provider);
  subject.account = AccountOf(visit, approval);
  subject.resource = approval.resource;
  for (const DeclaredAct& act : ParseDetails(approval.details)) {
    subject.acts.push_back({act.type, {act.fields.begin(), act.fields.end()}});
  }
  subject.purpose = asked.question.purpose;
  subject.scopes =
      ViewScopes(visit.messages, directory.FindProvider(approval.provider),
                 asked.question.scopes);
  subject.max_lifetime = approval.max_lifetime;
  subject.rule = approval.rule;
  subject.asked_at = approval.create_time;
  return subject;
}

// Whether this reader decides, and why not. STORAGE_*, VAULT_SEALED.
absl::StatusOr<LookingOn> WhyLookingOn(const WebVisit& visit,
                                       const AskedApproval& asked) {
  const Approver reader = visit.AsApprover();
  const absl::Status may = visit.parts.approvals.approvers().CheckMayDecide(
      *visit.directory, asked.approval, reader);
  if (may.ok()) {
    return visit.parts.clock.Now() - reader.auth_time > Approvals::kFreshSignIn
               ? LookingOn::kStaleSignIn
               : LookingOn::kNot;
  }
  if (!HasReason(may, "APPROVER_NOT_ALLOWED")) return may;
  const std::string problem = MetadataOf(may, "problem");
  if (problem == "own_account") return LookingOn::kOwnAccount;
  if (problem == "own_agent") return LookingOn::kOwnAgent;
  return LookingOn::kNotAsked;
}

// What was wrong with the last try, if there was one.
struct LastTry {
  int status = 200;
  std::string error;
  bool not_meant = false;
};

WebResponse OpenApprovalPage(const WebVisit& visit, const AskedApproval& asked,
                             const LastTry& last_try = {}) {
  absl::StatusOr<LookingOn> looking_on = WhyLookingOn(visit, asked);
  if (!looking_on.ok()) return visit.ErrorPage(looking_on.status(), "");
  const std::string path = visit.LinkTo(asked.question.id);
  ApprovalPage page;
  page.frame = visit.Frame();
  page.form = visit.Form(path);
  page.subject = SubjectOf(visit, asked);
  page.code = asked.question.user_code;
  page.now = visit.parts.clock.Now();
  page.expires = asked.question.expire_time;
  page.may_have_more_time =
      asked.approval.extensions < Approvals::kMaxExtensions;
  page.offered = OfferedReaches(*visit.directory, asked.approval);
  page.looking_on = *looking_on;
  if (page.looking_on == LookingOn::kStaleSignIn) {
    page.sign_in_link = SignInLinkFor(visit, asked.question);
  }
  page.approvals_link = kApprovalsPath;
  page.error = last_try.error;
  page.not_meant = last_try.not_meant;
  return Page(last_try.status, RenderApproval(page));
}

ApprovalEnd EndOf(InteractionState state) {
  switch (state) {
    case InteractionState::kCompleted:
      return ApprovalEnd::kApproved;
    case InteractionState::kDenied:
    case InteractionState::kRefused:
      return ApprovalEnd::kRejected;
    case InteractionState::kCancelled:
      return ApprovalEnd::kCancelled;
    case InteractionState::kPending:
    case InteractionState::kExpired:
      break;
  }
  return ApprovalEnd::kExpired;
}

WebResponse EndedApprovalPage(const WebVisit& visit,
                              const AskedApproval& asked) {
  ApprovalEndedPage page;
  page.frame = visit.Frame();
  page.subject = SubjectOf(visit, asked);
  page.end = EndOf(asked.question.state);
  page.by_reader = asked.approval.decided_by == visit.session->user;
  page.reach = asked.approval.reach;
  page.decided_at = asked.approval.decide_time;
  page.holds_until = asked.approval.end_time;
  page.now = visit.parts.clock.Now();
  page.approvals_link = kApprovalsPath;
  return Page(200, RenderApprovalEnded(page));
}

// The approval behind a link, for who may see it; a page for anybody else.
absl::StatusOr<AskedApproval> Open(const WebVisit& visit,
                                   const Interaction& question) {
  return visit.parts.approvals.Open(*visit.directory, question,
                                    visit.AsApprover());
}

WebResponse NotOpened(const WebVisit& visit, const absl::Status& why) {
  if (!HasReason(why, "RESOURCE_DENIED")) return visit.ErrorPage(why, "");
  OtherPersonPage page;
  page.frame = visit.Frame();
  page.sign_out = visit.Form("/signout");
  page.still_open = true;
  return Page(403, RenderOtherPerson(page));
}

ApprovalReach ReadReach(const std::string& value) {
  for (ApprovalReach reach :
       {ApprovalReach::kOnce, ApprovalReach::kTask, ApprovalReach::kHour}) {
    if (value == ReachName(reach)) return reach;
  }
  return ApprovalReach::kNone;
}

// What the form says; a last try when it does not say it.
struct Said {
  Approvals::Ruling ruling;
  std::optional<LastTry> problem;
};

Said ReadRuling(const WebVisit& visit, WebForm form,
                const AskedApproval& asked) {
  Said said;
  const std::string decision = form[kFieldDecision];
  if (decision == kDecisionReject) return said;
  if (decision == kDecisionRejectAndPause) {
    said.ruling.verdict = Approvals::Verdict::kRejectAndPause;
    return said;
  }
  if (decision != kDecisionApprove) {
    said.problem = LastTry{400, visit.messages.Say("approval.choose")};
    return said;
  }
  said.ruling.verdict = Approvals::Verdict::kApprove;
  said.ruling.reach = ReadReach(form[kFieldReach]);
  const std::vector<ApprovalReach> offered =
      OfferedReaches(*visit.directory, asked.approval);
  if (std::find(offered.begin(), offered.end(), said.ruling.reach) ==
      offered.end()) {
    said.problem = LastTry{400, visit.messages.Say("approval.choose_reach")};
  } else if (!IsMeant(form, asked.question.user_code)) {
    said.problem = LastTry{400, NotMeantText(visit, asked.approval.agent),
                           /*not_meant=*/true};
  }
  return said;
}

WebResponse GiveMoreTime(const WebVisit& visit, const AskedApproval& asked) {
  absl::StatusOr<AskedApproval> longer = visit.parts.approvals.AskForMoreTime(
      *visit.directory, asked, visit.AsApprover());
  if (HasReason(longer.status(), "FIELD_INVALID")) {
    const std::string agent =
        ViewAgent(visit.messages, *visit.directory, asked.approval.agent).name;
    return OpenApprovalPage(
        visit, asked,
        {400, visit.messages.Say("approval.no_more_time",
                                 {{"agent", PlainName(agent)}})});
  }
  return longer.ok() ? SeeOther(visit.request.path)
                     : visit.ErrorPage(longer.status(), visit.request.path);
}

// ------------------------------------------------------------------ the list
// --

std::string StateText(const WebVisit& visit, const AskedApproval& asked) {
  const Messages& messages = visit.messages;
  const std::string decided =
      AgoText(asked.approval.decide_time, visit.parts.clock.Now(), messages);
  switch (EndOf(asked.question.state)) {
    case ApprovalEnd::kApproved:
      return messages.Say("approvals.approved", {{"decided", decided}});
    case ApprovalEnd::kRejected:
      return messages.Say("approvals.rejected", {{"decided", decided}});
    case ApprovalEnd::kCancelled:
      return messages.Say("approvals.cancelled");
    case ApprovalEnd::kExpired:
      break;
  }
  return messages.Say("approvals.expired");
}

ApprovalLine LineOf(const WebVisit& visit, const AskedApproval& asked) {
  const ApprovalSubject subject = SubjectOf(visit, asked);
  ApprovalLine line;
  line.link = visit.LinkTo(asked.question.id);
  line.agent = subject.agent.name;
  if (!subject.acts.empty()) {
    line.about = subject.acts.front().type;
  } else if (!subject.scopes.empty()) {
    line.about = subject.scopes.front().says;
  }
  line.provider = subject.provider;
  line.account = subject.account;
  if (asked.question.state == InteractionState::kPending) {
    absl::StatusOr<LookingOn> looking_on = WhyLookingOn(visit, asked);
    const bool answers =
        looking_on.ok() && (*looking_on == LookingOn::kNot ||
                            *looking_on == LookingOn::kStaleSignIn);
    line.state = visit.messages.Say(
        answers ? "approvals.until" : "approvals.until_other",
        {{"until", MinuteText(asked.question.expire_time, visit.messages)}});
  } else {
    line.state = StateText(visit, asked);
  }
  return line;
}

}  // namespace

WebResponse ShowApprovals(const WebVisit& visit, const std::string&) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  const Approver reader = visit.AsApprover();
  Approvals& approvals = visit.parts.approvals;
  absl::StatusOr<std::vector<AskedApproval>> waiting =
      approvals.List(*visit.directory, reader, InteractionState::kPending,
                     InteractionId(), kMostWaiting);
  if (!waiting.ok()) return visit.ErrorPage(waiting.status(), kApprovalsPath);
  absl::StatusOr<std::vector<AskedApproval>> latest =
      approvals.List(*visit.directory, reader, std::nullopt, InteractionId(),
                     kMostWaiting + kMostDecided);
  if (!latest.ok()) return visit.ErrorPage(latest.status(), kApprovalsPath);

  ApprovalsPage page;
  page.frame = visit.FrameOf(kApprovalsPath);
  for (const AskedApproval& asked : *waiting) {
    (asked.approval.quiet ? page.rush : page.waiting)
        .push_back(LineOf(visit, asked));
  }
  for (const AskedApproval& asked : *latest) {
    if (asked.question.state == InteractionState::kPending) continue;
    if (page.decided.size() == kMostDecided) break;
    page.decided.push_back(LineOf(visit, asked));
  }
  return Page(200, RenderApprovals(page));
}

std::optional<Interaction> FindApproval(const WebVisit& visit,
                                        const std::string& link_id) {
  absl::StatusOr<Interaction> found =
      visit.parts.interactions.FindByLink(link_id);
  if (!found.ok() || found->kind != InteractionKind::kApproval) {
    return std::nullopt;
  }
  return *std::move(found);
}

WebResponse ShowApproval(const WebVisit& visit, const Interaction& question) {
  if (!visit.session.has_value()) return AskWhoAnswers(visit, question);
  absl::StatusOr<AskedApproval> asked = Open(visit, question);
  if (!asked.ok()) return NotOpened(visit, asked.status());
  return asked->question.state == InteractionState::kPending
             ? OpenApprovalPage(visit, *asked)
             : EndedApprovalPage(visit, *asked);
}

WebResponse AnswerApproval(const WebVisit& visit, const Interaction& question) {
  const std::string& path = visit.request.path;
  // Signed out meanwhile: nothing was decided, the link still works.
  if (!visit.session.has_value()) return SeeOther(path);
  absl::StatusOr<WebForm> form = visit.ReadOwnForm(path);
  if (!form.ok()) return visit.ErrorPage(form.status(), path);
  absl::StatusOr<AskedApproval> asked = Open(visit, question);
  if (!asked.ok()) return NotOpened(visit, asked.status());
  // Over meanwhile: the page says how.
  if (asked->question.state != InteractionState::kPending) {
    return SeeOther(path);
  }
  if ((*form)[kFieldDecision] == kDecisionMoreTime) {
    return GiveMoreTime(visit, *asked);
  }
  const Said said = ReadRuling(visit, *std::move(form), *asked);
  if (said.problem.has_value()) {
    return OpenApprovalPage(visit, *asked, *said.problem);
  }
  absl::StatusOr<AskedApproval> decided = visit.parts.approvals.Decide(
      *visit.directory, *asked, visit.AsApprover(), said.ruling);
  if (decided.ok()) return SeeOther(path);
  const std::string reason = ReasonOf(decided.status());
  if (reason == "APPROVER_NOT_ALLOWED") {
    return OpenApprovalPage(visit, *asked, {403, ""});
  }
  // Somebody else was first, or the time ran out: the page says which.
  if (reason == "INTERACTION_USED" || reason == "INTERACTION_DENIED" ||
      reason == "INTERACTION_EXPIRED") {
    return SeeOther(path);
  }
  return visit.ErrorPage(decided.status(), path);
}

}  // namespace tokenvault
