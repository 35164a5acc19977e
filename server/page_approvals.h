#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "server/page_frame.h"
#include "storage/records.h"

// What waits for a person's word, and what they said.
namespace tokenvault {

inline constexpr char kFieldReach[] = "reach";  // "once", "task", "hour"
inline constexpr char kDecisionApprove[] = "approve";
inline constexpr char kDecisionReject[] = "reject";
inline constexpr char kDecisionRejectAndPause[] = "reject_and_pause";
inline constexpr char kDecisionMoreTime[] = "more_time";

// One act that the agent declares: outside text, names and all.
struct ActView {
  std::string type;  // "calendar.event.create"
  std::vector<std::pair<std::string, std::string>> fields;
};

// What a question is about, as long as it is open and after.
struct ApprovalSubject {
  AgentView agent;
  std::string tenant;
  bool own_account = true;  // or that of another person
  std::string provider;
  std::string account;
  std::string resource;  // "" when the request names none
  std::vector<ActView> acts;
  std::string purpose;  // the agent's own words; "" for none
  std::vector<ScopeView> scopes;
  absl::Duration max_lifetime;  // of a token; zero when policy sets none
  std::string rule;
  absl::Time asked_at;
};

// Why somebody sees a question and cannot answer it.
enum class LookingOn { kNot, kStaleSignIn, kOwnAccount, kOwnAgent, kNotAsked };

struct ApprovalPage {
  PageFrame frame;
  // POST: csrf, decision, reach, guard or typed_code.
  PageForm form;
  ApprovalSubject subject;
  std::string code;
  absl::Time now;
  absl::Time expires;
  bool may_have_more_time = false;
  std::vector<ApprovalReach> offered;
  LookingOn looking_on = LookingOn::kNot;
  std::string sign_in_link;  // for kStaleSignIn
  std::string approvals_link;
  std::string error;       // a sentence about the last try; "" for none
  bool not_meant = false;  // the last try was a yes without its guard
};
std::string RenderApproval(const ApprovalPage& page);

enum class ApprovalEnd { kApproved, kRejected, kExpired, kCancelled };

struct ApprovalEndedPage {
  PageFrame frame;
  ApprovalSubject subject;
  ApprovalEnd end = ApprovalEnd::kExpired;
  bool by_reader = false;  // decided by who looks at it
  ApprovalReach reach = ApprovalReach::kNone;
  absl::Time decided_at;
  absl::Time holds_until;  // of a yes, and of a no
  absl::Time now;
  std::string approvals_link;
};
std::string RenderApprovalEnded(const ApprovalEndedPage& page);

struct ApprovalLine {
  std::string link;
  std::string agent;
  std::string about;  // "calendar.event.create", or what the permission is
  std::string provider;
  std::string account;
  std::string state;  // a sentence: "Waiting, until 14:07"
};

struct ApprovalsPage {
  PageFrame frame;
  std::vector<ApprovalLine> waiting;
  // Asked in one rush, and not told of one by one: shown together.
  std::vector<ApprovalLine> rush;
  std::vector<ApprovalLine> decided;
};
std::string RenderApprovals(const ApprovalsPage& page);

}  // namespace tokenvault
