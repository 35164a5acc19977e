#include "cli/restore.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "cli/humanize.h"
#include "cli/names.h"
#include "cli/operation_watch.h"
#include "cli/plain_text.h"
#include "cli/progress.h"
#include "crypto/secret_arena.h"
#include "server/config.h"
#include "tokenvault/v1/local_results.pb.h"
#include "vault/restore.h"
#include "vault/root_sources.h"

namespace tokenvault {
namespace {

constexpr size_t kRestoreArenaBytes = 64 * 1024;
constexpr int64_t kBytesInKib = 1024;

// Both steps with a bar each; Ctrl-C ends them before anything is changed.
class StepsShown {
 public:
  explicit StepsShown(Session& session) : session_(session) {}

  absl::Status Show(BackupStep step, int64_t done, int64_t total) {
    const bool reading = step == BackupStep::kReading;
    if (shown_ != step) {
      shown_ = step;
      progress_.emplace(session_.terminal(),
                        reading ? "Reading            " : "Opening            ",
                        session_.now(), reading ? "KiB" : "rows");
    }
    const int64_t scale = reading ? kBytesInKib : 1;
    progress_->Show(done / scale, total / scale, session_.now());
    return Interrupted() ? absl::CancelledError() : absl::OkStatus();
  }

 private:
  Session& session_;
  std::optional<Progress> progress_;
  std::optional<BackupStep> shown_;
};

v1::RestoreResult RestoreResultOf(const Config& config,
                                  const Restored& restored) {
  v1::RestoreResult result;
  result.set_database(config.storage.path);
  result.set_backup(absl::StrCat("backups/", restored.manifest.backup_id));
  result.set_time(absl::FormatTime(absl::RFC3339_sec, restored.manifest.time,
                                   absl::UTCTimeZone()));
  result.set_compared(restored.followed);
  result.set_connections_good(restored.tokens.good);
  result.set_connections_stale(restored.tokens.stale);
  result.set_connections_ended(restored.tokens.ended);
  result.set_connections_lost(restored.tokens.lost);
  for (const std::string& name : restored.set_aside) {
    result.add_set_aside(name);
  }
  return result;
}

std::string Connections(int64_t count, absl::string_view what) {
  return absl::StrCat(Counted(count, "connection", "connections"), what);
}

std::string RestoreReport(const Session& session, Terminal& terminal,
                          const v1::RestoreResult& result,
                          const Restored& restored, bool trusted) {
  Facts facts(10);
  facts.Add("Restored", {result.database()});
  facts.Add(
      "As of",
      {absl::StrCat(Absolute(restored.manifest.time), " (",
                    Relative(restored.manifest.time, session.now()), ")")});
  facts.Add("Good",
            {Connections(result.connections_good(),
                         trusted && !result.compared() ? ", on your word"
                                                       : ", as they were")});
  facts.Add("Stale",
            {Connections(result.connections_stale(),
                         result.compared()
                             ? ": used or replaced since, by the audit log of "
                               "the vault that was here"
                             : ": their refresh tokens may have been replaced "
                               "since, and are not shown to the provider")});
  if (result.connections_ended() > 0) {
    facts.Add("Ended", {Connections(result.connections_ended(),
                                    " since, and ended they stay")});
  }
  if (result.connections_lost() > 0) {
    facts.Add("Not in it", {Connections(result.connections_lost(),
                                        " made since: people connect again")});
  }
  if (result.set_aside_size() > 0) {
    facts.Add("Set aside", {absl::StrJoin(result.set_aside(), "\n")});
  }
  facts.Add("Next", {"start tokenvaultd; who is stale is asked to reconnect"});
  return facts.ToText(terminal);
}

// A source that made the backup and opens now, in the order of the
// configuration. Who can be asked for a passphrase is.
absl::StatusOr<OpenRootSource> OpenSource(Session& session,
                                          const Config& config,
                                          const BackupManifest& manifest,
                                          SecretArena& arena) {
  absl::Status closed =
      errors::RootKeyInvalid("[seal] names none that made this backup");
  for (const RootSourceSettings& settings : config.root_sources) {
    const auto row = std::find_if(
        manifest.sources.begin(), manifest.sources.end(),
        [&settings](const RootSource& one) { return one.id == settings.id; });
    if (row == manifest.sources.end()) continue;
    Secret passphrase;
    if (settings.kind == "passphrase" && settings.passphrase_file.empty() &&
        session.terminal().in_is_terminal()) {
      ASSIGN_OR_RETURN(std::optional<Secret> typed,
                       session.terminal().AskSecret(
                           absl::StrCat("Passphrase of ", settings.id, ": ")));
      if (typed.has_value()) passphrase = *std::move(typed);
    }
    absl::StatusOr<RootKey> key = OpenRoot(arena, *row, settings, passphrase);
    if (key.ok()) {
      return OpenRootSource{std::make_shared<const RootKey>(*std::move(key)),
                            settings.id};
    }
    closed = key.status();
  }
  return closed;
}

absl::StatusOr<Restored> Restore(Session& session, const Config& config,
                                 const RestoreOptions& options) {
  ASSIGN_OR_RETURN(auto arena, SecretArena::Create(kRestoreArenaBytes));
  ASSIGN_OR_RETURN(BackupFile backup, BackupFile::Open(options.file));
  ASSIGN_OR_RETURN(OpenRootSource root,
                   OpenSource(session, config, backup.manifest(), *arena));
  RestoreOrder order;
  order.file = AbsolutePath(options.file);
  order.path = config.storage.path;
  order.replace = options.replace;
  order.trust_tokens = options.trust_tokens;
  StepsShown shown(session);
  return RestoreVault(order, std::move(backup), root, *config.directory, *arena,
                      session.clock(),
                      [&shown](BackupStep step, int64_t done, int64_t total) {
                        return shown.Show(step, done, total);
                      });
}

int FailRestore(Session& session, const absl::Status& status) {
  if (absl::IsCancelled(status)) {
    session.terminal().Complain("interrupted; nothing was changed");
    return kExitInterrupted;
  }
  if (HasReason(status, "ALREADY_EXISTS")) {
    return session.Fail(status, FaultOrigin::kHere,
                        "--replace sets it aside first; nothing was changed");
  }
  const int code = session.Fail(status, FaultOrigin::kHere);
  return HasReason(status, "BACKUP_BROKEN") ? kExitCheckFailed : code;
}

}  // namespace

int RunRestore(Session& session, const RestoreOptions& options) {
  ConfigSources sources;
  sources.file = options.config;
  auto config = LoadConfig(sources);
  if (!config.ok()) return session.Fail(config.status(), FaultOrigin::kHere);
  if (options.replace && !options.yes) {
    if (!session.terminal().in_is_terminal()) {
      return session.FailUsage(
          "replacing a vault takes its newest state away, and nobody can be "
          "asked",
          "give --yes");
    }
    auto confirmed = session.Confirmed(
        absl::StrCat("This puts the backup in the place of ",
                     config->storage.path,
                     ", which is set aside and not served any more."),
        "replace");
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) {
      return session.FailUsage("that is not it; nothing was changed");
    }
  }
  auto restored = Restore(session, *config, options);
  if (!restored.ok()) return FailRestore(session, restored.status());
  const v1::RestoreResult result = RestoreResultOf(*config, *restored);
  if (session.PrintedFor(result)) return kExitDone;
  session.terminal().Print(RestoreReport(session, session.terminal(), result,
                                         *restored, options.trust_tokens));
  return kExitDone;
}

}  // namespace tokenvault
