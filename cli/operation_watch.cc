#include "cli/operation_watch.h"

#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/progress.h"

namespace tokenvault {
namespace {

constexpr int64_t kKibibyte = 1024;
constexpr absl::Duration kProgressPoll = absl::Milliseconds(200);

std::string LabelOf(v1::Operation::Phase phase) {
  switch (phase) {
    case v1::Operation::PHASE_COPYING:
      return "Copying            ";
    case v1::Operation::PHASE_WRITING:
      return "Writing            ";
    case v1::Operation::PHASE_READING:
      return "Reading            ";
    case v1::Operation::PHASE_PROVING:
      return "Proving            ";
    case v1::Operation::PHASE_VERIFYING:
      return "Opening            ";
    case v1::Operation::PHASE_REVOKING:
      return "Ending             ";
    case v1::Operation::PHASE_ERASING:
      return "Erasing            ";
    case v1::Operation::PHASE_SCRUBBING:
      return "Scrubbing files    ";
    case v1::Operation::PHASE_RESEALING:
      return "Re-sealing         ";
    case v1::Operation::PHASE_CHECKING_LOG:
      return "Comparing          ";
    case v1::Operation::PHASE_ARCHIVING:
      return "Archiving          ";
    default:
      return "Re-wrapping        ";
  }
}

bool CountsBytes(v1::Operation::Phase phase) {
  return phase == v1::Operation::PHASE_WRITING ||
         phase == v1::Operation::PHASE_READING;
}

std::string UnitOf(v1::Operation::Phase phase) {
  return CountsBytes(phase)                      ? "KiB"
         : phase == v1::Operation::PHASE_COPYING ? "pages"
                                                 : "rows";
}

std::string TotalOf(const v1::Operation& operation) {
  const int64_t total = operation.rows_total();
  switch (operation.phase()) {
    case v1::Operation::PHASE_REVOKING:
      return Counted(total, "connection", "connections");
    case v1::Operation::PHASE_ERASING:
      return Counted(total, "person", "people");
    case v1::Operation::PHASE_SCRUBBING:
      return Counted(total, "scrubbing", "scrubbings");
    case v1::Operation::PHASE_COPYING:
      return Counted(total, "page", "pages");
    case v1::Operation::PHASE_CHECKING_LOG:
    case v1::Operation::PHASE_ARCHIVING:
      return Counted(total, "leaf", "leaves");
    case v1::Operation::PHASE_WRITING:
    case v1::Operation::PHASE_READING:
      return Counted(total, "byte", "bytes");
    default:
      return Counted(total, "data key", "data keys");
  }
}

}  // namespace

absl::StatusOr<v1::Operation> WatchOperation(Session& session,
                                             v1::Operation operation) {
  v1::GetOperationRequest look;
  look.set_name(operation.name());
  std::optional<Progress> progress;
  std::optional<v1::Operation::Phase> shown;
  while (!operation.done()) {
    if (shown != operation.phase()) {
      shown = operation.phase();
      progress.emplace(session.terminal(), LabelOf(*shown), session.now(),
                       UnitOf(*shown));
    }
    if (!session.PrintedOneFor(operation)) {
      const int64_t scale = CountsBytes(*shown) ? kKibibyte : 1;
      progress->Show(operation.rows_done() / scale,
                     operation.rows_total() / scale, session.now());
    }
    SleepUnlessInterrupted(kProgressPoll);
    if (Interrupted()) return operation;
    auto next = session.daemon().Call(&Channel::Admin::GetOperation, look);
    if (Interrupted()) return operation;
    RETURN_IF_ERROR(next.status());
    operation = *std::move(next);
  }
  return operation;
}

int StopOperation(Session& session, const v1::Operation& operation,
                  absl::string_view whats_left) {
  v1::CancelOperationRequest request;
  request.set_name(operation.name());
  // One more call, which the noted Ctrl-C would end at once.
  ForgetInterrupt();
  auto cancelled =
      session.daemon().Call(&Channel::Admin::CancelOperation, request);
  if (!cancelled.ok()) {
    session.Fail(cancelled.status());
    session.terminal().Complain("the daemon goes on with it",
                                "run 'tokenvault key status' to see how far");
    return kExitInterrupted;
  }
  session.terminal().Complain(
      absl::StrCat("interrupted after ", Grouped(operation.rows_done()), " of ",
                   TotalOf(operation)),
      whats_left);
  return kExitInterrupted;
}

int FailToLook(Session& session, const v1::Operation& ended) {
  session.PrintedOneFor(ended);
  session.terminal().Complain(
      absl::StrCat("not all was looked at: ", ended.error_reason()),
      HintOf(ended.error_reason()));
  return kExitServerSaidNo;
}

}  // namespace tokenvault
