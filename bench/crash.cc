// B15, first half: the daemon is killed under load, again and again. What a
// client has received is in the log, whenever the end came.
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status_macros.h"
#include "bench/caller.h"
#include "bench/granted_leaves.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"

namespace tokenvault {
namespace {

constexpr int kCrashPeople = 300;
constexpr int kCrashInFlight = 64;
constexpr int kCrashConnections = 4;
constexpr int kQuickKills = 3;
constexpr int kFullKills = 20;
constexpr absl::Duration kShortestLife = absl::Milliseconds(200);

struct Received {
  std::string request_id;
  std::string token_id;
};

// Loads one life of the daemon until `end`, kills it, and takes what is still
// on its way. All of it before the end must be tokens.
absl::Status LoadAndKill(ServedVault& vault, int life, absl::Duration length,
                         std::mt19937& random, std::vector<Received>& all) {
  Caller caller(vault.daemon().address(), kCrashConnections);
  RETURN_IF_ERROR(caller.Connect());
  int64_t number = 0;
  // First requests and cached ones: a kill may hit a refresh too.
  auto ask = [&] {
    caller.Ask({.person = static_cast<int>(random() % kCrashPeople),
                .request_id = RequestIdOf(life, number++)});
  };
  const absl::Time end = absl::Now() + length;
  for (int i = 0; i < kCrashInFlight; ++i) ask();
  bool killed = false;
  size_t tokens = 0;
  while (caller.in_flight() > 0) {
    const TokenAnswer* answer =
        caller.Next(killed ? absl::InfiniteFuture() : end);
    if (answer != nullptr && (!killed || answer->status.ok())) {
      RETURN_IF_ERROR(CheckIsToken(*answer));
      all.push_back({answer->request_id, answer->response.token().token_id()});
      ++tokens;
    }
    if (killed) continue;
    if (absl::Now() >= end) {
      vault.Kill();
      killed = true;
    } else if (answer != nullptr) {
      ask();
    }
  }
  return tokens > 0 ? absl::OkStatus()
                    : absl::DataLossError("a life ended without a token");
}

}  // namespace

absl::Status MeasureKills(const Setting& setting, Report& report) {
  const int kills = setting.full ? kFullKills : kQuickKills;
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kCrashPeople));
  std::mt19937 random;  // the same moments in every run
  std::uniform_real_distribution<double> share;
  std::vector<Received> received;
  Sample restart_millis;
  for (int life = 0; life < kills; ++life) {
    RETURN_IF_ERROR(LoadAndKill(
        *vault, life,
        kShortestLife + absl::Seconds(setting.seconds) * share(random), random,
        received));
    RETURN_IF_ERROR(vault->Restart());
    restart_millis.values.push_back(
        absl::ToDoubleMilliseconds(vault->start_time()));
  }
  RETURN_IF_ERROR(vault->StopAndCheck(static_cast<int64_t>(received.size())));
  ASSIGN_OR_RETURN(const auto leaves,
                   ReadGrantedLeaves(vault->seeded().database()));
  int lost = 0;
  for (const Received& token : received) {
    auto it = leaves.find(token.request_id);
    if (it == leaves.end() || it->second.token_id != token.token_id) ++lost;
  }
  const std::string where =
      absl::StrCat(kills, " kills, ", kCrashInFlight, " in flight");
  report.findings.push_back({"B15", "tokens received without their leaf", where,
                             "tokens", Sample{{static_cast<double>(lost)}},
                             Finding::Aim::kAtMost, 0, /*gate=*/0});
  report.findings.push_back({"B15", "tokens received", where, "tokens",
                             Sample{{static_cast<double>(received.size())}}});
  report.findings.push_back({"B15", "from start to serving after a kill", where,
                             "ms", restart_millis});
  return absl::OkStatus();
}

}  // namespace tokenvault
