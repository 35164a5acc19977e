#include "cli/backups.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/operation_watch.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

std::string KeysOf(const v1::Backup& backup) {
  const uint32_t first = backup.lowest_key_generation();
  const uint32_t last = backup.highest_key_generation();
  return first == last ? absl::StrCat(first) : absl::StrCat(first, "-", last);
}

std::string OpenedOf(const v1::Operation& operation) {
  return absl::StrCat(
      Counted(operation.data_keys_opened(), "data key", "data keys"), " and ",
      Counted(operation.records_opened(), "record", "records"));
}

// What there is to say of work that ended badly; its exit code.
int FailEnded(Session& session, const v1::Operation& ended) {
  session.PrintedOneFor(ended);
  session.terminal().Complain(
      ended.problem().empty() ? ended.error_reason() : ended.problem(),
      HintOf(ended.error_reason()));
  return ended.error_reason() == "BACKUP_BROKEN" ? kExitCheckFailed
                                                 : kExitServerSaidNo;
}

void PrintBroken(Session& session, const v1::Operation& ended) {
  for (const std::string& name : ended.broken()) {
    session.terminal().Print(absl::StrCat("  ", SanitizeLine(name), "\n"));
  }
}

}  // namespace

int RunBackupCreate(Session& session, const std::string& file) {
  v1::CreateBackupRequest request;
  request.set_path(AbsolutePath(file));
  request.set_request_id(NewRequestId());
  auto started = session.daemon().Call(&Channel::Admin::CreateBackup, request);
  if (!started.ok()) return session.Fail(started.status());
  auto ended = WatchOperation(session, *std::move(started));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) {
    return StopOperation(session, *ended, "no file was left behind");
  }
  if (!ended->error_reason().empty()) return FailEnded(session, *ended);
  if (session.PrintedOneFor(*ended)) return kExitDone;
  const v1::Backup& backup = ended->backup();
  Facts facts(kBarLabelWidth);
  facts.Add("Backup", {ShortName(backup.name())});
  facts.Add("File", {SanitizeLine(backup.location())});
  facts.Add("Holds", {OpenedOf(*ended)});
  if (ended->broken_count() > 0) {
    facts.Add("Broken", {Cell(absl::StrCat(Grouped(ended->broken_count()),
                                           ", in the vault as in its backup"),
                              Color::kRed)});
  }
  facts.Add("Opened by",
            {absl::StrCat("any root source of today, and no other; "
                          "master keys ",
                          KeysOf(backup))});
  facts.Add("Next",
            {"tokenvault backup verify, and a copy on another machine"});
  session.terminal().Print(facts.ToText(session.terminal()));
  PrintBroken(session, *ended);
  return kExitDone;
}

int RunBackupVerify(Session& session, const std::string& file) {
  v1::VerifyBackupRequest request;
  request.set_path(AbsolutePath(file));
  request.set_request_id(NewRequestId());
  auto started = session.daemon().Call(&Channel::Admin::VerifyBackup, request);
  if (!started.ok()) return session.Fail(started.status());
  auto ended = WatchOperation(session, *std::move(started));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) {
    return StopOperation(session, *ended, "nothing was changed");
  }
  if (!ended->error_reason().empty()) return FailEnded(session, *ended);
  if (session.PrintedOneFor(*ended)) return kExitDone;
  const v1::Backup& backup = ended->backup();
  Facts facts(kBarLabelWidth);
  facts.Add("Backup", {ShortName(backup.name())});
  facts.Add("Made", {When(backup.create_time(), session.now())});
  facts.Add("Opened", {absl::StrCat("all of it: ", OpenedOf(*ended))});
  facts.Add("Broken",
            {ended->broken_count() > 0
                 ? Cell(absl::StrCat(Grouped(ended->broken_count()),
                                     ", as in the vault when it was made"),
                        Color::kRed)
                 : Cell("none", Color::kGreen)});
  session.terminal().Print(facts.ToText(session.terminal()));
  PrintBroken(session, *ended);
  return kExitDone;
}

int RunBackupList(Session& session) {
  auto backups = session.daemon().Call(&Channel::Admin::ListBackups,
                                       v1::ListBackupsRequest());
  if (!backups.ok()) return session.Fail(backups.status());
  if (session.PrintedFor(*backups)) return kExitDone;
  Table table({"BACKUP", "MADE", "VERIFIED", "KEYS", "LOCATION"});
  for (const v1::Backup& backup : backups->backups()) {
    table.Add({ShortName(backup.name()),
               When(backup.create_time(), session.now()),
               When(backup.verify_time(), session.now()), KeysOf(backup),
               SanitizeLine(backup.location())});
  }
  session.terminal().Print(table.ToText(session.terminal(), "no backups"));
  return kExitDone;
}

int RunBackupForget(Session& session, const BackupForgetOptions& options) {
  const std::string id = ShortName(options.id);
  if (!options.yes && !session.terminal().in_is_terminal()) {
    return session.FailUsage(
        "forgetting a backup cannot be undone, and nobody can be asked",
        "give --yes");
  }
  if (!options.yes) {
    auto confirmed = session.Confirmed(
        "This touches no file: delete the backup and every copy of it first. "
        "Its master keys may be destroyed from then on.",
        absl::StrCat("forget ", id));
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) {
      return session.FailUsage("that is not it; nothing was forgotten");
    }
  }
  v1::ForgetBackupRequest request;
  request.set_name(ResourceName("backups", id));
  request.set_request_id(NewRequestId());
  auto forgotten =
      session.daemon().Call(&Channel::Admin::ForgetBackup, request);
  if (!forgotten.ok()) return session.Fail(forgotten.status());
  if (session.PrintedFor(*forgotten)) return kExitDone;
  session.terminal().Print(absl::StrCat(
      "Backup ", id, " is forgotten; its file was not touched.\n"));
  return kExitDone;
}

}  // namespace tokenvault
