#pragma once

#include <deque>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace tokenvault {

// What can be made to go wrong. All but the last two strike at the token
// endpoint, and change nothing there unless they say so.
enum class DemoFault {
  kLoseResponseAfterRotate,  // refreshes, then hangs up without a word
  kSlow,                     // does as asked, and answers late
  kTooManyRequests,          // 429 with Retry-After
  kHtmlError,                // a proxy's page with status 502
  kInvalidClient,            // as if the secret were wrong
  // At the API too:
  kClockSkew,        // this call sees a clock that is ahead by an hour
  kRevokedUpstream,  // the person ended the grant, just before this call
};
const char* DemoFaultName(DemoFault fault);  // "429"
std::optional<DemoFault> FindDemoFault(absl::string_view name);

// The faults to come, by persona. Each spoils as many calls as it was set for;
// a call takes one of them, the one set first.
//
// Not thread-safe: the provider has one lock for all of it.
class DemoFaults {
 public:
  static constexpr int kMostCalls = 1000;

  // Replaces what was left of the same fault; 0 takes it away. `count` is at
  // most kMostCalls.
  void Set(const std::string& persona, DemoFault fault, int count);
  // The first of `possible` that is set, once less from then on.
  std::optional<DemoFault> Take(const std::string& persona,
                                std::initializer_list<DemoFault> possible);

  // {persona: {fault: calls left}}
  std::string ToJson() const;

 private:
  std::map<std::string, std::deque<std::pair<DemoFault, int>>> faults_;
};

}  // namespace tokenvault
