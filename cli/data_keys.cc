#include "cli/data_keys.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "cli/humanize.h"
#include "cli/operation_watch.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

constexpr char kAgainGoesOn[] =
    "nothing is lost: run it again to go on with those that are left";

std::string DataKeys(int64_t count) {
  return Counted(count, "data key", "data keys");
}

int FinishResealing(Session& session, const v1::Operation& ended) {
  const v1::Resealed& resealed = ended.resealed();
  const bool printed = session.PrintedOneFor(ended);
  if (!printed) {
    Facts facts(kBarLabelWidth);
    facts.Add("Replaced", {DataKeys(resealed.data_keys())});
    facts.Add("Sealed anew",
              {Counted(resealed.records(), "record", "records")});
    session.terminal().Print(facts.ToText(session.terminal()));
  }
  if (ended.broken_count() > 0) {
    session.terminal().Complain(
        absl::StrCat(DataKeys(ended.broken_count()),
                     " stayed, for not all that they seal opens"),
        "'tokenvault key verify --all' names what does not open");
    return kExitCheckFailed;
  }
  if (!ended.error_reason().empty()) {
    session.terminal().Complain(
        absl::StrCat("it ended after ", Grouped(ended.rows_done()), " of ",
                     DataKeys(ended.rows_total()), ": ", ended.error_reason()),
        kAgainGoesOn);
    return kExitServerSaidNo;
  }
  if (resealed.left_over_size() == 0) return kExitDone;
  session.terminal().Complain(
      absl::StrCat(DataKeys(resealed.left_over_size()),
                   " stayed, for a refresh of theirs is not settled: ",
                   SanitizeLine(resealed.left_over(0)),
                   resealed.left_over_size() > 1 ? ", …" : ""),
      "run it again when 'tokenvault status' has nothing to say of the disk "
      "and "
      "the providers");
  return kExitCheckFailed;
}

}  // namespace

int RunRotateDek(Session& session, const RotateDekOptions& options) {
  if (options.subject.empty() == options.tenant.empty()) {
    return session.FailUsage("it must be said whose data keys",
                             "give --subject or --tenant, and not both");
  }
  v1::RotateDataKeysRequest request;
  if (absl::StartsWith(options.subject, "users/")) {
    request.set_user(options.subject);
  } else {
    request.set_user_id(options.subject);
  }
  request.set_tenant(options.tenant);
  request.set_request_id(NewRequestId());
  request.set_validate_only(options.dry_run);
  auto started =
      session.daemon().Call(&Channel::Admin::RotateDataKeys, request);
  if (!started.ok()) return session.Fail(started.status());
  if (options.dry_run) {
    if (session.PrintedFor(*started)) return kExitDone;
    session.terminal().Print(absl::StrCat("Would replace ",
                                          DataKeys(started->rows_total()),
                                          ". Nothing was changed.\n"));
    return kExitDone;
  }
  auto ended = WatchOperation(session, *std::move(started));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) return StopOperation(session, *ended, kAgainGoesOn);
  return FinishResealing(session, *ended);
}

}  // namespace tokenvault
