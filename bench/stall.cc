// B19: the disk stands still for two seconds while thousands ask. Nobody gets a
// token whose leaf is not on it; what is too much is refused at once; and then
// all goes on.
//
// What "not on it" means here, to the leaf: once a sync of the daemon waits,
// its one writer does nothing more, and the newest leaf that another process
// sees in the database is the last whose sync was over. A token that arrives
// before the disk goes on must have its leaf up to there.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/caller.h"
#include "bench/granted_leaves.h"
#include "bench/raw_vault.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kStallPeople = 200;
constexpr int kBefore = 256;      // in flight while the disk is well
constexpr int kMeanwhile = 8000;  // and while it is not
// A connection takes 100 calls at once, and more wait at the client.
constexpr int kStallConnections = 90;
constexpr absl::Duration kWell = absl::Seconds(1);
constexpr absl::Duration kStill = absl::Seconds(2);
constexpr absl::Duration kPatienceForSync = absl::Seconds(10);
// Beside the 8 000, and when they have arrived, one more request at a time: to
// see how long its refusal takes when not thousands come with it.
constexpr absl::Duration kLateEvery = absl::Milliseconds(10);
constexpr absl::Duration kFirstLate = absl::Milliseconds(800);
constexpr absl::Duration kLastLate = absl::Milliseconds(1700);
constexpr int kAfter = 1000;
constexpr double kMostMegabytes = 200;

enum StallKind { kUsual, kLate };

class StalledDisk {
 public:
  StalledDisk(ServedVault& vault, Caller& caller, RawVault& database)
      : vault_(vault), caller_(caller), database_(database) {}

  absl::Status Run(Report& report) {
    RETURN_IF_ERROR(LoadUntil(absl::Now() + kWell, /*until_waiting=*/false));
    const int64_t resident = vault_.daemon().ResidentBytes();
    vault_.syncs().Stall();
    // Whatever comes of it, the daemon must be able to end.
    absl::Status held = HoldStill();
    vault_.syncs().Release();
    RETURN_IF_ERROR(held);
    RETURN_IF_ERROR(TakeTheRest());
    RETURN_IF_ERROR(
        AskAbout(caller_, std::vector<int>(kAfter, 0), 64).status());
    tokens_ += kAfter;
    const double grown =
        static_cast<double>(vault_.daemon().PeakResidentBytes() - resident) /
        1e6;
    RETURN_IF_ERROR(vault_.StopAndCheck(tokens_));
    ASSIGN_OR_RETURN(const int early, CountEarly());
    AddFindings(early, grown, report);
    return absl::OkStatus();
  }

 private:
  void Ask(StallKind kind) {
    caller_.Ask({.person = static_cast<int>(asked_ % kStallPeople),
                 .request_id = RequestIdOf(0, asked_),
                 .kind = kind});
    ++asked_;
  }

  // Closed: an answer is a token, and the next question follows it.
  absl::Status LoadUntil(absl::Time end, bool until_waiting) {
    while (caller_.in_flight() < kBefore) Ask(kUsual);
    while (absl::Now() < end) {
      if (until_waiting && vault_.syncs().waiting() > 0)
        return absl::OkStatus();
      const TokenAnswer* answer =
          caller_.Next(absl::Now() + absl::Milliseconds(1));
      if (answer == nullptr) continue;
      RETURN_IF_ERROR(CheckIsToken(*answer));
      ++tokens_;
      if (until_waiting) early_.push_back(answer->request_id);
      Ask(kUsual);
    }
    return until_waiting ? absl::DataLossError("no sync waited for the disk")
                         : absl::OkStatus();
  }

  absl::Status HoldStill() {
    RETURN_IF_ERROR(
        LoadUntil(absl::Now() + kPatienceForSync, /*until_waiting=*/true));
    const absl::Time start = absl::Now();
    ASSIGN_OR_RETURN(on_disk_, database_.NewestLeaf());
    while (caller_.in_flight() < kMeanwhile) Ask(kUsual);
    absl::Time next_late = start + kFirstLate;
    while (absl::Now() < start + kStill) {
      if (absl::Now() >= next_late && absl::Now() < start + kLastLate) {
        Ask(kLate);
        next_late += kLateEvery;
      }
      const TokenAnswer* answer = caller_.Next(
          std::min(absl::Now() + absl::Milliseconds(1), next_late));
      if (answer != nullptr) RETURN_IF_ERROR(TakeMeanwhile(*answer));
    }
    waiting_ = caller_.in_flight();
    ASSIGN_OR_RETURN(const uint64_t still, database_.NewestLeaf());
    if (still != on_disk_ || vault_.syncs().waiting() == 0) {
      return absl::DataLossError("the disk did not stand still");
    }
    return absl::OkStatus();
  }

  absl::Status TakeMeanwhile(const TokenAnswer& answer) {
    if (answer.status.ok()) {
      RETURN_IF_ERROR(CheckIsToken(answer));
      ++tokens_;
      early_.push_back(answer.request_id);
      return absl::OkStatus();
    }
    if (answer.status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) {
      ++other_refusals_;
    }
    Sample& millis = answer.kind == kLate ? late_millis_ : burst_millis_;
    millis.values.push_back(absl::ToDoubleMilliseconds(answer.took()));
    return absl::OkStatus();
  }

  // Whoever was not refused by now was accepted, and gets a token.
  absl::Status TakeTheRest() {
    const absl::Time start = absl::Now();
    while (const TokenAnswer* answer = caller_.Next(absl::InfiniteFuture())) {
      if (!answer->status.ok()) continue;
      RETURN_IF_ERROR(CheckIsToken(*answer));
      ++tokens_;
      ++answered_;
    }
    rest_millis_ = absl::ToDoubleMilliseconds(absl::Now() - start);
    return absl::OkStatus();
  }

  // Of the tokens that came while the disk stood still: those whose leaf it did
  // not have.
  absl::StatusOr<int> CountEarly() {
    ASSIGN_OR_RETURN(const auto leaves,
                     ReadGrantedLeaves(vault_.seeded().database()));
    int count = 0;
    for (const std::string& request_id : early_) {
      auto it = leaves.find(request_id);
      if (it == leaves.end() || it->second.sequence > on_disk_) ++count;
    }
    return count;
  }

  void AddFindings(int early, double grown, Report& report) {
    const std::string where = absl::StrCat(kMeanwhile, " in flight, 2 s");
    auto add = [&](const char* what, const char* unit, Sample value,
                   Finding::Aim aim = Finding::Aim::kNone, double floor = 0,
                   std::optional<double> gate = std::nullopt) {
      report.findings.push_back(
          {"B19", what, where, unit, std::move(value), aim, floor, gate});
    };
    auto one = [](auto value) { return Sample{{static_cast<double>(value)}}; };
    using Aim = Finding::Aim;
    add("tokens whose leaf was not on the disk", "tokens", one(early),
        Aim::kAtMost, 0, 0);
    add("tokens received meanwhile, of leaves on the disk", "tokens",
        one(static_cast<double>(early_.size()) - early));
    add("refused as RESOURCE_EXHAUSTED", "refusals",
        one(burst_millis_.values.size() + late_millis_.values.size()),
        Aim::kAtLeast, 1, 1);
    add("refused as anything else", "refusals", one(other_refusals_),
        Aim::kAtMost, 0, 0);
    add("requests that waited", "requests", one(waiting_), Aim::kAtLeast, 1, 1);
    add("of those, answered with a token afterwards", "ratio",
        one(static_cast<double>(answered_) / std::max(1, waiting_)),
        Aim::kAtLeast, 1, 1);
    add("p99 of refusals, of those that came at once", "ms",
        one(burst_millis_.Quantile(0.99)));
    add("p50 of refusals, asked one by one", "ms", one(late_millis_.Median()));
    add("p99 of refusals, asked one by one", "ms",
        one(late_millis_.Quantile(0.99)));
    add("until all that waited were answered", "ms", one(rest_millis_));
    add("growth of the daemon's memory, at most", "MB", one(grown),
        Aim::kAtMost, kMostMegabytes);
  }

  ServedVault& vault_;
  Caller& caller_;
  RawVault& database_;
  int64_t asked_ = 0;
  int64_t tokens_ = kStallPeople;
  uint64_t on_disk_ = 0;            // the last leaf whose sync was over
  std::vector<std::string> early_;  // tokens received while it stood still
  Sample burst_millis_;
  Sample late_millis_;
  int other_refusals_ = 0;
  int waiting_ = 0;
  int answered_ = 0;
  double rest_millis_ = 0;
};

}  // namespace

absl::Status MeasureStall(const Setting& setting, Report& report) {
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kStallPeople));
  Caller caller(vault->daemon().address(), kStallConnections);
  RETURN_IF_ERROR(caller.Connect());
  RETURN_IF_ERROR(AskAbout(caller, PeopleFrom(0, kStallPeople), 8).status());
  ASSIGN_OR_RETURN(std::unique_ptr<RawVault> database,
                   RawVault::Open(vault->seeded().database()));
  return StalledDisk(*vault, caller, *database).Run(report);
}

}  // namespace tokenvault
