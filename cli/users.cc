#include "cli/users.h"

#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/humanize.h"
#include "cli/operation_watch.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

constexpr char kAgain[] =
    "what is gone stays gone; run it again to go on, until it says that it is "
    "done";

v1::EraseUserRequest RequestFor(const std::string& user) {
  v1::EraseUserRequest request;
  if (absl::StartsWith(user, "users/")) {
    request.set_user(user);
  } else {
    request.set_user_id(user);
  }
  return request;
}

bool IsNobody(const v1::Operation& preview) {
  return preview.erased().people() == 0;
}

std::string KeptOf(const v1::Erased& kept) {
  return absl::StrCat(
      Counted(kept.connections(), "connection", "connections"), ", ",
      Counted(kept.agent_grants(), "agent's access", "agents' accesses"), ", ",
      Counted(kept.interactions(), "question", "questions"), ", ",
      Counted(kept.web_sessions(), "session", "sessions"));
}

absl::StatusOr<bool> ConfirmedErasure(Session& session, const std::string& user,
                                      const v1::Erased& kept) {
  const std::string name = SanitizeLine(user);
  return session.Confirmed(
      absl::StrCat("This erases ", name, ": ", KeptOf(kept),
                   ". The connections end at the providers too. It cannot be "
                   "undone."),
      absl::StrCat("erase ", name));
}

int FinishErasure(Session& session, const std::string& user,
                  const v1::Operation& ended) {
  const v1::Revocations& counts = ended.revocations();
  const bool whole = counts.confirmed() == counts.ended();
  const bool printed = session.PrintedOneFor(ended);
  if (!ended.error_reason().empty()) {
    session.terminal().Complain(
        absl::StrCat("the erasure did not end: ", ended.error_reason()),
        kAgain);
    return kExitServerSaidNo;
  }
  if (printed) return whole ? kExitDone : kExitCheckFailed;
  if (IsNobody(ended)) {
    session.terminal().Print(
        absl::StrCat("Nothing is kept of ", SanitizeLine(user),
                     ", and nothing of anybody who was erased before is in the "
                     "files.\n"));
    return kExitDone;
  }
  Facts facts(kBarLabelWidth);
  facts.Add("Erased", {KeptOf(ended.erased())});
  facts.Add("Data key", {"shredded: nothing that it sealed opens again"});
  facts.Add("Confirmed",
            {absl::StrCat(Grouped(counts.confirmed()), " by the provider")});
  if (counts.pending() > 0) {
    facts.Add("Not answered",
              {absl::StrCat(Grouped(counts.pending()),
                            "; nobody tells the provider again")});
  }
  if (counts.unsupported() + counts.failed() > 0) {
    facts.Add("By hand",
              {absl::StrCat(Grouped(counts.unsupported()),
                            " where the provider cannot be told, ",
                            Grouped(counts.failed()), " where it said no")});
  }
  session.terminal().Print(facts.ToText(session.terminal()));
  for (const std::string& line : counts.by_hand()) {
    session.terminal().Print(absl::StrCat("  ", SanitizeLine(line), "\n"));
  }
  session.terminal().Print(
      "Backups of before hold them until the master keys of that time are "
      "destroyed: 'tokenvault key rotate', then 'key destroy'.\n");
  return whole ? kExitDone : kExitCheckFailed;
}

}  // namespace

int RunUserErase(Session& session, const UserEraseOptions& options) {
  v1::EraseUserRequest request = RequestFor(options.user);
  request.set_validate_only(true);
  auto preview = session.daemon().Call(&Channel::Admin::EraseUser, request);
  if (!preview.ok()) return session.Fail(preview.status());
  if (!options.yes && !IsNobody(*preview)) {
    if (!session.terminal().in_is_terminal()) {
      return session.FailUsage(
          "erasing cannot be undone, and nobody can be asked", "give --yes");
    }
    auto confirmed = ConfirmedErasure(session, options.user, preview->erased());
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) {
      return session.FailUsage("that is not it; nothing was erased");
    }
  }
  // Also for nobody: an erasure that was cut off left the files to be cleaned.
  request.set_validate_only(false);
  request.set_request_id(NewRequestId());
  auto started = session.daemon().Call(&Channel::Admin::EraseUser, request);
  if (!started.ok()) return session.Fail(started.status());
  auto ended = WatchOperation(session, *std::move(started));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) return StopOperation(session, *ended, kAgain);
  return FinishErasure(session, options.user, *ended);
}

}  // namespace tokenvault
