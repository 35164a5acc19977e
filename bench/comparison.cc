#include "bench/comparison.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/status_macros.h"
#include "bench/machine.h"

namespace tokenvault {
namespace {

constexpr int kSyncsPerRepetition = 200;
constexpr absl::Duration kWarmUp = absl::Milliseconds(300);

absl::Duration OwnCpuTime() {
  return absl::Seconds(1) * clock() / CLOCKS_PER_SEC;
}

absl::Status MeasureOnce(Contestant contestant, int in_flight, Report& report,
                         Measured& measured) {
  RETURN_IF_ERROR(contestant.loop.Run(in_flight, kWarmUp).status());
  const absl::Duration busy = BusyTime();
  const absl::Duration own = OwnCpuTime();
  const absl::Duration served = contestant.process.CpuTime();
  ASSIGN_OR_RETURN(
      LoopResult result,
      contestant.loop.Run(in_flight, absl::Seconds(report.seconds)));
  const absl::Duration cpu = contestant.process.CpuTime() - served;
  const absl::Duration foreign = BusyTime() - busy - (OwnCpuTime() - own) - cpu;
  measured.per_second.values.push_back(result.PerSecond());
  measured.p50_micros.values.push_back(result.micros.Median());
  measured.p99_micros.values.push_back(result.micros.Quantile(0.99));
  measured.cpu_micros.values.push_back(absl::ToDoubleMicroseconds(cpu) /
                                       static_cast<double>(result.answers));
  // Two clocks that tick differently: a little below nothing is nothing.
  report.foreign_cpu.values.push_back(std::max(
      0.0,
      100 * absl::FDivDuration(foreign, result.elapsed * report.before.cores)));
  return absl::OkStatus();
}

// One repetition at one level.
absl::Status MeasureLevel(const Trio& trio, size_t first, Report& report,
                          Level& level) {
  const uint64_t syncs_before = trio.vault_syncs.count();
  const int64_t tokens_before = trio.vault.loop.tokens();
  RETURN_IF_ERROR(InTurns({{trio.echo, level.echo},
                           {trio.vault, level.vault},
                           {trio.memory, level.memory}},
                          first, level.in_flight, report));
  level.syncs_per_request.values.push_back(
      static_cast<double>(trio.vault_syncs.count() - syncs_before) /
      static_cast<double>(trio.vault.loop.tokens() - tokens_before));
  const double per_second = level.vault.per_second.values.back();
  level.ratio.values.push_back(per_second /
                               level.echo.per_second.values.back());
  level.ratio_to_memory.values.push_back(per_second /
                                         level.memory.per_second.values.back());
  return absl::OkStatus();
}

}  // namespace

absl::Status InTurns(const std::vector<Turn>& turns, size_t first,
                     int in_flight, Report& report) {
  for (size_t i = 0; i < turns.size(); ++i) {
    const Turn& turn = turns[(first + i) % turns.size()];
    RETURN_IF_ERROR(
        MeasureOnce(turn.contestant, in_flight, report, turn.measured));
  }
  return absl::OkStatus();
}

absl::Status Compare(const std::vector<Trio>& trios, const std::string& folder,
                     Report& report) {
  std::vector<std::pair<const Trio*, Level>> rows;
  for (const Trio& trio : trios) {
    for (int in_flight : trio.levels) {
      rows.push_back({&trio, Level()});
      rows.back().second.transport = trio.transport;
      rows.back().second.in_flight = in_flight;
    }
  }
  size_t first = 0;
  for (int i = 0; i < report.repetitions; ++i) {
    ASSIGN_OR_RETURN(Sample probe, MeasureSyncs(folder, kSyncsPerRepetition));
    report.sync_micros.values.insert(report.sync_micros.values.end(),
                                     probe.values.begin(), probe.values.end());
    for (auto& [trio, level] : rows) {
      level.sync_p50_micros.values.push_back(probe.Median());
      RETURN_IF_ERROR(MeasureLevel(*trio, first++, report, level));
    }
  }
  for (auto& [trio, level] : rows) report.levels.push_back(std::move(level));
  return absl::OkStatus();
}

}  // namespace tokenvault
