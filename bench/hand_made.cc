// B3, B5, B6: the vault beside what somebody would write by hand to have a leaf
// on the disk before each answer: a commit for each, and a log with group
// commit.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/closed_loop.h"
#include "bench/comparison.h"
#include "bench/echo.h"
#include "bench/hand_made_log.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kHandMadePeople = 200;
constexpr int kHandMadeLevels[] = {64, 256};
// How far a leaf of the vault may be from what the others write.
constexpr double kLeafTolerance = 0.15;

struct HandMadeLevel {
  int in_flight = 0;
  Measured vault = {};
  Measured naive = {};
  Measured log = {};
  Sample syncs_per_token = {};  // of the vault
};

// How many times the naive server's requests: aimed for where the disk is the
// limit of that one and not of the vault, and what holds wherever commits are
// shared at all.
constexpr double kSharingAim = 4;
constexpr double kSharingGate = 1.2;
constexpr double kSyncsAim = 1.0 / 15;
constexpr double kSyncsGate = 1.0 / 5;  // a slow client fills no batches

void AddHandMade(const HandMadeLevel& level, Report& report) {
  const std::string where =
      absl::StrCat("TCP, ", level.in_flight, " in flight");
  const Sample by_naive =
      Divided(level.vault.per_second, level.naive.per_second);
  Finding naive = {"B3", "requests/s by those of one commit a request", where,
                   "ratio", by_naive};
  if (level.in_flight == 64) {
    naive.aim = Finding::Aim::kAtLeast;
    naive.floor = kSharingAim;
    naive.gate = kSharingGate;
  }
  report.findings.push_back(std::move(naive));
  Finding syncs = {"B5", "syncs a token", where, "syncs",
                   level.syncs_per_token};
  if (level.in_flight == 64) {
    syncs.aim = Finding::Aim::kAtMost;
    syncs.floor = kSyncsAim;
    syncs.gate = kSyncsGate;
  }
  report.findings.push_back(std::move(syncs));
  report.findings.push_back({"B3", "of one commit a request", where,
                             "requests/s", level.naive.per_second});
  report.findings.push_back(
      {"B6", "requests/s by those of a batching log", where, "ratio",
       Divided(level.vault.per_second, level.log.per_second),
       Finding::Aim::kAtLeast, 0.75});
  report.findings.push_back(
      {"B6", "p99 by that of a batching log", where, "ratio",
       Divided(level.vault.p99_micros, level.log.p99_micros),
       Finding::Aim::kAtMost, 2.5});
  report.findings.push_back(
      {"B6", "of a batching log", where, "requests/s", level.log.per_second});
}

// It would be no comparison if the others wrote more, or less.
absl::Status CheckLeafSize(const ServedVault& vault) {
  ASSIGN_OR_RETURN(const double bytes, vault.seeded().TypicalLeafBytes());
  const double others = static_cast<double>(kHandMadeLeafBytes);
  if (bytes < others * (1 - kLeafTolerance) ||
      bytes > others * (1 + kLeafTolerance)) {
    return absl::FailedPreconditionError(
        absl::StrCat("a leaf of the vault has ", bytes,
                     " bytes, and kHandMadeLeafBytes is ", kHandMadeLeafBytes));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status MeasureHandMade(const Setting& setting, Report& report) {
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kHandMadePeople));
  ASSIGN_OR_RETURN(ClosedLoop::Options asking, vault->Asking(kHandMadePeople));
  ClosedLoop vault_loop(asking);
  ASSIGN_OR_RETURN(const v1::GetScopedTokenResponse answer,
                   vault_loop.AskForEach());
  Echo with_naive;
  with_naive.naive_file = vault->folder() + "/naive.db";
  ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> naive,
                   StartEcho(answer, vault->folder(), with_naive));
  Echo with_log;
  with_log.log_file = vault->folder() + "/log";
  ASSIGN_OR_RETURN(std::unique_ptr<ChildProcess> log,
                   StartEcho(answer, vault->folder(), with_log));
  asking.check_person = false;
  asking.address = naive->address();
  ClosedLoop naive_loop(asking);
  asking.address = log->address();
  ClosedLoop log_loop(asking);

  std::vector<HandMadeLevel> levels;
  for (int in_flight : kHandMadeLevels) levels.push_back({in_flight});
  size_t first = 0;
  for (int i = 0; i < report.repetitions; ++i) {
    for (HandMadeLevel& level : levels) {
      const uint64_t syncs = vault->syncs().count();
      const int64_t tokens = vault_loop.tokens();
      RETURN_IF_ERROR(InTurns({{{vault->daemon(), vault_loop}, level.vault},
                               {{*naive, naive_loop}, level.naive},
                               {{*log, log_loop}, level.log}},
                              first++, level.in_flight, report));
      level.syncs_per_token.values.push_back(
          static_cast<double>(vault->syncs().count() - syncs) /
          static_cast<double>(vault_loop.tokens() - tokens));
    }
  }
  for (const HandMadeLevel& level : levels) AddHandMade(level, report);
  RETURN_IF_ERROR(vault->StopAndCheck(vault_loop.tokens()));
  return CheckLeafSize(*vault);
}

}  // namespace tokenvault
