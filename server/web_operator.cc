#include "server/web_operator.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "server/operator_tasks.h"
#include "server/page_notices.h"
#include "server/page_operator.h"
#include "server/web_sign_in.h"
#include "server/web_views.h"

namespace tokenvault {
namespace {

struct RefreshSums {
  int64_t worked = 0;
  int64_t gone = 0;
  int64_t failed = 0;
  int64_t all() const { return worked + gone + failed; }
};

// Of one provider, or of all: also of those that are configured no more. A
// grant that is gone is the end of that grant, and no fault of the provider.
RefreshSums SumOf(const OperatorFacts& facts,
                  const std::optional<ProviderId>& provider) {
  RefreshSums sums;
  for (const auto& [key, count] : facts.refreshes) {
    const auto& [of, result] = key;
    if (provider.has_value() && of != *provider) continue;
    (result == RefreshCounts::Result::kOk          ? sums.worked
     : result == RefreshCounts::Result::kGrantGone ? sums.gone
                                                   : sums.failed) += count;
  }
  return sums;
}

std::string LatencyText(const OperatorFacts& facts, double share,
                        const Messages& messages) {
  const absl::Duration latency = LatencyOf(facts.hour, share);
  const bool longer = latency == absl::InfiniteDuration();
  const absl::Duration bound = longer ? RecentCounts::Bounds().back() : latency;
  if (bound < absl::Seconds(1)) {
    return messages.Say(
        "operator.at_most_ms",
        {{"time", absl::StrCat(absl::ToDoubleMilliseconds(bound))}});
  }
  return messages.Say(longer ? "operator.longer_s" : "operator.at_most_s",
                      {{"time", absl::StrCat(absl::ToDoubleSeconds(bound))}});
}

std::vector<OperatorFigure> FiguresOf(const OperatorFacts& facts,
                                      const Messages& messages) {
  const RecentCounts::Sums& hour = facts.hour;
  const RefreshSums refreshes = SumOf(facts, std::nullopt);
  std::vector<OperatorFigure> figures;
  auto add = [&](const char* key, std::string value) {
    figures.push_back({messages.Say(key), std::move(value)});
  };
  add("operator.tokens", NumberText(hour.tokens));
  if (hour.tokens > 0) {
    add("operator.from_memory", ShareText(hour.from_cache, hour.tokens));
    add("operator.half_took", LatencyText(facts, 0.5, messages));
    add("operator.most_took", LatencyText(facts, 0.99, messages));
  }
  add("operator.refreshed", NumberText(refreshes.worked));
  add("operator.gone", NumberText(refreshes.gone));
  add("operator.refresh_failed", NumberText(refreshes.failed));
  add("operator.consents", NumberText(hour.consents));
  add("operator.approvals", NumberText(hour.approvals));
  add("operator.denied", NumberText(hour.denied));
  add("operator.errors", NumberText(hour.errors));
  return figures;
}

std::vector<ProviderLine> ProvidersOf(const OperatorFacts& facts,
                                      const Directory& directory) {
  std::vector<ProviderLine> lines;
  for (const auto& [id, provider] : directory.providers) {
    ProviderLine& line = lines.emplace_back();
    line.name = provider.display_name;
    const RefreshSums refreshes = SumOf(facts, id);
    line.worked = ShareText(refreshes.worked, refreshes.all());
    const auto counted = facts.connections.find(id);
    if (counted != facts.connections.end()) {
      line.need_people = counted->second.needs_reconnect;
      line.connections = counted->second.active + line.need_people;
    }
    line.narrows = provider.narrowing != Narrowing::kNone;
    line.ends_tokens = provider.refresh_invalidates_access_token;
  }
  return lines;
}

// The riskiest scope that policy lets an agent ask for, and where.
struct Widest {
  const Provider* provider = nullptr;
  std::string scope;
  ScopeRisk risk = ScopeRisk::kLow;
};

class WidestScope {
 public:
  WidestScope(const Directory& directory, const AgentId& agent)
      : directory_(directory), agent_(agent) {
    for (const PolicyRule& rule : directory.policy.rules()) {
      if (rule.effect == Effect::kDeny) continue;
      if (rule.agent.empty() || rule.agent == agent) LookAt(rule);
    }
  }
  const Widest& Get() const { return widest_; }

 private:
  void LookAt(const PolicyRule& rule) {
    for (const auto& [id, provider] : directory_.providers) {
      if (!provider.enabled) continue;
      if (!rule.provider.empty() && rule.provider != id) continue;
      for (const ScopeInfo& scope : provider.scopes) {
        if (rule.any_scope || rule.scopes.Contains(scope.value)) {
          Consider(provider, scope.value, scope.risk);
        }
      }
      // What no table describes is taken for the risk that is assumed there.
      if (rule.any_scope) continue;
      for (const std::string& scope : rule.scopes) {
        if (provider.FindScope(scope) == nullptr && provider.open_scopes) {
          Consider(provider, scope, ScopeInfo().risk);
        }
      }
    }
  }
  void Consider(const Provider& provider, const std::string& scope,
                ScopeRisk risk) {
    if (widest_.provider != nullptr && risk <= widest_.risk) return;
    // Another rule may deny it for good.
    if (!directory_.policy.CouldAllow(agent_, provider.id, {scope})) return;
    widest_ = {&provider, scope, risk};
  }

  const Directory& directory_;
  const AgentId& agent_;
  Widest widest_;
};

std::string PeopleText(const PeopleCount& count, const Messages& messages) {
  const std::string people = NumberText(count.people);
  return count.at_least ? messages.Say("operator.or_more", {{"number", people}})
                        : people;
}

std::vector<AgentLine> AgentsOf(const OperatorFacts& facts,
                                const WebVisit& visit) {
  const Directory& directory = *visit.directory;
  std::vector<AgentLine> lines;
  for (const auto& [id, people] : facts.agents) {
    AgentLine& line = lines.emplace_back();
    line.name = ViewAgent(visit.messages, directory, id).name;
    const auto counted = facts.hour.agents.find(id.value);
    if (counted != facts.hour.agents.end()) {
      line.tokens = counted->second.tokens;
      line.policy_only = counted->second.policy_only;
    }
    line.people = PeopleText(people, visit.messages);
    const Widest widest = WidestScope(directory, id).Get();
    if (widest.provider == nullptr) continue;
    line.widest = ViewScope(visit.messages, widest.provider, widest.scope);
    line.widest_at = widest.provider->display_name;
  }
  return lines;
}

OperatorPage PageOf(const OperatorFacts& facts, const WebVisit& visit) {
  const Directory& directory = *visit.directory;
  OperatorPage page;
  page.frame = visit.FrameOf(kOperatorPath);
  page.sign_out = visit.Form("/signout");
  page.again_link = kOperatorPath;
  page.now = facts.now;
  page.start_time = facts.start_time;
  page.ready = facts.ready;
  page.key_generation = facts.key_generation;
  page.configuration = facts.configuration;
  page.tasks = TasksOf(facts, directory, visit.messages);
  page.figures = FiguresOf(facts, visit.messages);
  page.providers = ProvidersOf(facts, directory);
  page.agents = AgentsOf(facts, visit);
  page.all_agents = static_cast<int64_t>(directory.agents.size());
  page.leaves = facts.leaves;
  if (facts.checkpoint.has_value()) {
    page.checkpoint_size = facts.checkpoint->size;
    page.checkpoint_time = facts.checkpoint->time;
  }
  for (const Witnesses::State& witness : facts.witnesses) {
    page.witnesses.push_back(
        {witness.id, witness.size, witness.time, witness.problem});
  }
  page.last_backup = facts.last_backup;
  return page;
}

WebResponse NoOperator(const WebVisit& visit, absl::string_view why) {
  const absl::Status refused =
      visit.parts.sign_in.RefuseOperatorPage(*visit.session, why);
  // Without its leaf nobody is told anything, not even no.
  if (!HasReason(refused, "CONNECT_REFUSED")) {
    return visit.ErrorPage(refused, "");
  }
  return Page(403,
              RenderOperatorRefused({visit.Frame(), visit.Form("/signout")}));
}

}  // namespace

WebResponse ShowOperator(const WebVisit& visit, const std::string&) {
  if (!visit.directory->operators.has_value()) {
    return Page(404, RenderNotFound({visit.Frame()}));
  }
  if (!visit.session.has_value()) return AskWhoOperates(visit);
  const absl::string_view why = visit.WhyNoOperator();
  if (!why.empty()) return NoOperator(visit, why);
  absl::StatusOr<OperatorFacts> facts = GatherFacts(
      visit.parts.operators, *visit.directory, visit.parts.clock.Now());
  if (!facts.ok()) return visit.ErrorPage(facts.status(), kOperatorPath);
  return Page(200, RenderOperator(PageOf(*facts, visit)));
}

}  // namespace tokenvault
