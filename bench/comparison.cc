#include "bench/comparison.h"

#include <algorithm>
#include <ctime>

#include "base/status_macros.h"
#include "bench/machine.h"

namespace tokenvault {
namespace {

constexpr int kLevels[] = {1, 8, 64, 256};
constexpr int kSyncsPerRepetition = 200;
constexpr absl::Duration kWarmUp = absl::Milliseconds(300);

absl::Duration OwnCpuTime() {
  return absl::Seconds(1) * clock() / CLOCKS_PER_SEC;
}

absl::Status Measure(Contestant contestant, int in_flight, Report& report,
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

absl::Status MeasureVault(Contestant vault, const SyncCounter& syncs,
                          Report& report, Level& level) {
  const uint64_t syncs_before = syncs.count();
  const int64_t tokens_before = vault.loop.tokens();
  RETURN_IF_ERROR(Measure(vault, level.in_flight, report, level.vault));
  level.syncs_per_request.values.push_back(
      static_cast<double>(syncs.count() - syncs_before) /
      static_cast<double>(vault.loop.tokens() - tokens_before));
  return absl::OkStatus();
}

}  // namespace

absl::Status Compare(Contestant echo, Contestant vault,
                     const SyncCounter& vault_syncs, const std::string& folder,
                     Report& report) {
  for (int in_flight : kLevels) {
    report.levels.emplace_back();
    report.levels.back().transport = "TCP";
    report.levels.back().in_flight = in_flight;
  }
  bool echo_first = true;
  for (int i = 0; i < report.repetitions; ++i) {
    ASSIGN_OR_RETURN(Sample probe, MeasureSyncs(folder, kSyncsPerRepetition));
    report.sync_micros.values.insert(report.sync_micros.values.end(),
                                     probe.values.begin(), probe.values.end());
    for (Level& level : report.levels) {
      auto measure_echo = [&] {
        return Measure(echo, level.in_flight, report, level.echo);
      };
      if (echo_first) RETURN_IF_ERROR(measure_echo());
      RETURN_IF_ERROR(MeasureVault(vault, vault_syncs, report, level));
      if (!echo_first) RETURN_IF_ERROR(measure_echo());
      level.ratio.values.push_back(level.vault.per_second.values.back() /
                                   level.echo.per_second.values.back());
      echo_first = !echo_first;
    }
  }
  return absl::OkStatus();
}

}  // namespace tokenvault
