// B1, B2, B4, B7: cached tokens, each with its leaf on the disk, beside a
// bare gRPC echo that answers with the same bytes, and beside the same vault
// without a disk; by each transport.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/comparison.h"
#include "bench/scenario.h"
#include "bench/side_by_side.h"

namespace tokenvault {
namespace {

constexpr double kCpuAim = 1.8;
constexpr int kNewChannels = 50;
constexpr int kNewChannelsFull = 300;

struct Target {
  int in_flight;
  double ratio;
};
constexpr Target kTargets[] = {{1, 0.25}, {8, 0.25}, {64, 0.50}, {256, 0.60}};

std::string WhereOf(const Level& level) {
  return absl::StrCat(level.transport, ", ", level.in_flight, " in flight");
}

void AddRate(const Level& level, Report& report) {
  Finding rate = {"B1", "requests/s by echo's", WhereOf(level), "ratio",
                  level.ratio};
  for (const Target& target : kTargets) {
    if (level.transport != NameOf(Transport::kTcp) ||
        target.in_flight != level.in_flight) {
      continue;
    }
    rate.aim = Finding::Aim::kAtLeast;
    rate.floor = target.ratio;
  }
  report.findings.push_back(std::move(rate));
  report.findings.push_back({"B1", "requests/s by those without a disk",
                             WhereOf(level), "ratio", level.ratio_to_memory});
}

void AddCpu(const Level& level, Report& report) {
  Finding cpu = {"B2", "server CPU a request by echo's", WhereOf(level),
                 "ratio",
                 Divided(level.vault.cpu_micros, level.echo.cpu_micros)};
  cpu.aim = Finding::Aim::kAtMost;
  cpu.floor = kCpuAim;
  report.findings.push_back(std::move(cpu));
}

void AddAlone(const Level& level, Report& report) {
  Sample least;
  for (size_t i = 0; i < level.echo.p50_micros.values.size(); ++i) {
    least.values.push_back(level.echo.p50_micros.values[i] +
                           level.sync_p50_micros.values[i]);
  }
  report.findings.push_back(
      {"B4", "p50 by echo's and one fdatasync's", WhereOf(level), "ratio",
       Divided(level.vault.p50_micros, least), Finding::Aim::kAtMost, 1.5});
}

void AddFindings(const Level& level, Report& report) {
  AddRate(level, report);
  if (level.in_flight >= 64) AddCpu(level, report);
  if (level.in_flight == 1) AddAlone(level, report);
}

// mTLS by what the same run measured over TCP.
void AddPriceOfTls(Report& report) {
  for (const Level& tls : report.levels) {
    if (tls.transport != NameOf(Transport::kMtls)) continue;
    for (const Level& tcp : report.levels) {
      if (tcp.transport != NameOf(Transport::kTcp) ||
          tcp.in_flight != tls.in_flight) {
        continue;
      }
      report.findings.push_back(
          {"B7", "requests/s by those over TCP", WhereOf(tls), "ratio",
           Divided(tls.vault.per_second, tcp.vault.per_second),
           Finding::Aim::kAtLeast, 0.7});
    }
  }
}

absl::Status MeasureNewChannels(const SideBySide& servers, Transport transport,
                                const Setting& setting, Report& report) {
  ASSIGN_OR_RETURN(const Sample millis,
                   servers.vault_loop().AskOnNewChannels(
                       setting.full ? kNewChannelsFull : kNewChannels));
  const std::string where = NameOf(transport);
  report.findings.push_back({"B7", "new connection and first answer, p50",
                             where, "ms", Sample{{millis.Median()}}});
  report.findings.push_back({"B7", "new connection and first answer, p99",
                             where, "ms", Sample{{millis.Quantile(0.99)}}});
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureIssuing(const Setting& setting, Report& report) {
  ASSIGN_OR_RETURN(std::unique_ptr<SideBySide> tcp,
                   SideBySide::Start(setting, Transport::kTcp));
  ASSIGN_OR_RETURN(std::unique_ptr<SideBySide> unix_socket,
                   SideBySide::Start(setting, Transport::kUnixSocket));
  ASSIGN_OR_RETURN(std::unique_ptr<SideBySide> mtls,
                   SideBySide::Start(setting, Transport::kMtls));
  RETURN_IF_ERROR(
      Compare({tcp->At({1, 8, 64, 256}), unix_socket->At({1, 8, 64, 256}),
               mtls->At({64, 256})},
              tcp->vault().folder(), report));
  for (const Level& level : report.levels) AddFindings(level, report);
  AddPriceOfTls(report);
  RETURN_IF_ERROR(MeasureNewChannels(*tcp, Transport::kTcp, setting, report));
  RETURN_IF_ERROR(MeasureNewChannels(*unix_socket, Transport::kUnixSocket,
                                     setting, report));
  RETURN_IF_ERROR(MeasureNewChannels(*mtls, Transport::kMtls, setting, report));
  RETURN_IF_ERROR(tcp->StopAndCheck());
  RETURN_IF_ERROR(unix_socket->StopAndCheck());
  return mtls->StopAndCheck();
}

}  // namespace tokenvault
