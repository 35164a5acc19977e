#include "cli/keys.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/progress.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

constexpr absl::Duration kProgressPoll = absl::Milliseconds(200);
// A rate over less says nothing.
constexpr absl::Duration kWorthARate = absl::Seconds(2);
constexpr size_t kLabelWidth = 19;

Cell StateOf(const v1::MasterKey& key) {
  switch (key.state()) {
    case v1::MasterKey::STATE_PENDING:
      return {"pending", Color::kYellow};
    case v1::MasterKey::STATE_ACTIVE:
      return {"active", Color::kGreen};
    case v1::MasterKey::STATE_DECRYPT_ONLY:
      return "decrypt only";
    default:
      return "unknown";
  }
}

// Data keys by the generation that wraps them.
using Wrapped = std::map<uint32_t, int64_t>;

absl::StatusOr<Wrapped> FetchWrapped(Session& session) {
  ASSIGN_OR_RETURN(v1::ListMasterKeysResponse keys,
                   session.daemon().Call(&Channel::Admin::ListMasterKeys,
                                         v1::ListMasterKeysRequest()));
  Wrapped wrapped;
  for (const auto& key : keys.keys()) {
    wrapped[key.generation()] = key.data_keys();
  }
  return wrapped;
}

int DryRun(Session& session, const v1::RotateMasterKeyRequest& request) {
  auto operation =
      session.daemon().Call(&Channel::Admin::RotateMasterKey, request);
  if (!operation.ok()) return session.Fail(operation.status());
  if (session.PrintedFor(*operation)) return kExitDone;
  session.terminal().Print(
      absl::StrCat("Would re-wrap ",
                   Counted(operation->rows_total(), "data key", "data keys"),
                   " under generation ", operation->key_generation(),
                   ". Nothing was changed.\n"));
  return kExitDone;
}

// Stops the work at the daemon and says that nothing is lost.
int Stop(Session& session, const v1::Operation& operation) {
  v1::CancelOperationRequest request;
  request.set_name(operation.name());
  // One more call, which the noted Ctrl-C would end at once.
  ForgetInterrupt();
  auto cancelled =
      session.daemon().Call(&Channel::Admin::CancelOperation, request);
  if (!cancelled.ok()) {
    session.Fail(cancelled.status());
    session.terminal().Complain("the daemon goes on re-wrapping",
                                "run 'tokenvault key status' to see how far");
    return kExitInterrupted;
  }
  session.terminal().Complain(
      absl::StrCat("interrupted after ", Grouped(operation.rows_done()), " of ",
                   Counted(operation.rows_total(), "data key", "data keys")),
      "nothing is lost: run 'tokenvault key rotate' again to go on");
  return kExitInterrupted;
}

std::string OldKeys(const Wrapped& before, const Wrapped& after,
                    uint32_t newest) {
  std::vector<std::string> lines;
  for (const auto& [generation, unused] : before) {
    if (generation == newest) continue;
    const auto now = after.find(generation);
    const int64_t left = now == after.end() ? 0 : now->second;
    lines.push_back(absl::StrCat(
        "generation ", generation,
        left == 0 ? std::string(" wraps nothing any more")
                  : absl::StrCat(" still wraps ",
                                 Counted(left, "data key", "data keys"))));
  }
  return absl::StrJoin(lines, "\n");
}

int Finish(Session& session, const v1::Operation& operation,
           const Wrapped& before, absl::Duration elapsed) {
  if (!operation.error_reason().empty()) {
    session.PrintedOneFor(operation);
    session.terminal().Complain(
        absl::StrCat("the rotation ended after ",
                     Grouped(operation.rows_done()), " of ",
                     Counted(operation.rows_total(), "data key", "data keys"),
                     ": ", operation.error_reason()),
        "nothing is lost: run 'tokenvault key rotate' again to go on");
    return kExitServerSaidNo;
  }
  if (session.PrintedOneFor(operation)) return kExitDone;
  if (before.count(operation.key_generation()) > 0 &&
      operation.rows_total() == 0) {
    session.terminal().Print(
        absl::StrCat("Nothing was left over: all is under generation ",
                     operation.key_generation(), ".\n"));
    return kExitDone;
  }
  auto after = FetchWrapped(session);
  if (!after.ok()) return session.Fail(after.status());
  std::string rows = Counted(operation.rows_done(), "data key", "data keys");
  if (auto rate = Progress::Rate(operation.rows_done(), elapsed);
      rate.has_value() && elapsed > kWorthARate) {
    absl::StrAppend(&rows, "   (", Grouped(*rate), "/s)");
  }
  Facts facts(kLabelWidth);
  facts.Add(before.count(operation.key_generation()) > 0 ? "Master key"
                                                         : "New master key",
            {absl::StrCat("generation ", operation.key_generation())});
  facts.Add("New secrets",
            {absl::StrCat("use generation ", operation.key_generation(),
                          " from now")});
  facts.Add("Re-wrapped", {rows});
  facts.AddIfAny("Old key",
                 OldKeys(before, *after, operation.key_generation()));
  facts.AddIfAny("Audit", operation.audit_event());
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

}  // namespace

int RunKeyStatus(Session& session) {
  auto keys = session.daemon().Call(&Channel::Admin::ListMasterKeys,
                                    v1::ListMasterKeysRequest());
  if (!keys.ok()) return session.Fail(keys.status());
  if (session.PrintedFor(*keys)) return kExitDone;
  Table table({"GENERATION", "STATE", "DATA KEYS", "OPENED BY", "MADE"});
  int64_t on_older = 0;
  for (const auto& key : keys->keys()) {
    if (key.state() != v1::MasterKey::STATE_ACTIVE) on_older += key.data_keys();
    table.Add({absl::StrCat(key.generation()), StateOf(key),
               Grouped(key.data_keys()), absl::StrJoin(key.root_sources(), ","),
               When(key.create_time(), session.now())});
  }
  session.terminal().Print(table.ToText(session.terminal(), "no master keys"));
  if (on_older > 0) session.terminal().Print("\nNext: tokenvault key rotate\n");
  return kExitDone;
}

int RunKeyRotate(Session& session, const KeyRotateOptions& options) {
  v1::RotateMasterKeyRequest request;
  request.set_request_id(NewRequestId());
  request.set_validate_only(options.dry_run);
  request.set_rewrap_only(options.rewrap_only);
  request.set_rows_per_second(options.rows_per_second);
  if (options.dry_run) return DryRun(session, request);

  auto before = FetchWrapped(session);
  if (!before.ok()) return session.Fail(before.status());
  const absl::Time start = session.now();
  auto operation =
      session.daemon().Call(&Channel::Admin::RotateMasterKey, request);
  if (!operation.ok()) return session.Fail(operation.status());

  Progress progress(session.terminal(), "Re-wrapping        ", start);
  v1::GetOperationRequest look;
  look.set_name(operation->name());
  while (!operation->done()) {
    if (!session.PrintedOneFor(*operation)) {
      progress.Show(operation->rows_done(), operation->rows_total(),
                    session.now());
    }
    SleepUnlessInterrupted(kProgressPoll);
    if (Interrupted()) return Stop(session, *operation);
    auto next = session.daemon().Call(&Channel::Admin::GetOperation, look);
    if (Interrupted()) return Stop(session, *operation);
    if (!next.ok()) return session.Fail(next.status());
    operation = std::move(next);
  }
  return Finish(session, *operation, *before, session.now() - start);
}

}  // namespace tokenvault
