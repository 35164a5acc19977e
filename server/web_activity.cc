#include "server/web_activity.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/csv_table.h"
#include "server/web_sign_in.h"
#include "server/web_views.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

using Actor = ActivityEntry::Actor;

constexpr int kLinesOfAPage = 50;
// Of a table, the newest; some agents ask all day.
constexpr size_t kMostRows = 10'000;
constexpr int kRowsAtATime = 500;

// Which sentence tells of a leaf; those that are not in here are told of as
// "something else".
const char* SentenceOf(const std::string& kind) {
  static const auto* const kSentences = new std::map<std::string, const char*>{
      {audit_kind::kTokenGranted, "activity.token_granted"},
      {audit_kind::kTokenDenied, "activity.token_denied"},
      {audit_kind::kTokenRejected, "activity.token_rejected"},
      {audit_kind::kConsentAsked, "activity.consent_asked"},
      {audit_kind::kConsentOpened, "activity.consent_opened"},
      {audit_kind::kConsentAllowed, "activity.consent_allowed"},
      {audit_kind::kConsentDenied, "activity.consent_denied"},
      {audit_kind::kConsentCancelled, "activity.consent_cancelled"},
      {audit_kind::kApprovalAsked, "activity.approval_asked"},
      {audit_kind::kApprovalGiven, "activity.approval_given"},
      {audit_kind::kApprovalDenied, "activity.approval_denied"},
      {audit_kind::kApprovalExtended, "activity.approval_extended"},
      {audit_kind::kApprovalRefused, "activity.approval_refused"},
      {audit_kind::kApprovalCancelled, "activity.approval_cancelled"},
      {audit_kind::kSignedIn, "activity.signed_in"},
      {audit_kind::kSignInRefused, "activity.sign_in_refused"},
      {audit_kind::kConnectConfirmed, "activity.connect_confirmed"},
      {audit_kind::kConnectUserMismatch, "activity.user_mismatch"},
      {audit_kind::kConnectRefused, "activity.connect_refused"},
      {audit_kind::kConnectFailed, "activity.connect_failed"},
      {audit_kind::kConnectionCreated, "activity.connection_created"},
      {audit_kind::kConnectionRenewed, "activity.connection_renewed"},
      {audit_kind::kConnectionReplaced, "activity.connection_replaced"},
      {audit_kind::kConnectionChanged, "activity.connection_changed"},
      {audit_kind::kConnectionRevoked, "activity.connection_revoked"},
      {audit_kind::kUpstreamRevoked, "activity.upstream_revoked"},
      {audit_kind::kRefreshSucceeded, "activity.refresh_succeeded"},
      {audit_kind::kRefreshFailed, "activity.refresh_failed"},
      {audit_kind::kGrantGone, "activity.grant_gone"},
      {audit_kind::kGrantDoubted, "activity.grant_doubted"},
      {audit_kind::kRestoredStale, "activity.restored_stale"},
      {audit_kind::kConnectionResealed, "activity.key_changed"},
      {audit_kind::kErasureStarted, "activity.erasure_started"}};
  auto found = kSentences->find(kind);
  return found == kSentences->end() ? "activity.other" : found->second;
}

std::string WhoOf(const WebVisit& visit, const ActivityEntry& entry) {
  switch (entry.actor) {
    case Actor::kPerson:
      return visit.messages.Say("activity.you");
    case Actor::kAgent:
      return ViewAgent(visit.messages, *visit.directory, entry.agent).name;
    case Actor::kOperator:
      return visit.messages.Say("activity.operator");
    case Actor::kVault:
      return visit.messages.Say("activity.vault");
    case Actor::kSomeoneElse:
      break;
  }
  return visit.messages.Say("activity.someone");
}

// For programs: the same in every language.
std::string ActorNameOf(const ActivityEntry& entry) {
  switch (entry.actor) {
    case Actor::kPerson:
      return "you";
    case Actor::kAgent:
      return absl::StrCat("agents/", entry.agent.value);
    case Actor::kOperator:
      return "operator";
    case Actor::kVault:
      return "vault";
    case Actor::kSomeoneElse:
      break;
  }
  return "someone";
}

std::string OutcomeOf(const Messages& messages, const ActivityEntry& entry) {
  if (entry.reason == "CONSENT_REQUIRED" ||
      entry.reason == "APPROVAL_REQUIRED") {
    return messages.Say("activity.asked");
  }
  if (entry.outcome == "denied") return messages.Say("activity.denied");
  if (entry.outcome == "error") return messages.Say("activity.error");
  return "";
}

// What accounts of the person are called, each looked up once. Of one that is
// gone, or was never theirs, nothing is known.
class AccountNames {
 public:
  explicit AccountNames(const WebVisit& visit) : visit_(visit) {}

  absl::StatusOr<std::string> Of(const ConnectionId& id) {
    if (id.empty()) return "";
    auto known = names_.find(id);
    if (known != names_.end()) return known->second;
    absl::StatusOr<ConnectionView> view = visit_.parts.connections.Get(
        visit_.session->tenant, visit_.session->user, id);
    if (!view.ok() && !HasReason(view.status(), "RESOURCE_DENIED")) {
      return view.status();
    }
    return names_[id] = view.ok() ? view->connection.account_label : "";
  }

 private:
  const WebVisit& visit_;
  std::map<ConnectionId, std::string> names_;
};

ActivityLine LineOf(const WebVisit& visit, const std::string& account,
                    const ActivityEntry& entry) {
  const Directory& directory = *visit.directory;
  ActivityLine line;
  line.time = entry.time;
  line.what = visit.messages.Say(SentenceOf(entry.kind));
  line.who = WhoOf(visit, entry);
  if (!entry.provider.empty()) {
    line.provider = ViewProvider(directory, entry.provider);
  }
  line.account = account;
  // Elsewhere they are what the account granted, whoever may use it.
  if (absl::StartsWith(entry.kind, "token.") ||
      absl::StartsWith(entry.kind, "consent.") ||
      absl::StartsWith(entry.kind, "approval.")) {
    line.scopes = ViewScopes(
        visit.messages, directory.FindProvider(entry.provider), entry.scopes);
  }
  line.purpose = entry.purpose;
  line.outcome = OutcomeOf(visit.messages, entry);
  return line;
}

std::vector<std::string> RowOf(const std::string& account,
                               const ActivityEntry& entry) {
  return {
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", entry.time, absl::UTCTimeZone()),
      entry.kind,
      ActorNameOf(entry),
      entry.provider.value,
      account,
      entry.connection.value,
      entry.scopes.ToString(),
      entry.purpose,
      entry.outcome,
      entry.reason,
      entry.token_id};
}

}  // namespace

absl::StatusOr<ActivityView> ViewActivity(const WebVisit& visit,
                                          const ConnectionId& connection) {
  uint64_t before = 0;
  // Whatever else stands there begins at the newest.
  if (!absl::SimpleAtoi(visit.Query().Get("before"), &before)) before = 0;
  absl::StatusOr<Activity::Page> page =
      visit.parts.activity.List(visit.session->tenant, visit.session->user,
                                connection, before, kLinesOfAPage);
  if (!page.ok()) return page.status();
  AccountNames accounts(visit);
  ActivityView view;
  for (const ActivityEntry& entry : page->entries) {
    absl::StatusOr<std::string> account = accounts.Of(entry.connection);
    if (!account.ok()) return account.status();
    view.lines.push_back(LineOf(visit, *account, entry));
    // The page is about nothing else.
    if (!connection.empty()) {
      view.lines.back().provider.clear();
      view.lines.back().account.clear();
    }
  }
  const std::string& path = visit.request.path;
  if (before > 0) view.newest_link = path;
  if (page->older > 0) {
    view.older_link = absl::StrCat(path, "?before=", page->older);
  }
  if (!view.lines.empty()) {
    view.csv_link =
        absl::StrCat(path, connection.empty() ? ".csv" : "/activity.csv");
  }
  return view;
}

WebResponse ShowActivity(const WebVisit& visit, const std::string&) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  absl::StatusOr<ActivityView> activity = ViewActivity(visit, ConnectionId());
  if (!activity.ok()) {
    return visit.ErrorPage(activity.status(), kActivityPath);
  }
  return Page(200, RenderActivity(
                       {visit.FrameOf(kActivityPath), *std::move(activity)}));
}

WebResponse DownloadActivity(const WebVisit& visit, const std::string& id) {
  if (!visit.session.has_value()) return AskWhoVisits(visit);
  const WebSession& session = *visit.session;
  if (!id.empty()) {
    absl::StatusOr<ConnectionView> view = visit.parts.connections.Get(
        session.tenant, session.user, ConnectionId(id));
    if (!view.ok()) return visit.ErrorPage(view.status(), kActivityPath);
  }
  AccountNames accounts(visit);
  CsvTable table({"time", "event", "who", "provider", "account", "connection",
                  "scopes", "purpose", "outcome", "reason", "token_id"});
  uint64_t before = 0;
  for (size_t rows = 0; rows < kMostRows; rows += kRowsAtATime) {
    absl::StatusOr<Activity::Page> page = visit.parts.activity.List(
        session.tenant, session.user, ConnectionId(id), before, kRowsAtATime);
    if (!page.ok()) return visit.ErrorPage(page.status(), kActivityPath);
    for (const ActivityEntry& entry : page->entries) {
      absl::StatusOr<std::string> account = accounts.Of(entry.connection);
      if (!account.ok()) {
        return visit.ErrorPage(account.status(), kActivityPath);
      }
      table.Add(RowOf(*account, entry));
    }
    before = page->older;
    if (before == 0) break;
  }
  WebResponse response;
  response.content_type = "text/csv; charset=utf-8";
  response.headers.emplace_back("Content-Disposition",
                                "attachment; filename=\"activity.csv\"");
  response.body = std::move(table).Take();
  return response;
}

}  // namespace tokenvault
