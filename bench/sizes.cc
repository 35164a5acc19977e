// B9: vaults of a thousand people, and of many: how long the daemon takes to
// start over one, how much memory and disk it takes, and how fast it is.
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/closed_loop.h"
#include "bench/comparison.h"
#include "bench/echo.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

// Of a large vault, only these are asked about, spread over all: a first
// request for each of a million would be a million refreshes.
constexpr int kSlice = 2000;
// As many have a token in the cache when its memory is measured. What comes
// with the first requests of a process is no matter of tokens: it is there
// after kSlice of them.
constexpr int kCached = 10000;
constexpr int kSizeLevels[] = {1, 64};
constexpr int kMany = 1000000;
constexpr double kMillion = 1e6;

// So that the people of the slice are among those whose tokens are cached.
int SliceStride(int people) {
  return people >= kCached ? people / kCached * (kCached / kSlice)
                           : std::max(1, people / kSlice);
}

std::string PeopleText(int people) {
  return absl::StrCat(people, " connections");
}

// With its log, which a checkpoint may not have emptied.
double DatabaseBytes(const ServedVault& vault) {
  double bytes = 0;
  for (const char* suffix : {"", "-wal"}) {
    struct stat about = {};
    const std::string file = vault.seeded().database() + suffix;
    if (stat(file.c_str(), &about) == 0) {
      bytes += static_cast<double>(about.st_size);
    }
  }
  return bytes;
}

struct IdleVault {
  int people = 0;
  double resident = 0;  // bytes
};

// What a vault is before anybody asked for anything.
absl::StatusOr<IdleVault> LookAtIdle(const ServedVault& vault, Report& report) {
  const int people = vault.seeded().people;
  const auto resident = static_cast<double>(vault.daemon().ResidentBytes());
  Finding start = {"B9", "start of the daemon until it serves",
                   PeopleText(people), "s",
                   Sample{{absl::ToDoubleSeconds(vault.start_time())}}};
  if (people >= kMany) {
    start.aim = Finding::Aim::kAtMost;
    start.floor = 2;
  }
  report.findings.push_back(std::move(start));
  report.findings.push_back({"B9", "resident memory of the idle daemon",
                             PeopleText(people), "MB",
                             Sample{{resident / kMillion}}});
  report.findings.push_back({"B9", "database file a connection",
                             PeopleText(people), "bytes",
                             Sample{{DatabaseBytes(vault) / people}}});
  return IdleVault{people, resident};
}

void AddRates(const Measured& vault, const Measured& echo, int in_flight,
              int people, Report& report) {
  const std::string where =
      absl::StrCat(PeopleText(people), ", TCP, ", in_flight, " in flight");
  report.findings.push_back({"B1", "requests/s by echo's", where, "ratio",
                             Divided(vault.per_second, echo.per_second)});
  report.findings.push_back(
      {"B1", "tokens a second", where, "requests/s", vault.per_second});
  report.findings.push_back({"B1", "p50", where, "µs", vault.p50_micros});
  report.findings.push_back({"B1", "p99", where, "µs", vault.p99_micros});
}

// The rate of a slice of the people, beside an echo. Returns the tokens that
// the vault owes leaves for.
absl::StatusOr<int64_t> MeasureRates(const ServedVault& vault, Report& report) {
  const int people = vault.seeded().people;
  const int asked = std::min(people, kSlice);
  ASSIGN_OR_RETURN(ClosedLoop::Options asking, vault.Asking(asked));
  asking.stride = SliceStride(people);
  ClosedLoop vault_loop(asking);
  ASSIGN_OR_RETURN(const v1::GetScopedTokenResponse answer,
                   vault_loop.AskForEach());
  ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> echo,
                   StartEcho(answer, vault.folder(), Echo()));
  asking.address = echo->address();
  asking.check_person = false;
  ClosedLoop echo_loop(asking);
  for (int in_flight : kSizeLevels) {
    Measured of_vault, of_echo;
    for (int i = 0; i < report.repetitions; ++i) {
      RETURN_IF_ERROR(InTurns({{{vault.daemon(), vault_loop}, of_vault},
                               {{*echo, echo_loop}, of_echo}},
                              static_cast<size_t>(i), in_flight, report));
    }
    AddRates(of_vault, of_echo, in_flight, people, report);
  }
  return vault_loop.tokens();
}

// What each further token in the cache adds. Returns the tokens that the vault
// owes leaves for.
absl::StatusOr<int64_t> MeasureCache(const ServedVault& vault, Report& report) {
  const int people = vault.seeded().people;
  if (people < kCached) {
    report.remarks.push_back(absl::StrCat("B9: ", PeopleText(people),
                                          " are too few to tell the memory of ",
                                          kCached, " cached tokens"));
    return 0;
  }
  ASSIGN_OR_RETURN(ClosedLoop::Options asking, vault.Asking(kCached));
  asking.stride = people / kCached;
  const auto before = static_cast<double>(vault.daemon().ResidentBytes());
  ClosedLoop loop(asking);
  RETURN_IF_ERROR(loop.AskForEach().status());
  const auto after = static_cast<double>(vault.daemon().ResidentBytes());
  report.findings.push_back({"B9", "memory of a connection with a cached token",
                             PeopleText(people), "bytes",
                             Sample{{(after - before) / (kCached - kSlice)}}});
  return loop.tokens();
}

absl::StatusOr<IdleVault> MeasureSize(const Setting& setting, int people,
                                      Report& report) {
  fprintf(stderr, "  a vault of %d people\n", people);
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, people));
  ASSIGN_OR_RETURN(const IdleVault idle, LookAtIdle(*vault, report));
  ASSIGN_OR_RETURN(const int64_t tokens, MeasureRates(*vault, report));
  ASSIGN_OR_RETURN(const int64_t more, MeasureCache(*vault, report));
  RETURN_IF_ERROR(vault->StopAndCheck(tokens + more));
  return idle;
}

void AddGrowth(const IdleVault& less, const IdleVault& more, Report& report) {
  report.findings.push_back(
      {"B9", "memory of 100 000 idle connections",
       absl::StrCat("from ", less.people, " to ", PeopleText(more.people)),
       "MB",
       Sample{{(more.resident - less.resident) / kMillion * 1e5 /
               (more.people - less.people)}},
       Finding::Aim::kAtMost, 8});
}

}  // namespace

absl::Status MeasureSizes(const Setting& setting, Report& report) {
  std::vector<IdleVault> idle;
  for (int people : setting.sizes) {
    ASSIGN_OR_RETURN(IdleVault one, MeasureSize(setting, people, report));
    if (!idle.empty()) AddGrowth(idle.back(), one, report);
    idle.push_back(one);
  }
  if (idle.size() < 2) {
    report.remarks.push_back(
        "B9: one size alone cannot tell the memory of idle connections; see "
        "--sizes");
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
