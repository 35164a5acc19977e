#include "cli/agents.h"

#include "absl/strings/str_join.h"
#include "base/errors.h"
#include "cli/list_pages.h"
#include "cli/names.h"

namespace tokenvault {
namespace {

absl::StatusOr<v1::ListAgentsResponse> FetchAgents(Session& session) {
  return FetchAllPages<v1::ListAgentsResponse>(
      v1::ListAgentsRequest(), [&](const v1::ListAgentsRequest& page) {
        return session.daemon().Call(&Channel::Admin::ListAgents, page);
      });
}

std::string Rights(const v1::Agent& agent) {
  std::vector<std::string> rights;
  if (agent.may_assert_user()) rights.push_back("name users");
  if (agent.may_manage_connections()) rights.push_back("manage connections");
  if (agent.may_confirm_people()) rights.push_back("confirm people");
  return rights.empty() ? "-" : absl::StrJoin(rights, ", ");
}

Cell AgentState(const v1::Agent& agent) {
  return agent.disabled() ? Cell("disabled", Color::kYellow) : Cell("enabled");
}

}  // namespace

int RunAgentList(Session& session) {
  auto agents = FetchAgents(session);
  if (!agents.ok()) return session.Fail(agents.status());
  if (session.PrintedFor(*agents)) return kExitDone;
  Table table(
      {"ID", "NAME", "STATE", "TENANT", "OWNER", "MAY ALSO", "IDENTITY"});
  for (const auto& agent : agents->agents()) {
    table.Add({ShortName(agent.name()), agent.display_name(), AgentState(agent),
               agent.tenant(), agent.owner().empty() ? "-" : agent.owner(),
               Rights(agent), agent.identity()});
  }
  session.terminal().Print(
      table.ToText(session.terminal(), "no agents are configured"));
  return kExitDone;
}

int RunAgentShow(Session& session, const std::string& id) {
  auto agents = FetchAgents(session);
  if (!agents.ok()) return session.Fail(agents.status());
  const std::string name = ResourceName("agents", id);
  for (const auto& agent : agents->agents()) {
    if (agent.name() != name) continue;
    if (session.PrintedFor(agent)) return kExitDone;
    Facts facts(18);
    facts.Add("Agent", {ShortName(agent.name()), agent.display_name()});
    facts.Add("State", {AgentState(agent)});
    facts.AddIfAny("Owner", agent.owner());
    facts.Add("Tenant", {agent.tenant()});
    facts.Add("Identity", {agent.identity()});
    facts.Add("May also", {Rights(agent)});
    facts.AddIfAny("Returns people to",
                   absl::StrJoin(agent.return_uris(), "\n"));
    session.terminal().Print(facts.ToText(session.terminal()));
    return kExitDone;
  }
  return session.Fail(errors::ResourceDenied(name));
}

}  // namespace tokenvault
