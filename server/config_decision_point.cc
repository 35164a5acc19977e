#include "absl/strings/match.h"
#include "server/config_sections.h"

namespace tokenvault {
namespace {

// Agents wait for it with each token.
constexpr absl::Duration kLongestDecision = absl::Seconds(10);

}  // namespace

std::optional<DecisionPoint> ReadDecisionPoint(const ConfigNode& root,
                                               const ConfigContext& context) {
  const ConfigNode* node = root.Find("decision_point");
  if (node == nullptr) return std::nullopt;
  ConfigTable table(node, "decision_point", context.report);
  DecisionPoint point;
  point.url = table.RequiredString("url",
                                   "write where the decision point is, such as "
                                   "\"https://decide.example.com\"");
  point.timeout =
      table.Duration("timeout", point.timeout, absl::Milliseconds(100));
  point.token = ReadSecretFile(table, "token_file", context);
  table.Finish();
  if (!point.url.empty() && CheckUrl(table, "url", point.url, context) &&
      (absl::EndsWith(point.url, "/") || absl::StrContains(point.url, "?"))) {
    table.Problem("url",
                  "url ends without a slash or a query: the vault adds "
                  "/access/v1/evaluation itself");
  }
  if (point.timeout > kLongestDecision) {
    table.Problem("timeout", "timeout is at most \"10s\"");
  }
  return point;
}

}  // namespace tokenvault
