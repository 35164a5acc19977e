#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/closed_loop.h"
#include "bench/disk.h"
#include "bench/echo.h"
#include "bench/machine.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"
#include "crypto/random.h"

namespace tokenvault {
namespace {

constexpr char kUsage[] =
    "usage: tokenvault_bench --daemon FILE --count-syncs FILE\n"
    "         --audit-verify FILE --json FILE [--full] [--only B1,B10]\n"
    "         [--sizes 1000,100000] [--hold SECONDS] [--commit TEXT]\n"
    "         [--filesystem TEXT]\n"
    "Run it by way of bench/run. It works in a folder under $TMPDIR, which\n"
    "must be on a disk.\n"
    "  --hold SECONDS   only load the vault, 64 in flight, and say its "
    "process\n"
    "                   id: for a profiler\n";

constexpr int kHeldPeople = 200;
constexpr int kFewestPeople = 100;
constexpr int kHeldInFlight = 64;
constexpr int kSyncsBeforeEach = 100;

constexpr Scenario kScenarios[] = {
    {"B1 B2 B4 B7", "cached tokens beside a bare echo", true, MeasureIssuing},
    {"B3 B5 B6", "cached tokens beside hand-made logs", true, MeasureHandMade},
    {"B8", "first requests in small and large vaults", true, MeasureMisses},
    {"B9", "vaults of many people", true, MeasureSizes},
    {"B10", "many callers, one refresh", true, MeasureStorms},
    {"B11", "refreshes beside plain HTTP", true, MeasureRefreshes},
    {"B12", "cached tokens beside slow refreshes", true, MeasureMixed},
    {"B14", "refusals beside tokens", true, MeasureDenials},
    {"B15", "killed under load", true, MeasureKills},
    {"B15", "the check of a large audit log", true, MeasureLogCheck},
    {"B16", "minutes of steady load", false, MeasureSoak},
    {"B19", "a disk that stands still", true, MeasureStall},
    {"B20", "oidc-agent with the same provider", false, MeasureOidcAgent},
};

struct Flags {
  std::string daemon;
  std::string count_syncs;
  std::string audit_verify;
  std::string json;
  std::string only;  // "B1,B10"
  std::string commit = "unknown";
  std::string filesystem = "unknown";
  bool full = false;
  int hold_seconds = 0;
  std::string sizes;  // "1000,100000"
  Echo echo;          // with an answer: this process is the echo server
  int ready_fd = -1;
};

bool ReadFlags(int argc, char** argv, Flags& flags) {
  const std::pair<std::string, std::string*> texts[] = {
      {"--daemon", &flags.daemon},
      {"--count-syncs", &flags.count_syncs},
      {"--audit-verify", &flags.audit_verify},
      {"--json", &flags.json},
      {"--only", &flags.only},
      {"--commit", &flags.commit},
      {"--filesystem", &flags.filesystem},
      {"--sizes", &flags.sizes},
      {"--echo", &flags.echo.answer_file},
      {"--listen", &flags.echo.listen},
      {"--certificates", &flags.echo.certificates},
      {"--naive", &flags.echo.naive_file},
      {"--log", &flags.echo.log_file}};
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
  if (!flags.echo.answer_file.empty()) return flags.ready_fd >= 0;
  return !flags.daemon.empty() && !flags.count_syncs.empty() &&
         !flags.audit_verify.empty() &&
         (!flags.json.empty() || flags.hold_seconds > 0);
}

// Loads a vault and says its process id, for a profiler to look on.
absl::Status Hold(const Setting& setting, int seconds) {
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kHeldPeople));
  ClosedLoop loop({vault->daemon().address(), kHeldPeople});
  RETURN_IF_ERROR(loop.AskForEach().status());
  printf("%d\n", vault->daemon().pid());
  fflush(stdout);
  return loop.Run(kHeldInFlight, absl::Seconds(seconds)).status();
}

// Nothing when one of them is no number of people.
std::optional<std::vector<int>> SizesOf(const Flags& flags) {
  if (flags.sizes.empty()) {
    return flags.full ? std::vector<int>{1000, 100000, 1000000}
                      : std::vector<int>{1000};
  }
  std::vector<int> sizes;
  for (absl::string_view text : absl::StrSplit(flags.sizes, ',')) {
    int size = 0;
    if (!absl::SimpleAtoi(text, &size) || size < kFewestPeople) {
      return std::nullopt;
    }
    sizes.push_back(size);
  }
  std::sort(sizes.begin(), sizes.end());
  // Two of a size cannot be compared.
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

// What a sync costs here and now, where every vault of the run will be.
absl::Status ProbeDisk(Report& report) {
  ASSIGN_OR_RETURN(const PrivateFolder folder, PrivateFolder::Create());
  ASSIGN_OR_RETURN(const Sample probe,
                   MeasureSyncs(folder.path(), kSyncsBeforeEach));
  report.sync_micros.values.insert(report.sync_micros.values.end(),
                                   probe.values.begin(), probe.values.end());
  return absl::OkStatus();
}

bool Wanted(const Flags& flags, const Scenario& scenario) {
  if (flags.only.empty()) return flags.full || scenario.quick;
  const std::set<std::string> ids = absl::StrSplit(scenario.ids, ' ');
  return std::any_of(ids.begin(), ids.end(), [&flags](const std::string& id) {
    const std::set<std::string> only = absl::StrSplit(flags.only, ',');
    return only.contains(id);
  });
}

absl::Status Run(const Flags& flags) {
  RETURN_IF_ERROR(InitCrypto());
  Setting setting;
  setting.daemon = flags.daemon;
  setting.count_syncs = flags.count_syncs;
  setting.audit_verify = flags.audit_verify;
  setting.full = flags.full;
  setting.repetitions = flags.full ? 7 : 3;
  setting.seconds = flags.full ? 3 : 1;
  const std::optional<std::vector<int>> sizes = SizesOf(flags);
  if (!sizes.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--sizes wants numbers of people, from ", kFewestPeople,
                     " on, with commas between them"));
  }
  setting.sizes = *sizes;
  if (flags.hold_seconds > 0) return Hold(setting, flags.hold_seconds);

  Report report;
  report.commit = flags.commit;
  report.build = TOKENVAULT_BUILD_TYPE;
  report.filesystem = flags.filesystem;
  report.date =
      absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::Now(), absl::UTCTimeZone());
  report.mode = flags.full ? "full" : "quick";
  report.before = ThisMachine();
  report.repetitions = setting.repetitions;
  report.seconds = setting.seconds;
  int ran = 0;
  for (const Scenario& scenario : kScenarios) {
    if (!Wanted(flags, scenario)) continue;
    ++ran;
    fprintf(stderr, "%s: %s\n", scenario.ids, scenario.about);
    RETURN_IF_ERROR(ProbeDisk(report));
    RETURN_IF_ERROR(scenario.run(setting, report));
  }
  if (ran == 0) return absl::NotFoundError("there is no such scenario");
  fputs(report.Table().c_str(), stdout);
  RETURN_IF_ERROR(report.WriteJson(flags.json));
  return report.GatesHold() ? absl::OkStatus()
                            : absl::FailedPreconditionError(
                                  "a number that must hold was missed");
}

int Main(int argc, char** argv) {
  Flags flags;
  if (!ReadFlags(argc, argv, flags)) {
    fputs(kUsage, stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  if (!flags.echo.answer_file.empty())
    return ServeEcho(flags.echo, flags.ready_fd);
  const absl::Status status = Run(flags);
  if (status.ok()) return 0;
  fprintf(stderr, "bench: %s\n", std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace tokenvault

int main(int argc, char** argv) { return tokenvault::Main(argc, argv); }
