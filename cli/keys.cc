#include "cli/keys.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/operation_watch.h"
#include "cli/progress.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

// An older one is of too little use when a rotation goes wrong.
constexpr absl::Duration kFreshBackup = absl::Hours(24);
// A rate over less says nothing.
constexpr absl::Duration kWorthARate = absl::Seconds(2);
constexpr char kGoOn[] =
    "nothing is lost: run 'tokenvault key rotate' again to go on";

Cell StateOf(const v1::MasterKey& key) {
  switch (key.state()) {
    case v1::MasterKey::STATE_PENDING:
      return {"pending", Color::kYellow};
    case v1::MasterKey::STATE_ACTIVE:
      return {"active", Color::kGreen};
    case v1::MasterKey::STATE_DECRYPT_ONLY:
      return "decrypt only";
    case v1::MasterKey::STATE_RETIRED:
      return "retired";
    case v1::MasterKey::STATE_DESTROYED:
      return "destroyed";
    default:
      return "unknown";
  }
}

// Data keys by the generation that wraps them, of those that are not retired.
using Wrapped = std::map<uint32_t, int64_t>;

absl::StatusOr<Wrapped> FetchWrapped(Session& session) {
  ASSIGN_OR_RETURN(v1::ListMasterKeysResponse keys,
                   session.daemon().Call(&Channel::Admin::ListMasterKeys,
                                         v1::ListMasterKeysRequest()));
  Wrapped wrapped;
  for (const auto& key : keys.keys()) {
    if (key.state() == v1::MasterKey::STATE_RETIRED ||
        key.state() == v1::MasterKey::STATE_DESTROYED) {
      continue;
    }
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

std::string OldKeys(const Wrapped& before, const Wrapped& after,
                    uint32_t newest) {
  std::vector<std::string> lines;
  for (const auto& [generation, unused] : before) {
    if (generation == newest) continue;
    const auto now = after.find(generation);
    const int64_t left = now == after.end() ? 0 : now->second;
    lines.push_back(absl::StrCat(
        "generation ", generation,
        left == 0 ? std::string(" wraps nothing any more and is retired")
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
        operation.broken_count() == 0
            ? kGoOn
            : "'tokenvault key verify' names what does not open; the old keys "
              "stay until it does");
    return kExitServerSaidNo;
  }
  if (session.PrintedOneFor(operation)) return kExitDone;
  if (operation.data_keys_rewrapped() == 0 &&
      operation.data_keys_opened() == 0) {
    session.terminal().Print(
        absl::StrCat("Nothing was left over: all is under generation ",
                     operation.key_generation(), ".\n"));
    return kExitDone;
  }
  auto after = FetchWrapped(session);
  if (!after.ok()) return session.Fail(after.status());
  std::string rows =
      Counted(operation.data_keys_rewrapped(), "data key", "data keys");
  if (auto rate = Progress::Rate(operation.data_keys_rewrapped(), elapsed);
      rate.has_value() && elapsed > kWorthARate) {
    absl::StrAppend(&rows, "   (", Grouped(*rate), "/s)");
  }
  Facts facts(kBarLabelWidth);
  facts.Add(before.count(operation.key_generation()) > 0 ? "Master key"
                                                         : "New master key",
            {absl::StrCat("generation ", operation.key_generation())});
  facts.Add("New secrets",
            {absl::StrCat("use generation ", operation.key_generation(),
                          " from now")});
  facts.Add("Re-wrapped", {rows});
  facts.AddIfAny("Old key",
                 OldKeys(before, *after, operation.key_generation()));
  if (operation.data_keys_opened() > 0) {
    facts.Add("Proved", {absl::StrCat(Counted(operation.data_keys_opened(),
                                              "data key", "data keys"),
                                      " opened, none needs an older key; keep "
                                      "'tokenvault key proof' elsewhere")});
  }
  facts.AddIfAny("Audit", operation.audit_event());
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

// Says so when no backup of today is known to be good. Nothing is refused: how
// to be safe is the operator's choice.
void NoteBackups(Session& session) {
  auto backups = session.daemon().Call(&Channel::Admin::ListBackups,
                                       v1::ListBackupsRequest());
  if (!backups.ok()) return;
  for (const v1::Backup& backup : backups->backups()) {
    if (IsSet(backup.verify_time()) &&
        session.now() - TimeOf(backup.create_time()) < kFreshBackup) {
      return;
    }
  }
  session.terminal().Complain(
      "no backup of the last 24 hours is known to be good",
      "'tokenvault backup create', then 'tokenvault backup verify'; the "
      "rotation goes on");
}

bool IsRotation(const v1::Operation& operation) {
  return operation.phase() == v1::Operation::PHASE_REWRAPPING ||
         operation.phase() == v1::Operation::PHASE_PROVING;
}

int Pause(Session& session) {
  auto keys = session.daemon().Call(&Channel::Admin::ListMasterKeys,
                                    v1::ListMasterKeysRequest());
  if (!keys.ok()) return session.Fail(keys.status());
  const v1::Operation& running = keys->operation();
  if (!keys->has_operation() || !IsRotation(running)) {
    return session.FailUsage("no rotation is under way");
  }
  v1::CancelOperationRequest request;
  request.set_name(running.name());
  auto cancelled =
      session.daemon().Call(&Channel::Admin::CancelOperation, request);
  if (!cancelled.ok()) return session.Fail(cancelled.status());
  if (session.PrintedFor(running)) return kExitDone;
  session.terminal().Print(
      absl::StrCat("Paused after ", Grouped(running.rows_done()), " of ",
                   Counted(running.rows_total(), "data key", "data keys"),
                   ". 'tokenvault key rotate --resume' goes on.\n"));
  return kExitDone;
}

}  // namespace

int RunKeyStatus(Session& session) {
  auto keys = session.daemon().Call(&Channel::Admin::ListMasterKeys,
                                    v1::ListMasterKeysRequest());
  if (!keys.ok()) return session.Fail(keys.status());
  if (session.PrintedFor(*keys)) return kExitDone;
  Table table(
      {"GENERATION", "STATE", "DATA KEYS", "OPENED BY", "MADE", "PROVED"});
  bool unfinished = false;
  for (const auto& key : keys->keys()) {
    unfinished |= key.state() == v1::MasterKey::STATE_PENDING ||
                  key.state() == v1::MasterKey::STATE_DECRYPT_ONLY;
    table.Add({absl::StrCat(key.generation()), StateOf(key),
               Grouped(key.data_keys()), absl::StrJoin(key.root_sources(), ","),
               When(key.create_time(), session.now()),
               When(key.prove_time(), session.now())});
  }
  session.terminal().Print(table.ToText(session.terminal(), "no master keys"));
  if (keys->has_operation() && IsRotation(keys->operation())) {
    const v1::Operation& running = keys->operation();
    session.terminal().Print(absl::StrCat(
        "\nA rotation is under way: ", Grouped(running.rows_done()), " of ",
        Counted(running.rows_total(), "data key", "data keys"),
        running.phase() == v1::Operation::PHASE_PROVING ? " opened to prove it"
                                                        : " re-wrapped",
        ".\n"));
  } else if (unfinished) {
    session.terminal().Print("\nNext: tokenvault key rotate --resume\n");
  }
  return kExitDone;
}

int RunKeyRotate(Session& session, const KeyRotateOptions& options) {
  if (options.pause) return Pause(session);
  v1::RotateMasterKeyRequest request;
  request.set_request_id(NewRequestId());
  request.set_validate_only(options.dry_run);
  request.set_rewrap_only(options.rewrap_only);
  request.set_rows_per_second(options.rows_per_second);
  if (options.dry_run) return DryRun(session, request);

  auto before = FetchWrapped(session);
  if (!before.ok()) return session.Fail(before.status());
  NoteBackups(session);
  const absl::Time start = session.now();
  auto operation =
      session.daemon().Call(&Channel::Admin::RotateMasterKey, request);
  if (!operation.ok()) return session.Fail(operation.status());

  auto ended = WatchOperation(session, *std::move(operation));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) return StopOperation(session, *ended, kGoOn);
  return Finish(session, *ended, *before, session.now() - start);
}

}  // namespace tokenvault
