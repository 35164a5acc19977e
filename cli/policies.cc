#include "cli/policies.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "cli/humanize.h"
#include "cli/list_pages.h"
#include "cli/names.h"
#include "cli/plain_text.h"
#include "cli/printer.h"
#include "server/config.h"
#include "tokenvault/v1/local_results.pb.h"

namespace tokenvault {
namespace {

Cell EffectCell(v1::PolicyEffect effect) {
  switch (effect) {
    case v1::POLICY_EFFECT_ALLOW:
      return {"allow", Color::kGreen};
    case v1::POLICY_EFFECT_DENY:
      return {"deny", Color::kRed};
    case v1::POLICY_EFFECT_REQUIRE_APPROVAL:
      return {"require_approval", Color::kYellow};
    default:
      return "unknown";
  }
}

// "a", "a or b", "a, b or c"
std::string OneOf(const std::vector<std::string>& names) {
  if (names.size() < 2) return absl::StrJoin(names, "");
  return absl::StrCat(
      absl::StrJoin(names.begin(), std::prev(names.end()), ", "), " or ",
      names.back());
}

std::string Approvers(const v1::ApprovalTerms& terms, const std::string& user) {
  std::vector<std::string> names(terms.approvers().begin(),
                                 terms.approvers().end());
  for (const std::string& group : terms.approver_groups()) {
    names.push_back(absl::StrCat("anybody in ", group));
  }
  if (names.empty()) {
    names.push_back(user.empty() ? "the person whose account it is" : user);
  }
  return OneOf(names);
}

// What a person will be asked, as a sentence or two.
std::string Asked(const v1::ApprovalTerms& terms, const std::string& user) {
  std::vector<std::string> reach;
  for (const std::string& word : terms.reach()) {
    reach.push_back(word == "task"   ? "for this task"
                    : word == "hour" ? "for an hour"
                                     : "once");
  }
  std::string text = absl::StrCat(
      "Asked: ", Approvers(terms, user), "; a yes is good ", OneOf(reach),
      "; the question lasts ", Lasting(DurationOf(terms.expires())), ".\n");
  if (terms.four_eyes()) {
    absl::StrAppend(&text,
                    "Neither the agent's owner nor the person whose account it "
                    "is may decide.\n");
  }
  return text;
}

std::string BudgetLine(const v1::PolicyBudget& budget) {
  if (!budget.has_left()) {
    return absl::StrCat("Budget of ", budget.rule(), ": ",
                        Grouped(budget.tokens()), " a person every ",
                        Lasting(DurationOf(budget.per())),
                        "; --user says whose is looked at.\n");
  }
  return absl::StrCat("Budget of ", budget.rule(), ": ", Grouped(budget.left()),
                      " of ", Grouped(budget.tokens()), " left until ",
                      Absolute(TimeOf(budget.window_end_time())), " UTC.\n");
}

// What follows from the rules, for a request that is not denied.
std::string Consequences(const v1::EvaluatePolicyResponse& answer,
                         const std::string& user) {
  std::string text;
  if (answer.has_approval()) text = Asked(answer.approval(), user);
  if (answer.has_max_lifetime()) {
    absl::StrAppend(&text, "Token: good for at most ",
                    Lasting(DurationOf(answer.max_lifetime())), ", by rule ",
                    answer.lifetime_rule(), ".\n");
  }
  for (const v1::PolicyBudget& budget : answer.budgets()) {
    absl::StrAppend(&text, BudgetLine(budget));
  }
  if (answer.decision_point()) {
    absl::StrAppend(&text,
                    "The decision point is asked too, and may still say no.\n");
  }
  return text;
}

std::string Verdicts(const v1::EvaluatePolicyResponse& answer) {
  size_t width = 0;
  for (const v1::PolicyVerdict& rule : answer.rules()) {
    width = std::max(width, rule.rule().size());
  }
  std::string text;
  for (const v1::PolicyVerdict& rule : answer.rules()) {
    const std::string id = SanitizeLine(rule.rule());
    absl::StrAppend(&text, "  ", id,
                    std::string(width - std::min(width, id.size()), ' '),
                    rule.matched() ? "   matched   " : "   no        ",
                    SanitizeLine(rule.why()), "\n");
  }
  return text;
}

std::string OrAny(const std::string& name) {
  return name.empty() ? "*" : ShortName(name);
}

std::string Conditions(const v1::PolicyRule& rule) {
  std::vector<std::string> conditions;
  auto add = [&](absl::string_view name, const auto& values) {
    if (values.empty()) return;
    conditions.push_back(absl::StrCat(name, " ", absl::StrJoin(values, ", ")));
  };
  add("persons", rule.persons());
  add("groups", rule.groups());
  add("resources", rule.resources());
  if (!rule.hours().empty()) {
    conditions.push_back(absl::StrCat("hours ", rule.hours()));
  }
  add("networks", rule.networks());
  return conditions.empty() ? "-" : absl::StrJoin(conditions, "; ");
}

std::string Limits(const v1::PolicyRule& rule) {
  std::vector<std::string> limits;
  if (rule.has_max_lifetime()) {
    limits.push_back(Lasting(DurationOf(rule.max_lifetime())));
  }
  if (rule.has_budget()) {
    const v1::PolicyBudget& budget = rule.budget();
    limits.push_back(absl::StrCat(
        Grouped(budget.tokens()), " every ", Lasting(DurationOf(budget.per())),
        budget.of() == "all" ? "" : absl::StrCat(" by ", budget.of())));
  }
  return limits.empty() ? "-" : absl::StrJoin(limits, ", ");
}

}  // namespace

int RunPolicyList(Session& session) {
  auto policies = FetchAllPages<v1::ListPoliciesResponse>(
      v1::ListPoliciesRequest(), [&](const v1::ListPoliciesRequest& page) {
        return session.daemon().Call(&Channel::Admin::ListPolicies, page);
      });
  if (!policies.ok()) return session.Fail(policies.status());
  if (session.PrintedFor(*policies)) return kExitDone;
  Table table(
      {"ID", "EFFECT", "AGENT", "PROVIDER", "SCOPES", "ONLY", "LIMITS"});
  for (const v1::PolicyRule& rule : policies->policies()) {
    table.Add({ShortName(rule.name()), EffectCell(rule.effect()),
               OrAny(rule.agent()), OrAny(rule.provider()),
               absl::StrJoin(rule.scopes(), ", "), Conditions(rule),
               Limits(rule)});
  }
  session.terminal().Print(
      table.ToText(session.terminal(),
                   "no policies are configured: every request is denied"));
  return kExitDone;
}

int RunPolicyExplain(Session& session, const PolicyExplainOptions& options) {
  v1::EvaluatePolicyRequest request;
  request.set_agent(ResourceName("agents", options.agent));
  v1::GetScopedTokenRequest& token = *request.mutable_request();
  token.set_provider(ResourceName("providers", options.provider));
  for (const std::string& scope : options.scopes) token.add_scopes(scope);
  token.mutable_subject()->set_user_id(options.user);
  token.set_resource(options.resource);
  if (options.groups.has_value()) {
    v1::EvaluatePolicyRequest::Groups& groups = *request.mutable_groups();
    for (const std::string& group : *options.groups) groups.add_names(group);
  }
  if (!options.at.empty()) {
    absl::Time at;
    std::string problem;
    if (!absl::ParseTime(absl::RFC3339_full, options.at, &at, &problem)) {
      return session.FailUsage("--at is no time",
                               "write it as 2026-11-28T14:05:00Z");
    }
    request.mutable_time()->set_seconds(absl::ToUnixSeconds(at));
  }
  request.set_address(options.from);
  auto answer = session.daemon().Call(&Channel::Admin::EvaluatePolicy, request);
  if (!answer.ok()) return session.Fail(answer.status());
  if (session.PrintedFor(*answer)) return kExitDone;
  const Cell verdict =
      EffectCell(static_cast<v1::PolicyEffect>(answer->effect()));
  session.terminal().Print(absl::StrCat(
      session.terminal().Paint(verdict.color, verdict.text),
      answer->rule().empty()
          ? std::string("   no rule names all of this request")
          : absl::StrCat("   by rule ", SanitizeLine(answer->rule())),
      "\n", Verdicts(*answer),
      SanitizeText(Consequences(*answer, options.user))));
  return kExitDone;
}

int RunPolicyCheck(Session& session, const PolicyCheckOptions& options) {
  ConfigSources sources;
  sources.file = options.config;
  auto config = LoadConfig(sources);
  if (!config.ok()) {
    return session.Fail(config.status(), FaultOrigin::kHere,
                        "the policies are checked against the configuration; "
                        "--config says which");
  }
  if (absl::Status status = CheckPolicyFile(options.file, *config);
      !status.ok()) {
    return session.Fail(status, FaultOrigin::kHere,
                        "nothing was changed; a daemon reads this file only "
                        "once it is part of its configuration");
  }
  v1::PolicyCheckResult result;
  result.set_file(options.file);
  if (!session.PrintedFor(result)) {
    session.terminal().Print(
        absl::StrCat(SanitizeLine(options.file), " is valid\n"));
  }
  return kExitDone;
}

}  // namespace tokenvault
