#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/secret.h"
#include "oauth/http_client.h"

namespace tokenvault {

struct AccessRequest;
struct Decision;

// The rule that a denial of the decision point names.
inline constexpr char kDecisionPointRule[] = "decision_point";

// An external decision point that speaks the Authorization API 1.0 of OpenID
// AuthZEN. It is asked about what the rules here allow, or would ask a person
// about, and can only say no to it.
struct DecisionPoint {
  std::string url;  // without a slash at the end
  absl::Duration timeout = absl::Seconds(1);
  std::shared_ptr<const Secret> token;  // null: it wants none
};

// Asks once, and waits for the answer. Ok for a clear yes; else
// POLICY_DENIED by kDecisionPointRule; or POLICY_UNAVAILABLE with problem
// "dns", "connect", "tls", "timeout", "reset", "stopped", "address_refused",
// "too_large", "not_http", "not_json" or "http_503": no answer is no yes.
// Blocks.
absl::Status AskDecisionPoint(HttpClient& http, const DecisionPoint& point,
                              const AccessRequest& request,
                              const Decision& decision, absl::Time now);

}  // namespace tokenvault
