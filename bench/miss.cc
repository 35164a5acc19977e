// B8: the first request for a person. Their token is in no memory and must come
// from the provider, in a vault of any size; so the question is what the size
// adds to that. Two vaults, a small one and a large one, take turns; beside
// them, SQLite alone reads the rows that such a request needs.
//
// "Warm": the kernel holds the database in memory. "Cold": its pages were let
// go right before the requests, while the daemon was idle; for a daemon's start
// reads the whole file, and one that is let go before is back by then. What
// that leaves: what the daemon's own SQLite kept of that reading (at most 2 MB
// a reader, 16 MB for the writer), and caches of the disk or of the host under
// it.
#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/caller.h"
#include "bench/page_cache.h"
#include "bench/raw_vault.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kSmallVault = 1000;
constexpr int kLargeVault = 100'000;
constexpr int kHugeVault = 1'000'000;
constexpr int kAskedWarm = 300;
constexpr int kAskedCold = 150;
constexpr double kMostByParts = 1.5;
// The daemon empties its log when it was idle for a second.
constexpr absl::Duration kUntilLogIsEmpty = absl::Milliseconds(1500);

// A value a repetition.
struct FirstRequests {
  Sample p50;
  Sample p99;
  Sample raw_p50;
  Sample raw_p99;

  void Add(const Sample& ours, const Sample& raw) {
    p50.values.push_back(ours.Median());
    p99.values.push_back(ours.Quantile(0.99));
    raw_p50.values.push_back(raw.Median());
    raw_p99.values.push_back(raw.Quantile(0.99));
  }
};

struct SizedVault {
  int people = 0;
  std::unique_ptr<ServedVault> vault;
  int64_t tokens = 0;
  FirstRequests warm;
  FirstRequests cold;
  Sample still_held;  // percent of the file, when it was said to be cold
};

// Some people, in no order.
std::vector<int> DrawPeople(int people, int count, std::mt19937& random) {
  std::vector<int> all = PeopleFrom(0, people);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    std::uniform_int_distribution<size_t> rest(i, all.size() - 1);
    std::swap(all[i], all[rest(random)]);
  }
  all.resize(static_cast<size_t>(count));
  return all;
}

absl::Status DropVault(const ServedVault& vault) {
  const std::string database = vault.seeded().database();
  RETURN_IF_ERROR(DropFromPageCache(database));
  return DropFromPageCache(database + "-wal");
}

// One by one, so that none waits for another.
absl::StatusOr<Sample> AskFirst(SizedVault& size,
                                const std::vector<int>& people) {
  Caller caller(size.vault->daemon().address(), 1);
  RETURN_IF_ERROR(caller.Connect());
  const int64_t calls = size.vault->endpoint().requests();
  ASSIGN_OR_RETURN(LoopResult asked, AskAbout(caller, people, 1));
  size.tokens += asked.answers;
  if (size.vault->endpoint().requests() - calls != asked.answers) {
    return absl::DataLossError("a first request was none");
  }
  return asked.micros;
}

// While no daemon runs. Finding the keys reads the whole table: for "cold" it
// is let go after that.
absl::StatusOr<Sample> ReadRaw(const SizedVault& size,
                               const std::vector<int>& people, bool cold) {
  const std::string database = size.vault->seeded().database();
  ASSIGN_OR_RETURN(std::unique_ptr<RawVault> finder, RawVault::Open(database));
  ASSIGN_OR_RETURN(const auto keys, finder->FindKeys(people));
  finder.reset();
  if (cold) RETURN_IF_ERROR(DropVault(*size.vault));
  ASSIGN_OR_RETURN(std::unique_ptr<RawVault> reader, RawVault::Open(database));
  return reader->ReadEach(keys);
}

absl::Status MeasureOnceAt(SizedVault& size, std::mt19937& random) {
  const std::vector<int> all =
      DrawPeople(size.people, kAskedWarm + kAskedCold + 1, random);
  const std::vector<int> warm(all.begin(), all.begin() + kAskedWarm);
  const std::vector<int> cold(all.begin() + kAskedWarm, all.end() - 1);
  // The daemon's first refresh is nobody's.
  const std::vector<int> first(all.end() - 1, all.end());
  RETURN_IF_ERROR(AskFirst(size, first).status());
  ASSIGN_OR_RETURN(const Sample warm_ours, AskFirst(size, warm));
  size.vault->Stop();
  ASSIGN_OR_RETURN(const Sample warm_raw, ReadRaw(size, warm, /*cold=*/false));
  size.warm.Add(warm_ours, warm_raw);

  RETURN_IF_ERROR(size.vault->Restart());
  RETURN_IF_ERROR(AskFirst(size, first).status());
  absl::SleepFor(kUntilLogIsEmpty);
  RETURN_IF_ERROR(DropVault(*size.vault));
  ASSIGN_OR_RETURN(const double held,
                   ShareInPageCache(size.vault->seeded().database()));
  size.still_held.values.push_back(100 * held);
  ASSIGN_OR_RETURN(const Sample cold_ours, AskFirst(size, cold));
  size.vault->Stop();
  ASSIGN_OR_RETURN(const Sample cold_raw, ReadRaw(size, cold, /*cold=*/true));
  size.cold.Add(cold_ours, cold_raw);
  return size.vault->Restart();
}

void AddFirsts(const SizedVault& size, const FirstRequests& seen,
               const char* pages, Report& report) {
  const std::string where = absl::StrCat(size.people, " connections, ", pages);
  const std::pair<const char*, const Sample*> numbers[] = {
      {"p50 of first requests", &seen.p50},
      {"p99 of first requests", &seen.p99},
      {"p50 of SQLite's reads alone", &seen.raw_p50},
      {"p99 of SQLite's reads alone", &seen.raw_p99}};
  for (const auto& [what, sample] : numbers) {
    report.findings.push_back({"B8", what, where, "µs", *sample});
  }
}

// In each repetition: the p50 by that of the small vault, warm, and the reads.
void AddByParts(const SizedVault& small, const SizedVault& size,
                const FirstRequests& seen, const char* pages, Report& report) {
  Sample ratio;
  for (size_t i = 0; i < seen.p50.values.size(); ++i) {
    ratio.values.push_back(seen.p50.values[i] /
                           (small.warm.p50.values[i] + seen.raw_p50.values[i]));
  }
  report.findings.push_back(
      {"B8",
       absl::StrCat("p50 of first requests by that at ", small.people,
                    ", warm, and the reads"),
       absl::StrCat(size.people, " connections, ", pages), "ratio", ratio,
       Finding::Aim::kAtMost, kMostByParts});
}

}  // namespace

absl::Status MeasureMisses(const Setting& setting, Report& report) {
  std::vector<int> wanted = {kSmallVault, kLargeVault};
  if (setting.full) wanted.push_back(kHugeVault);
  std::vector<SizedVault> sizes;
  for (int people : wanted) {
    SizedVault size;
    size.people = people;
    ASSIGN_OR_RETURN(size.vault, ServedVault::Start(setting, people));
    sizes.push_back(std::move(size));
  }
  std::mt19937 random;  // the same people in every run
  for (int i = 0; i < setting.repetitions; ++i) {
    for (SizedVault& size : sizes) RETURN_IF_ERROR(MeasureOnceAt(size, random));
  }
  for (const SizedVault& size : sizes) {
    AddFirsts(size, size.warm, "warm", report);
    AddFirsts(size, size.cold, "cold", report);
    report.findings.push_back({"B8", "of the file still in the page cache",
                               absl::StrCat(size.people, " connections, cold"),
                               "%", size.still_held});
    if (size.people == kSmallVault) continue;
    AddByParts(sizes.front(), size, size.warm, "warm", report);
    AddByParts(sizes.front(), size, size.cold, "cold", report);
  }
  for (SizedVault& size : sizes) {
    RETURN_IF_ERROR(size.vault->StopAndCheck(size.tokens));
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
