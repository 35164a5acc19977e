#include "server/demo/faults.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace tokenvault {
namespace {

constexpr std::pair<DemoFault, const char*> kNames[] = {
    {DemoFault::kLoseResponseAfterRotate, "lose_response_after_rotate"},
    {DemoFault::kSlow, "slow"},
    {DemoFault::kTooManyRequests, "429"},
    {DemoFault::kHtmlError, "html_error"},
    {DemoFault::kInvalidClient, "invalid_client"},
    {DemoFault::kClockSkew, "clock_skew"},
    {DemoFault::kRevokedUpstream, "revoked_upstream"},
};

}  // namespace

const char* DemoFaultName(DemoFault fault) {
  for (const auto& [known, name] : kNames) {
    if (known == fault) return name;
  }
  return "";
}

std::optional<DemoFault> FindDemoFault(absl::string_view name) {
  for (const auto& [fault, known] : kNames) {
    if (known == name) return fault;
  }
  return std::nullopt;
}

void DemoFaults::Set(const std::string& persona, DemoFault fault, int count) {
  auto& faults = faults_[persona];
  faults.erase(
      std::remove_if(faults.begin(), faults.end(),
                     [&](const auto& set) { return set.first == fault; }),
      faults.end());
  if (count > 0) faults.emplace_back(fault, count);
}

std::optional<DemoFault> DemoFaults::Take(
    const std::string& persona, std::initializer_list<DemoFault> possible) {
  auto found = faults_.find(persona);
  if (found == faults_.end()) return std::nullopt;
  auto& faults = found->second;
  for (auto it = faults.begin(); it != faults.end(); ++it) {
    const DemoFault fault = it->first;
    if (std::find(possible.begin(), possible.end(), fault) == possible.end()) {
      continue;
    }
    if (--it->second == 0) faults.erase(it);
    return fault;
  }
  return std::nullopt;
}

std::string DemoFaults::ToJson() const {
  nlohmann::json all = nlohmann::json::object();
  for (const auto& [persona, faults] : faults_) {
    for (const auto& [fault, count] : faults) {
      all[persona][DemoFaultName(fault)] = count;
    }
  }
  return all.dump();
}

}  // namespace tokenvault
