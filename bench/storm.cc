// B10: many callers at once for one person whose token is in no memory, and a
// provider that takes its time. One of them fetches, all others wait for that.
#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/caller.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kStormSizes[] = {64, 1000};
constexpr absl::Duration kProviderDelay = absl::Milliseconds(200);
constexpr double kMostMillisBeyond = 20;
// A connection takes 100 calls at once, and more wait at the client.
constexpr int kStormConnections = 12;

struct Storms {
  Sample provider_calls;
  Sample slowest_millis;  // beyond the provider's own delay
  Sample cached_millis;   // the slowest, when nothing must be fetched
};

// All at once about one person, until the last answer. How long the slowest
// took.
absl::StatusOr<absl::Duration> AskAtOnce(Caller& caller, int person, int size) {
  for (int i = 0; i < size; ++i) caller.Ask({.person = person});
  absl::Duration slowest = absl::ZeroDuration();
  while (const TokenAnswer* answer = caller.Next(absl::InfiniteFuture())) {
    RETURN_IF_ERROR(CheckIsToken(*answer));
    slowest = std::max(slowest, answer->took());
  }
  return slowest;
}

// And once more, to see what so many callers cost by themselves.
absl::Status Storm(ServedVault& vault, Caller& caller, int person, int size,
                   Storms& storms) {
  const int64_t calls_before = vault.endpoint().requests();
  ASSIGN_OR_RETURN(const absl::Duration slowest,
                   AskAtOnce(caller, person, size));
  ASSIGN_OR_RETURN(const absl::Duration cached,
                   AskAtOnce(caller, person, size));
  storms.slowest_millis.values.push_back(
      absl::ToDoubleMilliseconds(slowest - kProviderDelay));
  storms.cached_millis.values.push_back(absl::ToDoubleMilliseconds(cached));
  storms.provider_calls.values.push_back(
      static_cast<double>(vault.endpoint().requests() - calls_before));
  return absl::OkStatus();
}

void AddStorms(const Storms& storms, int size, Report& report) {
  const std::string where = absl::StrCat(size, " callers at once");
  // The worst of all repetitions, not the one in the middle.
  report.findings.push_back({"B10", "calls to the provider, the most", where,
                             "calls",
                             Sample{{storms.provider_calls.Quantile(1)}},
                             Finding::Aim::kAtMost, 1, /*gate=*/1});
  report.findings.push_back({"B10", "calls to the provider, the fewest", where,
                             "calls",
                             Sample{{storms.provider_calls.Quantile(0)}},
                             Finding::Aim::kAtLeast, 1, /*gate=*/1});
  report.findings.push_back(
      {"B10", "slowest caller beyond the provider's 200 ms", where, "ms",
       storms.slowest_millis, Finding::Aim::kAtMost, kMostMillisBeyond});
  report.findings.push_back({"B10",
                             "slowest of the same callers, from the cache",
                             where, "ms", storms.cached_millis});
}

}  // namespace

absl::Status MeasureStorms(const Setting& setting, Report& report) {
  const int storms_a_size = setting.repetitions + 2;
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, 1 + storms_a_size * 2));
  Caller caller(vault->daemon().address(), kStormConnections);
  RETURN_IF_ERROR(caller.Connect());
  // Nobody else pays for the daemon's first refresh.
  RETURN_IF_ERROR(AskAbout(caller, {0}, 1).status());
  vault->endpoint().SetDelay(kProviderDelay, kProviderDelay);
  int next_person = 1;
  int64_t tokens = 1;
  for (int size : kStormSizes) {
    Storms storms;
    for (int i = 0; i < storms_a_size; ++i) {
      RETURN_IF_ERROR(Storm(*vault, caller, next_person++, size, storms));
      tokens += 2 * size;
    }
    AddStorms(storms, size, report);
  }
  return vault->StopAndCheck(tokens);
}

}  // namespace tokenvault
