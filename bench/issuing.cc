// B1, B2, B4, B5: cached tokens, each with its leaf on the disk, beside a bare
// gRPC echo that answers with the same bytes.
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/closed_loop.h"
#include "bench/comparison.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kPeople = 200;

absl::StatusOr<std::unique_ptr<ChildProcess>> StartEcho(
    const v1::GetScopedTokenResponse& answer, const std::string& file_name) {
  std::ofstream file(file_name, std::ios::binary);
  if (!answer.SerializeToOstream(&file)) {
    return absl::UnavailableError("the answer to echo cannot be written");
  }
  file.close();
  return ChildProcess::Start({"/proc/self/exe", "--echo", file_name});
}

struct Target {
  int in_flight;
  double ratio;
};
constexpr Target kTargets[] = {{1, 0.25}, {8, 0.25}, {64, 0.50}, {256, 0.60}};

Sample Divided(const Sample& upper, const Sample& lower) {
  Sample quotient;
  for (size_t i = 0; i < upper.values.size(); ++i) {
    quotient.values.push_back(upper.values[i] / lower.values[i]);
  }
  return quotient;
}

void AddFindings(const Level& level, Report& report) {
  const std::string where =
      absl::StrCat(level.transport, ", ", level.in_flight, " in flight");
  for (const Target& target : kTargets) {
    if (target.in_flight != level.in_flight) continue;
    report.findings.push_back({"B1", "requests/s by echo's", where, "ratio",
                               level.ratio, Finding::Aim::kAtLeast,
                               target.ratio});
  }
  if (level.in_flight >= 64) {
    report.findings.push_back(
        {"B2", "server CPU a request by echo's", where, "ratio",
         Divided(level.vault.cpu_micros, level.echo.cpu_micros),
         Finding::Aim::kAtMost, 1.8});
  }
  if (level.in_flight == 1) {
    const double least =
        level.echo.p50_micros.Median() + report.sync_micros.Median();
    report.findings.push_back(
        {"B4", "p50 by echo's and one fdatasync's", where, "ratio",
         Sample{{level.vault.p50_micros.Median() / least}},
         Finding::Aim::kAtMost, 1.5});
  }
  if (level.in_flight == 64) {
    report.findings.push_back({"B5", "syncs a token", where, "syncs",
                               level.syncs_per_request, Finding::Aim::kAtMost,
                               1.0 / 15, /*gate=*/true});
  }
}

}  // namespace

absl::Status MeasureIssuing(const Setting& setting, Report& report) {
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kPeople));
  ClosedLoop vault_loop({vault->daemon().address(), kPeople});
  ASSIGN_OR_RETURN(v1::GetScopedTokenResponse answer, vault_loop.AskForEach());
  ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> echo,
                   StartEcho(answer, vault->folder() + "/answer"));
  ClosedLoop echo_loop({echo->address(), kPeople, /*check_person=*/false});
  RETURN_IF_ERROR(Compare({*echo, echo_loop}, {vault->daemon(), vault_loop},
                          vault->syncs(), vault->folder(), report));
  for (const Level& level : report.levels) AddFindings(level, report);
  return vault->StopAndCheck(vault_loop.tokens());
}

}  // namespace tokenvault
