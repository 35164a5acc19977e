// B14: refusals, each with its leaf on the disk as a token has: what no rule
// allows, and an agent that nobody knows.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "bench/closed_loop.h"
#include "bench/comparison.h"
#include "bench/scenario.h"
#include "bench/served_vault.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

constexpr int kDenialPeople = 200;
constexpr int kDenialInFlight = 64;
constexpr double kDenialFloor = 0.9;
constexpr double kDenialGate = 0.4;  // of two rates that noise hits apart

void AddDenials(const char* what, const Measured& denials,
                const Measured& tokens, Report& report) {
  const std::string where =
      absl::StrCat("TCP, ", kDenialInFlight, " in flight");
  report.findings.push_back(
      {"B14", absl::StrCat(what, "/s by tokens/s"), where, "ratio",
       Divided(denials.per_second, tokens.per_second), Finding::Aim::kAtLeast,
       kDenialFloor, kDenialGate});
  report.findings.push_back(
      {"B14", absl::StrCat(what, ": server CPU by a token's"), where, "ratio",
       Divided(denials.cpu_micros, tokens.cpu_micros)});
}

// Each refusal has one leaf, and there is no other of that kind.
absl::Status CheckLeaves(const ServedVault& vault, const char* kind,
                         const ClosedLoop& loop) {
  ASSIGN_OR_RETURN(const int64_t leaves, vault.seeded().CountLeavesOf(kind));
  if (leaves == loop.refusals()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(loop.refusals(), " refusals, but ",
                                          leaves, " leaves of ", kind));
}

}  // namespace

absl::Status MeasureDenials(const Setting& setting, Report& report) {
  ASSIGN_OR_RETURN(std::unique_ptr<ServedVault> vault,
                   ServedVault::Start(setting, kDenialPeople));
  ASSIGN_OR_RETURN(const ClosedLoop::Options asking,
                   vault->Asking(kDenialPeople));
  ClosedLoop allowed(asking);
  RETURN_IF_ERROR(allowed.AskForEach().status());
  ClosedLoop::Options with_scope = asking;
  with_scope.scope = "calendar.write";
  with_scope.refusal = "POLICY_DENIED";
  ClosedLoop denied(with_scope);
  ClosedLoop::Options with_agent = asking;
  with_agent.agent = "nobody";
  with_agent.refusal = "AGENT_CREDENTIAL_INVALID";
  ClosedLoop unknown(with_agent);

  Measured tokens, denials, strangers;
  for (int i = 0; i < report.repetitions; ++i) {
    RETURN_IF_ERROR(InTurns({{{vault->daemon(), allowed}, tokens},
                             {{vault->daemon(), denied}, denials},
                             {{vault->daemon(), unknown}, strangers}},
                            static_cast<size_t>(i), kDenialInFlight, report));
  }
  AddDenials("policy denials", denials, tokens, report);
  AddDenials("unknown agents", strangers, tokens, report);
  RETURN_IF_ERROR(vault->StopAndCheck(allowed.tokens() + denied.refusals() +
                                      unknown.refusals()));
  RETURN_IF_ERROR(CheckLeaves(*vault, audit_kind::kTokenDenied, denied));
  return CheckLeaves(*vault, audit_kind::kAgentRefused, unknown);
}

}  // namespace tokenvault
