#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/child_process.h"
#include "bench/closed_loop.h"
#include "bench/comparison.h"
#include "bench/disk.h"
#include "bench/echo.h"
#include "bench/machine.h"
#include "bench/report.h"
#include "bench/seeded_vault.h"
#include "bench/token_endpoint.h"
#include "crypto/random.h"
#include "server/dev_mode.h"

namespace tokenvault {
namespace {

constexpr char kUsage[] =
    "usage: tokenvault_bench --daemon FILE --count-syncs FILE --json FILE\n"
    "         [--full] [--hold SECONDS] [--commit TEXT] [--filesystem TEXT]\n"
    "Run it by way of bench/run. It works in a folder under $TMPDIR, which\n"
    "must be on a disk.\n"
    "  --hold SECONDS   only load the vault, 64 in flight, and say its "
    "process\n"
    "                   id: for a profiler\n";

constexpr int kPeople = 200;
constexpr int kHeldInFlight = 64;

struct Flags {
  std::string daemon;
  std::string count_syncs;
  std::string json;
  std::string commit = "unknown";
  std::string filesystem = "unknown";
  bool full = false;
  int hold_seconds = 0;
  std::string echo;  // this process is the echo server
  int ready_fd = -1;
};

bool ReadFlags(int argc, char** argv, Flags& flags) {
  const std::pair<std::string, std::string*> texts[] = {
      {"--daemon", &flags.daemon},
      {"--count-syncs", &flags.count_syncs},
      {"--json", &flags.json},
      {"--commit", &flags.commit},
      {"--filesystem", &flags.filesystem},
      {"--echo", &flags.echo}};
  const std::pair<std::string, int*> numbers[] = {
      {"--hold", &flags.hold_seconds}, {"--ready-fd", &flags.ready_fd}};
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    bool known = flag == "--full";
    if (known) flags.full = true;
    for (const auto& [name, text] : texts) {
      if (flag != name || i + 1 >= argc) continue;
      *text = argv[++i];
      known = true;
    }
    for (const auto& [name, number] : numbers) {
      if (flag != name || i + 1 >= argc) continue;
      known = absl::SimpleAtoi(argv[++i], number);
    }
    if (!known) return false;
  }
  if (!flags.echo.empty()) return flags.ready_fd >= 0;
  return !flags.daemon.empty() && !flags.count_syncs.empty() &&
         (!flags.json.empty() || flags.hold_seconds > 0);
}

// What was handed out and is not in the audit log was handed out in secret.
absl::Status CheckAudited(const SeededVault& seeded, int64_t leaves_before,
                          int64_t tokens) {
  ASSIGN_OR_RETURN(int64_t leaves, seeded.CountAuditEntries());
  if (leaves - leaves_before >= tokens) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(tokens, " tokens, but only ",
                                          leaves - leaves_before,
                                          " new leaves of the audit log"));
}

absl::Status Hold(ClosedLoop& loop, const ChildProcess& daemon, int seconds) {
  printf("%d\n", daemon.pid());
  fflush(stdout);
  return loop.Run(kHeldInFlight, absl::Seconds(seconds)).status();
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartEcho(
    const v1::GetScopedTokenResponse& answer, const std::string& file_name) {
  std::ofstream file(file_name, std::ios::binary);
  if (!answer.SerializeToOstream(&file)) {
    return absl::UnavailableError("the answer to echo cannot be written");
  }
  file.close();
  return ChildProcess::Start({"/proc/self/exe", "--echo", file_name});
}

absl::Status Run(const Flags& flags) {
  RETURN_IF_ERROR(InitCrypto());
  ASSIGN_OR_RETURN(PrivateFolder folder, PrivateFolder::Create());
  ASSIGN_OR_RETURN(std::unique_ptr<TokenEndpoint> endpoint,
                   TokenEndpoint::Start());
  Report report;
  report.commit = flags.commit;
  report.build = TOKENVAULT_BUILD_TYPE;
  report.filesystem = flags.filesystem;
  report.date =
      absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(), absl::UTCTimeZone());
  report.mode = flags.full ? "full" : "quick";
  report.before = ThisMachine();
  report.repetitions = flags.full ? 7 : 3;
  report.seconds = flags.full ? 3 : 1;
  report.people = kPeople;

  const SeededVault seeded = {folder.path(), endpoint->url(), kPeople};
  RETURN_IF_ERROR(seeded.Create());
  ASSIGN_OR_RETURN(const int64_t leaves_before, seeded.CountAuditEntries());
  const std::string counter_file = folder.path() + "/syncs";
  ASSIGN_OR_RETURN(std::unique_ptr<SyncCounter> syncs,
                   SyncCounter::Create(counter_file));
  ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> daemon,
                   ChildProcess::Start(
                       {flags.daemon, "--dev", "--config", seeded.config()},
                       {absl::StrCat("LD_PRELOAD=", flags.count_syncs),
                        absl::StrCat("TOKENVAULT_SYNC_COUNT=", counter_file)}));
  ClosedLoop vault_loop({daemon->address(), kPeople});
  ASSIGN_OR_RETURN(v1::GetScopedTokenResponse answer, vault_loop.AskForEach());
  if (flags.hold_seconds > 0) {
    return Hold(vault_loop, *daemon, flags.hold_seconds);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> echo,
                   StartEcho(answer, folder.path() + "/answer"));
  ClosedLoop echo_loop({echo->address(), kPeople, /*check_person=*/false});
  RETURN_IF_ERROR(Compare({*echo, echo_loop}, {*daemon, vault_loop}, *syncs,
                          folder.path(), report));
  daemon.reset();  // the vault is free to be looked into
  RETURN_IF_ERROR(CheckAudited(seeded, leaves_before, vault_loop.tokens()));
  if (syncs->count() == 0) {
    return absl::DataLossError("no sync of the daemon was counted");
  }
  fputs(report.Table().c_str(), stdout);
  return report.WriteJson(flags.json);
}

int Main(int argc, char** argv) {
  Flags flags;
  if (!ReadFlags(argc, argv, flags)) {
    fputs(kUsage, stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (!flags.echo.empty()) return ServeEcho(flags.echo, flags.ready_fd);
  const absl::Status status = Run(flags);
  if (status.ok()) return 0;
  fprintf(stderr, "bench: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace tokenvault

int main(int argc, char** argv) { return tokenvault::Main(argc, argv); }
