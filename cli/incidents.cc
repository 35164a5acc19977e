#include "cli/incidents.h"

#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/operation_watch.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

std::string Connections(int64_t count) {
  return Counted(count, "connection", "connections");
}

v1::RevokeForIncidentRequest RequestFor(const IncidentRevokeOptions& options) {
  v1::RevokeForIncidentRequest request;
  if (!options.provider.empty()) {
    request.set_provider(ResourceName("providers", options.provider));
  }
  if (!options.agent.empty()) {
    request.set_agent(ResourceName("agents", options.agent));
  }
  if (!options.subject.empty()) {
    request.set_user(ResourceName("users", options.subject));
  }
  request.set_all(options.all);
  return request;
}

// Asked about by their number: who types it has read it.
absl::StatusOr<bool> Confirmed(Session& session, int64_t count) {
  return session.Confirmed(
      absl::StrCat("This ends ", Connections(count),
                   ", here and at the providers. It cannot be undone: people "
                   "would have to connect again."),
      absl::StrCat("revoke ", count));
}

int Finish(Session& session, const v1::Operation& ended) {
  const v1::Revocations& counts = ended.revocations();
  const int64_t not_ended = ended.rows_total() - counts.ended();
  const bool whole = not_ended == 0 && counts.confirmed() == counts.ended();
  if (!session.PrintedOneFor(ended)) {
    Facts facts(kBarLabelWidth);
    facts.Add("Ended here", {absl::StrCat(Connections(counts.ended()),
                                          ": no token is handed out for them "
                                          "any more")});
    facts.Add("Confirmed",
              {absl::StrCat(Grouped(counts.confirmed()), " by the provider")});
    if (counts.pending() > 0) {
      facts.Add("Not answered",
                {absl::StrCat(Grouped(counts.pending()),
                              "; the daemon tells the provider again until it "
                              "confirms")});
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
    if (counts.ended() > 0) {
      session.terminal().Print(
          "Access tokens that were handed out before end when they expire, if "
          "the provider has not ended them.\n");
    }
  }
  if (not_ended > 0) {
    session.terminal().Complain(
        absl::StrCat(Connections(not_ended),
                     " could not be ended: ", ended.error_reason()),
        "run it again: what is ended stays ended");
    return kExitServerSaidNo;
  }
  return whole ? kExitDone : kExitCheckFailed;
}

}  // namespace

int RunIncidentRevoke(Session& session, const IncidentRevokeOptions& options) {
  const bool some = !options.provider.empty() || !options.agent.empty() ||
                    !options.subject.empty();
  if (some == options.all) {
    return session.FailUsage("it must be said whose connections are to end",
                             "give --provider, --agent or --subject, or --all "
                             "alone");
  }
  v1::RevokeForIncidentRequest request = RequestFor(options);
  request.set_validate_only(true);
  auto preview =
      session.daemon().Call(&Channel::Admin::RevokeForIncident, request);
  if (!preview.ok()) return session.Fail(preview.status());
  if (options.dry_run) {
    if (session.PrintedFor(*preview)) return kExitDone;
    session.terminal().Print(absl::StrCat("Would end ",
                                          Connections(preview->rows_total()),
                                          ". Nothing was changed.\n"));
    return kExitDone;
  }
  if (!options.yes && !session.terminal().in_is_terminal()) {
    return session.FailUsage(
        "revoking cannot be undone, and nobody can be asked", "give --yes");
  }
  if (!options.yes) {
    auto confirmed = Confirmed(session, preview->rows_total());
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) {
      return session.FailUsage("that is not it; nothing was revoked");
    }
  }
  request.set_validate_only(false);
  request.set_request_id(NewRequestId());
  auto started =
      session.daemon().Call(&Channel::Admin::RevokeForIncident, request);
  if (!started.ok()) return session.Fail(started.status());
  auto ended = WatchOperation(session, *std::move(started));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) {
    return StopOperation(session, *ended,
                         "what was ended stays ended; run it again to go on");
  }
  return Finish(session, *ended);
}

}  // namespace tokenvault
