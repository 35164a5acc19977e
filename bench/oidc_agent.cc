// B20: oidc-agent beside us, each on a Unix socket, with a token of the same
// provider in memory. It writes nothing down; we put a leaf on the disk first.
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/closed_loop.h"
#include "bench/oidc_agent_process.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"
#include "bench/transport.h"

namespace tokenvault {
namespace {

constexpr int kAgentLevels[] = {1, 8, 64};
// It knows one account, so we are asked about one person too.
constexpr int kOnePerson = 1;
constexpr absl::Duration kAgentWarmUp = absl::Milliseconds(300);
constexpr double kLeastByAgent = 1;

template <typename Loop, typename Server>
absl::Status MeasureSide(Loop& loop, const Server& server, int in_flight,
                         absl::Duration length, Measured& side) {
  RETURN_IF_ERROR(loop.Run(in_flight, kAgentWarmUp).status());
  const absl::Duration before = server.CpuTime();
  ASSIGN_OR_RETURN(LoopResult result, loop.Run(in_flight, length));
  side.per_second.values.push_back(result.PerSecond());
  side.p50_micros.values.push_back(result.micros.Median());
  side.p99_micros.values.push_back(result.micros.Quantile(0.99));
  side.cpu_micros.values.push_back(
      absl::ToDoubleMicroseconds(server.CpuTime() - before) /
      static_cast<double>(result.answers));
  return absl::OkStatus();
}

void AddSide(const char* whose, const Measured& side, const std::string& where,
             Report& report) {
  const struct {
    const char* what;
    const char* unit;
    const Sample& sample;
  } numbers[] = {{"requests", "/s", side.per_second},
                 {"p50", "µs", side.p50_micros},
                 {"p99", "µs", side.p99_micros},
                 {"server CPU a request", "µs", side.cpu_micros}};
  for (const auto& number : numbers) {
    report.findings.push_back({"B20", absl::StrCat(whose, " ", number.what),
                               where, number.unit, number.sample});
  }
}

}  // namespace

absl::Status MeasureOidcAgent(const Setting& setting, Report& report) {
  if (!OidcAgentProcess::IsInstalled()) {
    printf("B20 was not measured: oidc-agent is not installed here\n");
    return absl::OkStatus();
  }
  ServedVault::Options options;
  options.people = kOnePerson;
  options.transport = Transport::kUnixSocket;
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, options));
  ASSIGN_OR_RETURN(const ClosedLoop::Options asking, vault->Asking(kOnePerson));
  ClosedLoop ours(asking);
  RETURN_IF_ERROR(ours.AskForEach().status());
  ASSIGN_OR_RETURN(
      std::unique_ptr<OidcAgentProcess> agent,
      OidcAgentProcess::Start(vault->folder(), vault->endpoint().url(), 0));
  const int64_t calls = vault->endpoint().requests();
  const absl::Duration length = absl::Seconds(setting.seconds);
  for (int in_flight : kAgentLevels) {
    Measured vault_side, agent_side;
    Sample ratio;
    for (int i = 0; i < setting.repetitions; ++i) {
      RETURN_IF_ERROR(
          MeasureSide(*agent, *agent, in_flight, length, agent_side));
      RETURN_IF_ERROR(
          MeasureSide(ours, vault->daemon(), in_flight, length, vault_side));
      ratio.values.push_back(vault_side.per_second.values.back() /
                             agent_side.per_second.values.back());
    }
    const std::string where =
        absl::StrCat("Unix socket, ", in_flight, " in flight");
    report.findings.push_back({"B20", "requests/s by oidc-agent's", where,
                               "ratio", ratio, Finding::Aim::kAtLeast,
                               kLeastByAgent});
    AddSide("vault", vault_side, where, report);
    AddSide("oidc-agent", agent_side, where, report);
  }
  if (vault->endpoint().requests() != calls) {
    return absl::DataLossError("a cached token was fetched anew");
  }
  return vault->StopAndCheck(ours.tokens());
}

}  // namespace tokenvault
