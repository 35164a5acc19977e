// B11: every request is for a person not asked about before, and the provider
// answers at once: what the vault adds to a refresh. Beside it, in turn, the
// same requests to the provider by plain HTTP.
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/caller.h"
#include "bench/http_round_trips.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr double kLeastOfPlain = 0.4;
constexpr int kRefreshConnections = 4;

struct RefreshLevel {
  int in_flight;
  int quick;  // people a repetition
  int full;

  int people(const Setting& setting) const {
    return setting.full ? full : quick;
  }
};
constexpr RefreshLevel kRefreshLevels[] = {{1, 300, 1000}, {64, 2000, 10000}};

struct Refreshes {
  Sample by_kept;      // vault's rate by plain HTTP's with kept connections
  Sample by_one_each;  // and with a new connection for each request
  Sample per_second;
  Sample p50_micros;
  Sample syncs;
  Sample cpu_micros;
};

absl::Status MeasureRefreshesOnce(ServedVault& vault, Caller& caller,
                                  const std::vector<int>& people, int in_flight,
                                  Refreshes& seen) {
  const std::string url = vault.endpoint().url();
  ASSIGN_OR_RETURN(LoopResult kept, MakeRoundTrips(url, people, in_flight,
                                                   HttpConnections::kKept));
  ASSIGN_OR_RETURN(
      LoopResult one_each,
      MakeRoundTrips(url, people, in_flight, HttpConnections::kOneEach));
  const int64_t calls = vault.endpoint().requests();
  const uint64_t syncs = vault.syncs().count();
  const absl::Duration cpu = vault.daemon().CpuTime();
  ASSIGN_OR_RETURN(LoopResult ours, AskAbout(caller, people, in_flight));
  const auto answers = static_cast<double>(ours.answers);
  if (vault.endpoint().requests() - calls != ours.answers) {
    return absl::DataLossError("a token did not come from the provider");
  }
  seen.cpu_micros.values.push_back(
      absl::ToDoubleMicroseconds(vault.daemon().CpuTime() - cpu) / answers);
  seen.syncs.values.push_back(
      static_cast<double>(vault.syncs().count() - syncs) / answers);
  seen.by_kept.values.push_back(ours.PerSecond() / kept.PerSecond());
  seen.by_one_each.values.push_back(ours.PerSecond() / one_each.PerSecond());
  seen.per_second.values.push_back(ours.PerSecond());
  seen.p50_micros.values.push_back(ours.micros.Median());
  return absl::OkStatus();
}

void AddRefreshes(const Refreshes& seen, int in_flight, Report& report) {
  const std::string where = absl::StrCat(in_flight, " in flight");
  report.findings.push_back(
      {"B11", "refreshes/s by plain HTTP's, connections kept", where, "ratio",
       seen.by_kept, Finding::Aim::kAtLeast, kLeastOfPlain});
  report.findings.push_back(
      {"B11", "refreshes/s by plain HTTP's, a new connection each", where,
       "ratio", seen.by_one_each});
  report.findings.push_back({"B11", "refreshes", where, "/s", seen.per_second});
  report.findings.push_back(
      {"B11", "p50 of a refresh", where, "µs", seen.p50_micros});
  report.findings.push_back(
      {"B11", "syncs a refresh", where, "syncs", seen.syncs});
  report.findings.push_back(
      {"B11", "server CPU a refresh", where, "µs", seen.cpu_micros});
}

}  // namespace

absl::Status MeasureRefreshes(const Setting& setting, Report& report) {
  int people = 1;
  for (const RefreshLevel& level : kRefreshLevels) {
    people += setting.repetitions * level.people(setting);
  }
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, people));
  Caller caller(vault->daemon().address(), kRefreshConnections);
  RETURN_IF_ERROR(caller.Connect());
  RETURN_IF_ERROR(AskAbout(caller, {0}, 1).status());
  int next_person = 1;
  for (const RefreshLevel& level : kRefreshLevels) {
    Refreshes seen;
    for (int i = 0; i < setting.repetitions; ++i) {
      const int count = level.people(setting);
      RETURN_IF_ERROR(MeasureRefreshesOnce(*vault, caller,
                                           PeopleFrom(next_person, count),
                                           level.in_flight, seen));
      next_person += count;
    }
    AddRefreshes(seen, level.in_flight, report);
  }
  return vault->StopAndCheck(people);
}

}  // namespace tokenvault
