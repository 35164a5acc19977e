// B16: minutes of steady load, at seven tenths of what a closed loop reaches.
// Requests leave at their time whether or not answers have come, and are timed
// from when they were due: who falls behind does not hide it.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/caller.h"
#include "bench/closed_loop.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kSoakPeople = 200;
constexpr int kSoakConnections = 4;
constexpr double kShareOfMost = 0.7;
constexpr absl::Duration kToFindTheMost = absl::Seconds(5);
constexpr absl::Duration kTick = absl::Milliseconds(1);
constexpr absl::Duration kLook = absl::Seconds(1);
constexpr int kUsualSeconds = 600;
constexpr double kMostTailGrowth = 3;
constexpr double kMostMemoryGrowth = 5;  // percent
// The daemon makes room in the log at 64 MB at the latest.
constexpr double kMostLogMegabytes = 100;

// A shorter soak compares its first tenth with its last.
struct SoakLength {
  absl::Duration whole;
  absl::Duration part;  // the first minute and the last one
};

absl::StatusOr<SoakLength> ReadLength() {
  int seconds = kUsualSeconds;
  const char* wish = getenv("TOKENVAULT_BENCH_SOAK_SECONDS");
  if (wish != nullptr && (!absl::SimpleAtoi(wish, &seconds) || seconds < 10)) {
    return absl::InvalidArgumentError(
        "TOKENVAULT_BENCH_SOAK_SECONDS is a number from 10");
  }
  return SoakLength{absl::Seconds(seconds), absl::Seconds(seconds) / 10};
}

struct Soaked {
  Sample first_micros;
  Sample last_micros;
  int64_t answers = 0;
  double memory_after_first = 0;  // bytes
  double memory_most_since = 0;
  double log_most = 0;         // bytes
  double database_growth = 0;  // bytes: what checkpoints moved there
  double behind_micros = 0;    // the sender, at worst
};

double BytesOf(const std::string& path) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  return none ? 0 : static_cast<double>(size);
}

// What is seen from outside, once a second.
void LookAtDaemon(const ServedVault& vault, bool in_first, Soaked& seen) {
  const auto memory = static_cast<double>(vault.daemon().ResidentBytes());
  if (in_first) seen.memory_after_first = memory;
  seen.memory_most_since =
      in_first ? memory : std::max(seen.memory_most_since, memory);
  seen.log_most =
      std::max(seen.log_most, BytesOf(vault.seeded().database() + "-wal"));
}

absl::StatusOr<Soaked> Soak(const ServedVault& vault, Caller& caller,
                            double per_second, const SoakLength& length) {
  Soaked seen;
  const std::string database = vault.seeded().database();
  const double database_before = BytesOf(database);
  const double per_tick = per_second * absl::ToDoubleSeconds(kTick);
  const absl::Time start = absl::Now();
  const absl::Time end = start + length.whole;
  absl::Time due = start;
  absl::Time next_look = start;
  double owed = 0;
  int person = 0;
  while (due < end || caller.in_flight() > 0) {
    const absl::Time now = absl::Now();
    for (; due < end && due <= now; due += kTick) {
      seen.behind_micros =
          std::max(seen.behind_micros, absl::ToDoubleMicroseconds(now - due));
      for (owed += per_tick; owed >= 1; --owed) {
        person = (person + 1) % kSoakPeople;
        caller.Ask({.person = person, .due = due});
      }
    }
    if (now >= next_look && now < end) {
      LookAtDaemon(vault, now < start + length.part, seen);
      next_look += kLook;
    }
    const TokenAnswer* answer =
        caller.Next(due < end ? due : absl::InfiniteFuture());
    if (answer == nullptr) {
      // Nothing in flight: Next did not wait.
      if (caller.in_flight() == 0) absl::SleepFor(due - absl::Now());
      continue;
    }
    RETURN_IF_ERROR(CheckIsToken(*answer));
    ++seen.answers;
    const double micros = absl::ToDoubleMicroseconds(answer->took());
    if (answer->sent < start + length.part) {
      seen.first_micros.values.push_back(micros);
    } else if (answer->sent >= end - length.part) {
      seen.last_micros.values.push_back(micros);
    }
  }
  seen.database_growth = BytesOf(database) - database_before;
  return seen;
}

void AddSoaked(const Soaked& seen, double per_second, const SoakLength& length,
               Report& report) {
  const std::string where =
      absl::StrCat(absl::FormatDuration(length.whole), " at ",
                   static_cast<int>(per_second), "/s");
  auto add = [&](const std::string& what, const char* unit, double value,
                 Finding::Aim aim = Finding::Aim::kNone, double floor = 0) {
    report.findings.push_back(
        {"B16", what, where, unit, Sample{{value}}, aim, floor});
  };
  const std::string part = absl::FormatDuration(length.part);
  const double first = seen.first_micros.Quantile(0.999);
  const double last = seen.last_micros.Quantile(0.999);
  add(absl::StrCat("p99.9 of the last ", part, " by the first's"), "ratio",
      last / first, Finding::Aim::kAtMost, kMostTailGrowth);
  add(absl::StrCat("p99.9 of the first ", part), "µs", first);
  add(absl::StrCat("p99.9 of the last ", part), "µs", last);
  add(absl::StrCat("growth of resident memory after the first ", part), "%",
      100 * (seen.memory_most_since / seen.memory_after_first - 1),
      Finding::Aim::kAtMost, kMostMemoryGrowth);
  add("resident memory at most", "MB", seen.memory_most_since / 1e6);
  add("the write-ahead log at most", "MB", seen.log_most / 1e6,
      Finding::Aim::kAtMost, kMostLogMegabytes);
  add("moved into the database meanwhile", "MB", seen.database_growth / 1e6);
  add("the sender behind its pace at most", "µs", seen.behind_micros);
}

}  // namespace

absl::Status MeasureSoak(const Setting& setting, Report& report) {
  ASSIGN_OR_RETURN(const SoakLength length, ReadLength());
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kSoakPeople));
  ClosedLoop loop({vault->daemon().address(), kSoakPeople});
  RETURN_IF_ERROR(loop.AskForEach().status());
  ASSIGN_OR_RETURN(const LoopResult most, loop.Run(64, kToFindTheMost));
  const double per_second = kShareOfMost * most.PerSecond();
  Caller caller(vault->daemon().address(), kSoakConnections);
  RETURN_IF_ERROR(caller.Connect());
  ASSIGN_OR_RETURN(const Soaked seen, Soak(*vault, caller, per_second, length));
  AddSoaked(seen, per_second, length, report);
  return vault->StopAndCheck(loop.tokens() + seen.answers);
}

}  // namespace tokenvault
