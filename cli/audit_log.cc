#include "cli/audit_log.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/operation_watch.h"
#include "cli/plain_text.h"
#include "cli/progress.h"
#include "cli/request_id.h"
#include "oauth/toml_fields.h"

namespace tokenvault {
namespace {

constexpr char kEvents[] = "auditEvents";

std::string EventName(const std::string& event) {
  return event.empty() ? "" : ResourceName(kEvents, event);
}

std::string Leaves(int64_t count) { return Counted(count, "leaf", "leaves"); }

// Where an export goes. A new file is removed again unless it is kept.
class ExportTarget {
 public:
  // FIELD_INVALID on "--out".
  static absl::StatusOr<std::unique_ptr<ExportTarget>> Open(
      Terminal& terminal, const std::string& path) {
    if (path.empty() || path == "-") {
      return std::unique_ptr<ExportTarget>(
          new ExportTarget(terminal, "", nullptr));
    }
    FILE* file = std::fopen(path.c_str(), "wxe");
    if (file == nullptr) {
      return errors::FieldInvalid(
          "--out", errno == EEXIST ? "names a file that exists already"
                                   : "names a file that cannot be written");
    }
    return std::unique_ptr<ExportTarget>(
        new ExportTarget(terminal, path, file));
  }
  ~ExportTarget() {
    if (file_ == nullptr) return;
    std::fclose(file_);
    std::remove(path_.c_str());
  }

  bool Write(const std::string& text) {
    if (file_ == nullptr) return terminal_.Print(text);
    return std::fwrite(text.data(), 1, text.size(), file_) == text.size();
  }
  // False when the disk did not take all of it.
  bool Keep() {
    if (file_ == nullptr) return true;
    const bool whole = std::fflush(file_) == 0;
    if (!whole) return false;
    std::fclose(std::exchange(file_, nullptr));
    return true;
  }
  bool is_file() const { return !path_.empty(); }

 private:
  ExportTarget(Terminal& terminal, std::string path, FILE* file)
      : terminal_(terminal), path_(std::move(path)), file_(file) {}

  Terminal& terminal_;
  const std::string path_;
  FILE* file_;
};

Cell WitnessCell(const v1::Witness& witness, int64_t newest, absl::Time now) {
  const std::string seen =
      witness.checkpoint_size() == 0
          ? "nothing yet"
          : absl::StrCat(Leaves(witness.checkpoint_size()), ", ",
                         When(witness.checkpoint_time(), now));
  if (!witness.problem().empty()) {
    return {absl::StrCat(seen, ": ", witness.problem()), Color::kRed};
  }
  return {seen,
          witness.checkpoint_size() == newest ? Color::kGreen : Color::kYellow};
}

}  // namespace

int RunAuditStatus(Session& session) {
  auto log = session.daemon().Call(&Channel::Admin::GetAuditLog,
                                   v1::GetAuditLogRequest());
  if (!log.ok()) return session.Fail(log.status());
  if (session.PrintedFor(*log)) return kExitDone;
  Facts facts(kBarLabelWidth);
  facts.Add("Log", {SanitizeLine(log->origin())});
  facts.Add("Leaves", {Grouped(log->size())});
  facts.Add("Signed",
            {log->checkpoint_size() == 0
                 ? "nothing yet"
                 : absl::StrCat(Leaves(log->checkpoint_size()), ", ",
                                When(log->checkpoint_time(), session.now()))});
  for (const v1::Witness& witness : log->witnesses()) {
    facts.Add(absl::StrCat("Seen by ", ShortName(witness.name())),
              {WitnessCell(witness, log->checkpoint_size(), session.now())});
  }
  if (log->witnesses().empty()) {
    facts.Add("Seen by", {Cell("nobody else: write [[witnesses]] into the "
                               "configuration",
                               Color::kYellow)});
  }
  for (const v1::AuditArchive& archive : log->archives()) {
    facts.Add("Archived", {absl::StrCat(ShortName(archive.first()), " to ",
                                        ShortName(archive.last()), " in ",
                                        SanitizeLine(archive.location()))});
  }
  facts.Add("Key", {SanitizeLine(log->key())});
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

int RunAuditKey(Session& session) {
  auto log = session.daemon().Call(&Channel::Admin::GetAuditLog,
                                   v1::GetAuditLogRequest());
  if (!log.ok()) return session.Fail(log.status());
  if (session.PrintedFor(*log)) return kExitDone;
  session.terminal().Print(absl::StrCat(SanitizeLine(log->key()), "\n"));
  return kExitDone;
}

int RunAuditVerify(Session& session, const AuditRangeOptions& range) {
  v1::VerifyAuditLogRequest request;
  request.set_from(EventName(range.from));
  request.set_to(EventName(range.to));
  auto started =
      session.daemon().Call(&Channel::Admin::VerifyAuditLog, request);
  if (!started.ok()) return session.Fail(started.status());
  auto ended =
      WatchOperation(session, std::move(*started->mutable_operation()));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) {
    return StopOperation(session, *ended, "nothing was changed");
  }
  const bool broken = ended->broken_count() > 0;
  if (!broken && !ended->error_reason().empty()) {
    return FailToLook(session, *ended);
  }
  if (!session.PrintedOneFor(*ended)) {
    Facts facts(kBarLabelWidth);
    facts.Add("Compared", {absl::StrCat(Leaves(ended->rows_done()), " with ",
                                        Counted(ended->checkpoints_checked(),
                                                "checkpoint", "checkpoints"))});
    facts.Add("Not as it was",
              {broken ? Cell(Grouped(ended->broken_count()), Color::kRed)
                      : Cell("nothing", Color::kGreen)});
    session.terminal().Print(facts.ToText(session.terminal()));
    for (const std::string& name : ended->broken()) {
      session.terminal().Print(absl::StrCat("  ", SanitizeLine(name), "\n"));
    }
  }
  if (!broken) return kExitDone;
  session.terminal().Complain("the audit log is not what it was",
                              HintOf("AUDIT_LOG_BROKEN"));
  return kExitCheckFailed;
}

int RunAuditProve(Session& session, const std::string& event) {
  v1::ProveAuditEventRequest request;
  request.set_name(EventName(event));
  auto proof = session.daemon().Call(&Channel::Admin::ProveAuditEvent, request);
  if (!proof.ok()) return session.Fail(proof.status());
  if (session.PrintedFor(*proof)) return kExitDone;
  // All of it is made of base64, numbers, and the log's own name.
  session.terminal().Print(SanitizeText(proof->proof()));
  return kExitDone;
}

int RunAuditExport(Session& session, const AuditExportOptions& options) {
  const bool to_stdout = options.out.empty() || options.out == "-";
  if (to_stdout && session.terminal().out_is_terminal()) {
    // Agents' words are in it as they are, and must be: it is checked bytewise.
    return session.FailUsage("an export is no text for a terminal",
                             "give --out FILE");
  }
  auto target = ExportTarget::Open(session.terminal(), options.out);
  if (!target.ok()) return session.Fail(target.status(), FaultOrigin::kHere);
  v1::ExportAuditLogRequest request;
  request.set_from(EventName(options.range.from));
  request.set_to(EventName(options.range.to));
  Progress progress(session.terminal(), "Exporting          ", session.now(),
                    "leaves");
  while (true) {
    auto piece =
        session.daemon().Call(&Channel::Admin::ExportAuditLog, request);
    if (!piece.ok()) return session.Fail(piece.status());
    if (!(*target)->Write(piece->text())) {
      return session.Fail(errors::StorageFull(), FaultOrigin::kHere);
    }
    progress.Show(piece->leaves_done(), piece->leaves_total(), session.now());
    if (piece->next_page_token().empty()) {
      if (!(*target)->Keep()) {
        return session.Fail(errors::StorageFull(), FaultOrigin::kHere);
      }
      if ((*target)->is_file()) {
        session.terminal().Note(absl::StrCat(
            "exported ", Leaves(piece->leaves_total()),
            "; check them with 'tokenvault-audit-verify ", options.out, "'"));
      }
      return kExitDone;
    }
    if (Interrupted()) return session.Fail(absl::CancelledError("interrupted"));
    request.set_from(piece->from());
    request.set_to(piece->to());
    request.set_page_token(piece->next_page_token());
  }
}

int RunAuditArchive(Session& session, const std::string& keep) {
  absl::Duration kept;
  if (!ParseTomlDuration(keep, kept) || kept < absl::ZeroDuration()) {
    return session.FailUsage("--keep wants how long leaves stay: 90d, 2160h");
  }
  const absl::Time before = session.now() - kept;
  v1::ArchiveAuditLogRequest request;
  request.mutable_before()->set_seconds(absl::ToUnixSeconds(before));
  request.set_request_id(NewRequestId());
  auto started =
      session.daemon().Call(&Channel::Admin::ArchiveAuditLog, request);
  if (!started.ok()) return session.Fail(started.status());
  auto ended = WatchOperation(session, *std::move(started));
  if (!ended.ok()) return session.Fail(ended.status());
  if (!ended->done()) {
    return StopOperation(session, *ended,
                         "nothing is lost: run it again to go on");
  }
  if (!ended->error_reason().empty()) {
    session.PrintedOneFor(*ended);
    session.terminal().Complain(
        ended->problem().empty() ? ended->error_reason() : ended->problem(),
        HintOf(ended->error_reason()));
    return kExitServerSaidNo;
  }
  if (session.PrintedOneFor(*ended)) return kExitDone;
  if (!ended->has_archive()) {
    session.terminal().Print(
        "Nothing is that old, and seen by every witness. Nothing was moved.\n");
    return kExitDone;
  }
  Facts facts(kBarLabelWidth);
  facts.Add("Archived",
            {absl::StrCat(ShortName(ended->archive().first()), " to ",
                          ShortName(ended->archive().last()))});
  facts.Add("File", {SanitizeLine(ended->archive().location())});
  facts.Add("Next", {"copy it to another machine: the database no longer has "
                     "these leaves"});
  session.terminal().Print(facts.ToText(session.terminal()));
  return kExitDone;
}

}  // namespace tokenvault
