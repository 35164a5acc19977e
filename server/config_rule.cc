#include "server/config_rule.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/config_hours.h"

namespace tokenvault {
namespace {

constexpr int64_t kMostTokens = 1'000'000'000;
constexpr absl::Duration kLongestWindow = absl::Hours(31 * 24);
constexpr absl::Duration kLongestQuestion = absl::Hours(24);

// An empty list would be a condition that is none: somebody forgot a name.
std::vector<std::string> ReadNames(ConfigTable& table, absl::string_view key,
                                   absl::string_view advice) {
  std::vector<std::string> names = table.Strings(key, {});
  const ConfigNode* node = table.Find(key);
  if (node != nullptr && node->kind == ConfigNode::Kind::kArray &&
      node->items.empty()) {
    table.Problem(
        key, absl::StrCat(key, " is empty: ", advice, ", or leave it out"));
  }
  return names;
}

void ReadResources(ConfigTable& table, PolicyRule& rule) {
  for (const std::string& text :
       ReadNames(table, "resources", "write the URIs that it is about")) {
    auto pattern = ResourcePattern::Parse(text);
    if (pattern.ok()) {
      rule.resources.push_back(*std::move(pattern));
      continue;
    }
    table.Problem("resources",
                  "resources wants URIs in their plain spelling, such as "
                  "\"https://api.example.com/files\", or with \"/*\" at the "
                  "end for all below");
    return;
  }
}

void ReadNetworks(ConfigTable& table, PolicyRule& rule) {
  for (const std::string& text :
       ReadNames(table, "networks", "write ranges such as \"10.1.0.0/16\"")) {
    auto range = Cidr::Parse(text);
    if (!range.ok()) {
      table.Problem("networks",
                    "networks wants ranges such as \"10.1.0.0/16\" or "
                    "\"fd00::/8\", with no bits set behind the prefix");
      return;
    }
    if (absl::StartsWithIgnoreCase(text, "::ffff:")) {
      table.Problem("networks",
                    "networks wants IPv4 ranges as they are: \"10.1.0.0/16\", "
                    "not \"::ffff:10.1.0.0/112\"");
      return;
    }
    rule.networks.push_back(*std::move(range));
  }
}

std::optional<Budget> ReadBudget(ConfigTable& parent, ConfigReport& report) {
  const ConfigNode* node = parent.Find("budget");
  if (node == nullptr) return std::nullopt;
  ConfigTable table(node, absl::StrCat(parent.path(), ".budget"), report);
  Budget budget;
  budget.tokens = table.Integer("tokens", 0, 1, kMostTokens);
  if (!table.Has("tokens")) {
    table.Problem("tokens",
                  "tokens is missing: write how many there are, such as "
                  "budget = { tokens = 100, per = \"1h\" }");
  }
  budget.per = table.Duration("per", absl::Hours(1), absl::Minutes(1));
  if (!table.Has("per")) {
    table.Problem("per",
                  "per is missing: write how long they must last, such "
                  "as \"1h\"");
  } else if (budget.per > kLongestWindow) {
    table.Problem("per", "per is at most \"31d\"");
  }
  const std::string of = table.OneOf("of", {"agent", "person", "all"}, "agent");
  budget.of = of == "person" ? BudgetOf::kPerson
              : of == "all"  ? BudgetOf::kAll
                             : BudgetOf::kAgent;
  table.Finish();
  return budget;
}

void ReadReach(ConfigTable& table, ApprovalTerms& terms) {
  const std::vector<std::string> reach = table.Strings("reach", {"once"});
  terms.once = terms.task = terms.hour = false;
  for (const std::string& name : reach) {
    terms.once = terms.once || name == "once";
    terms.task = terms.task || name == "task";
    terms.hour = terms.hour || name == "hour";
    if (name != "once" && name != "task" && name != "hour") {
      table.Problem("reach",
                    absl::StrCat("there is no reach \"", name, "\"",
                                 DidYouMean(name, {"once", "task", "hour"})));
    }
  }
  if (reach.empty()) {
    table.Problem("reach",
                  "reach is empty: write how far a yes may go, some of "
                  "\"once\", \"task\", \"hour\"");
  }
}

}  // namespace

void ReadConditions(ConfigTable& table, ConfigReport& report,
                    PolicyRule& rule) {
  rule.persons = ReadNames(table, "persons",
                           "write the sub of people at the identity provider");
  rule.groups = ReadNames(table, "groups",
                          "write groups as the identity provider names them");
  ReadResources(table, rule);
  if (const ConfigNode* node = table.Find("hours"); node != nullptr) {
    rule.hours = ReadHours(*node, absl::StrCat(table.path(), ".hours"), report);
  }
  ReadNetworks(table, rule);
}

void ReadLimits(ConfigTable& table, ConfigReport& report, PolicyRule& rule) {
  if (table.Has("max_lifetime")) {
    rule.max_lifetime = table.Duration("max_lifetime", absl::InfiniteDuration(),
                                       absl::Minutes(1));
  }
  rule.budget = ReadBudget(table, report);
  if (rule.effect != Effect::kDeny) return;
  for (absl::string_view key : {"max_lifetime", "budget"}) {
    if (!table.Has(key)) continue;
    table.Problem(
        key, absl::StrCat("a rule that denies hands out nothing that ", key,
                          " could limit: leave it out"));
  }
}

void ReadApproval(ConfigTable& parent, ConfigReport& report, PolicyRule& rule) {
  const ConfigNode* node = parent.Find("approval");
  if (node == nullptr) return;
  if (rule.effect != Effect::kRequireApproval) {
    return parent.Problem("approval",
                          "approval goes with effect = \"require_approval\": "
                          "leave it out, or change effect");
  }
  ConfigTable table(node, absl::StrCat(parent.path(), ".approval"), report);
  ApprovalTerms& terms = rule.approval;
  terms.expires = table.Duration("expires", terms.expires, absl::Seconds(30));
  if (terms.expires > kLongestQuestion) {
    table.Problem("expires", "expires is at most \"24h\"");
  }
  ReadReach(table, terms);
  terms.four_eyes = table.Bool("four_eyes", false);
  terms.approvers = ReadNames(
      table, "approvers", "write the sub of people at the identity provider");
  terms.approver_groups =
      ReadNames(table, "approver_groups",
                "write groups as the identity provider names them");
  table.Finish();
}

}  // namespace tokenvault
