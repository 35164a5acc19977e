// B12: two of a hundred requests must wait for a slow provider. What do the
// other ones notice?
#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/caller.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kKnownPeople = 200;
constexpr int kMixedInFlight = 64;
constexpr int kMixedConnections = 4;
constexpr int kOneFirstIn = 50;
constexpr absl::Duration kLeastDelay = absl::Milliseconds(50);
constexpr absl::Duration kMostDelay = absl::Milliseconds(500);
// Until as many slow ones are under way as there will be.
constexpr absl::Duration kSettle = absl::Seconds(1);
constexpr double kMostByAlone = 1.3;
// More than the daemon's 32 workers could fetch meanwhile, each a fifth of a
// second at least on average.
constexpr int kFirstsPerSecond = 200;

enum MixedKind { kCached, kFirst };

// Who is asked about next.
struct MixedPeople {
  int known = 0;       // the one asked about last, of those in the cache
  int next_first = 0;  // nobody has asked about these yet
  int end = 0;
  int64_t asked = 0;
};

struct MixedRun {
  Sample cached_micros;
  int64_t firsts = 0;
  int64_t tokens = 0;  // also those of before and after
  absl::Duration length;

  double cached_in_flight() const {
    double sum = 0;
    for (double micros : cached_micros.values) sum += micros;
    return sum / absl::ToDoubleMicroseconds(length);
  }
};

absl::Status AskNext(Caller& caller, bool with_firsts, MixedPeople& people) {
  if (with_firsts && ++people.asked % kOneFirstIn == 0) {
    if (people.next_first == people.end) {
      return absl::ResourceExhaustedError("nobody is left to ask about");
    }
    caller.Ask({.person = people.next_first++, .kind = kFirst});
    return absl::OkStatus();
  }
  people.known = (people.known + 1) % kKnownPeople;
  caller.Ask({.person = people.known, .kind = kCached});
  return absl::OkStatus();
}

absl::StatusOr<MixedRun> RunMixed(Caller& caller, int in_flight,
                                  bool with_firsts, absl::Duration length,
                                  MixedPeople& people) {
  MixedRun run;
  run.length = length;
  for (int i = 0; i < in_flight; ++i) {
    RETURN_IF_ERROR(AskNext(caller, with_firsts, people));
  }
  const absl::Time start = absl::Now() + kSettle;
  const absl::Time end = start + length;
  while (const TokenAnswer* answer = caller.Next(absl::InfiniteFuture())) {
    RETURN_IF_ERROR(CheckIsToken(*answer));
    ++run.tokens;
    if (answer->received > start && answer->received <= end) {
      if (answer->kind == kCached) {
        run.cached_micros.values.push_back(
            absl::ToDoubleMicroseconds(answer->took()));
      } else {
        ++run.firsts;
      }
    }
    if (answer->received <= end) {
      RETURN_IF_ERROR(AskNext(caller, with_firsts, people));
    }
  }
  if (run.cached_micros.values.empty()) {
    return absl::DataLossError("no cached token was answered");
  }
  return run;
}

struct MixedSeen {
  Sample by_alone;
  Sample by_as_many;
  Sample as_many;
  Sample p99_micros;
  Sample firsts_percent;
  Sample firsts_per_second;
};

absl::Status MeasureMixOnce(Caller& caller, absl::Duration length,
                            MixedPeople& people, MixedSeen& seen,
                            int64_t& tokens) {
  auto run = [&](int in_flight, bool with_firsts) {
    return RunMixed(caller, in_flight, with_firsts, length, people);
  };
  ASSIGN_OR_RETURN(MixedRun alone, run(kMixedInFlight, false));
  ASSIGN_OR_RETURN(MixedRun mixed, run(kMixedInFlight, true));
  const int as_many =
      std::max(1, static_cast<int>(std::lround(mixed.cached_in_flight())));
  ASSIGN_OR_RETURN(MixedRun fewer, run(as_many, false));
  tokens += alone.tokens + mixed.tokens + fewer.tokens;
  const double p99 = mixed.cached_micros.Quantile(0.99);
  const auto firsts = static_cast<double>(mixed.firsts);
  const auto cached = static_cast<double>(mixed.cached_micros.values.size());
  seen.by_alone.values.push_back(p99 / alone.cached_micros.Quantile(0.99));
  seen.by_as_many.values.push_back(p99 / fewer.cached_micros.Quantile(0.99));
  seen.as_many.values.push_back(as_many);
  seen.p99_micros.values.push_back(p99);
  seen.firsts_percent.values.push_back(100 * firsts / (firsts + cached));
  seen.firsts_per_second.values.push_back(firsts /
                                          absl::ToDoubleSeconds(length));
  return absl::OkStatus();
}

void AddMixed(const MixedSeen& seen, Report& report) {
  const std::string where = absl::StrCat(kMixedInFlight, " in flight");
  report.findings.push_back({"B12", "p99 of cached tokens by theirs alone",
                             where, "ratio", seen.by_alone,
                             Finding::Aim::kAtMost, kMostByAlone});
  report.findings.push_back(
      {"B12", "p99 of cached tokens by theirs alone, as many of them in flight",
       where, "ratio", seen.by_as_many, Finding::Aim::kAtMost, kMostByAlone});
  report.findings.push_back({"B12", "cached ones of those in flight", where,
                             "requests", seen.as_many});
  report.findings.push_back(
      {"B12", "p99 of cached tokens", where, "µs", seen.p99_micros});
  report.findings.push_back({"B12", "first requests of all answers", where, "%",
                             seen.firsts_percent});
  report.findings.push_back(
      {"B12", "first requests", where, "/s", seen.firsts_per_second});
}

}  // namespace

absl::Status MeasureMixed(const Setting& setting, Report& report) {
  const absl::Duration length = absl::Seconds(setting.seconds);
  const int firsts = static_cast<int>(setting.repetitions *
                                      absl::ToDoubleSeconds(length + kSettle) *
                                      kFirstsPerSecond);
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kKnownPeople + firsts));
  Caller caller(vault->daemon().address(), kMixedConnections);
  RETURN_IF_ERROR(caller.Connect());
  RETURN_IF_ERROR(AskAbout(caller, PeopleFrom(0, kKnownPeople), 8).status());
  vault->endpoint().SetDelay(kLeastDelay, kMostDelay);
  MixedPeople people;
  people.next_first = kKnownPeople;
  people.end = kKnownPeople + firsts;
  MixedSeen seen;
  int64_t tokens = kKnownPeople;
  for (int i = 0; i < setting.repetitions; ++i) {
    RETURN_IF_ERROR(MeasureMixOnce(caller, length, people, seen, tokens));
  }
  AddMixed(seen, report);
  return vault->StopAndCheck(tokens);
}

}  // namespace tokenvault
