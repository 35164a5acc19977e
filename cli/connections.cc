#include "cli/connections.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/humanize.h"
#include "cli/list_pages.h"
#include "cli/plain_text.h"
#include "cli/request_id.h"

namespace tokenvault {
namespace {

// The provider is told too, and may be slow.
constexpr absl::Duration kRevokePatience = absl::Minutes(2);

Cell StateOf(const v1::Connection& connection) {
  switch (connection.state()) {
    case v1::Connection::STATE_ACTIVE:
      return {"active", Color::kGreen};
    case v1::Connection::STATE_NEEDS_RECONNECT:
      return {"needs reconnect", Color::kYellow};
    case v1::Connection::STATE_PAUSED:
      return {"paused", Color::kYellow};
    case v1::Connection::STATE_REVOKED:
      return {"revoked", Color::kFaint};
    default:
      return "unknown";
  }
}

// In one cell, with why a person must act.
Cell StateAndReasonOf(const v1::Connection& connection) {
  Cell cell = StateOf(connection);
  if (connection.state() == v1::Connection::STATE_NEEDS_RECONNECT &&
      !connection.state_reason().empty()) {
    absl::StrAppend(&cell.text, ": ", connection.state_reason());
  }
  return cell;
}

std::string LabelOf(const v1::Connection& connection) {
  return connection.account_label().empty() ? "-" : connection.account_label();
}

std::string LastUse(const v1::Connection& connection, absl::Time now) {
  return IsSet(connection.last_use_time())
             ? Relative(TimeOf(connection.last_use_time()), now)
             : "never";
}

std::string AgentLines(const v1::Connection& connection, absl::Time now) {
  std::vector<std::string> lines;
  for (const auto& agent : connection.agents()) {
    lines.push_back(absl::StrCat(
        ShortName(agent.agent()), "   ", absl::StrJoin(agent.scopes(), " "),
        IsSet(agent.end_time())
            ? absl::StrCat("   until ", Absolute(TimeOf(agent.end_time())))
            : "",
        "   used ",
        IsSet(agent.last_use_time())
            ? Relative(TimeOf(agent.last_use_time()), now)
            : "never"));
  }
  return absl::StrJoin(lines, "\n");
}

std::string ToText(const v1::Connection& connection, const Terminal& terminal,
                   absl::Time now) {
  Facts facts(18);
  facts.Add("Connection", {connection.name()});
  facts.Add("Account", {LabelOf(connection), ShortName(connection.provider())});
  std::vector<Cell> state = {StateOf(connection)};
  if (!connection.state_reason().empty()) {
    state.emplace_back(connection.state_reason());
  }
  facts.Add("State", state);
  facts.AddIfAny("Can do", absl::StrJoin(connection.granted_scopes(), " "));
  facts.AddIfAny("Agents", AgentLines(connection, now));
  facts.Add("Connected", {When(connection.create_time(), now)});
  facts.Add("Last used", {When(connection.last_use_time(), now)});
  facts.Add("Last refreshed", {When(connection.last_refresh_time(), now)});
  if (IsSet(connection.access_end_time())) {
    facts.Add("Ends", {When(connection.access_end_time(), now)});
  }
  return facts.ToText(terminal);
}

int FailName(Session& session, absl::string_view name) {
  return session.FailUsage(
      absl::StrCat(name, " is no connection's name"),
      "it reads users/…/connections/…: run 'tokenvault connection list'");
}

absl::StatusOr<v1::Connection> Get(Session& session, const std::string& name) {
  v1::GetConnectionRequest request;
  request.set_name(name);
  return session.daemon().Call(&Channel::Connections::GetConnection, request);
}

std::string UpstreamSentence(const v1::RevokeConnectionResponse& answer) {
  std::string text;
  switch (answer.upstream()) {
    case v1::RevokeConnectionResponse::UPSTREAM_RESULT_REVOKED:
      text = "Revoked here and at the provider.\n";
      break;
    case v1::RevokeConnectionResponse::UPSTREAM_RESULT_UNSUPPORTED:
      text =
          "Revoked here. This provider cannot be told: the person can end it "
          "there too.\n";
      break;
    case v1::RevokeConnectionResponse::UPSTREAM_RESULT_FAILED:
      text =
          "Revoked here. The provider did not take it, and nothing more will "
          "be tried:\nthe person can end it there too.\n";
      break;
    case v1::RevokeConnectionResponse::UPSTREAM_RESULT_FAILED_WILL_RETRY:
      text =
          "Revoked here. The provider could not be reached; the vault goes on "
          "trying.\n";
      break;
    default:
      text = "Revoked here.\n";
  }
  if (!answer.manual_url().empty()) {
    absl::StrAppend(&text, "By hand   ", SanitizeLine(answer.manual_url()),
                    "\n");
  }
  return text;
}

// Whether to go on. Destroying is asked about, by the connection's own id.
absl::StatusOr<bool> Confirmed(Session& session,
                               const v1::Connection& connection) {
  return session.Confirmed(
      absl::StrCat(
          "This ends the connection of ", LabelOf(connection), " to ",
          ShortName(connection.provider()), " for ",
          Counted(connection.agents_size(), "agent", "agents"),
          ". It cannot be undone: the person would have to connect again."),
      ShortName(connection.name()));
}

}  // namespace

int RunConnectionList(Session& session, const ConnectionQuery& filter) {
  auto list = ToListParent(filter);
  if (!list.ok()) return session.Fail(list.status(), FaultOrigin::kHere);
  v1::ListConnectionsRequest request;
  request.set_parent(list->parent);
  request.set_filter(list->filter);
  auto connections = FetchAllPages<v1::ListConnectionsResponse>(
      request, [&](const v1::ListConnectionsRequest& page) {
        return session.daemon().Call(&Channel::Connections::ListConnections,
                                     page);
      });
  if (!connections.ok()) return session.Fail(connections.status());
  if (session.PrintedFor(*connections)) return kExitDone;
  Table table({"ACCOUNT", "PROVIDER", "STATE", "AGENTS", "LAST USED", "NAME"});
  for (const auto& connection : connections->connections()) {
    table.Add({LabelOf(connection), ShortName(connection.provider()),
               StateAndReasonOf(connection), Grouped(connection.agents_size()),
               LastUse(connection, session.now()), connection.name()});
  }
  session.terminal().Print(table.ToText(session.terminal(), "no connections"));
  return kExitDone;
}

int RunConnectionShow(Session& session, const std::string& name) {
  if (!IsConnectionName(name)) return FailName(session, name);
  auto connection = Get(session, name);
  if (!connection.ok()) return session.Fail(connection.status());
  if (!session.PrintedFor(*connection)) {
    session.terminal().Print(
        ToText(*connection, session.terminal(), session.now()));
  }
  return kExitDone;
}

int RunConnectionPause(Session& session, const std::string& name, bool paused) {
  if (!IsConnectionName(name)) return FailName(session, name);
  v1::UpdateConnectionRequest request;
  request.mutable_connection()->set_name(name);
  request.mutable_connection()->set_paused(paused);
  request.mutable_update_mask()->add_paths("paused");
  auto connection =
      session.daemon().Call(&Channel::Connections::UpdateConnection, request);
  if (!connection.ok()) return session.Fail(connection.status());
  if (session.PrintedFor(*connection)) return kExitDone;
  if (connection->state() == v1::Connection::STATE_REVOKED) {
    session.terminal().Print(
        "It was revoked before: no agent gets a token for it in any case.\n");
    return kExitDone;
  }
  session.terminal().Print(absl::StrCat(
      SanitizeLine(LabelOf(*connection)),
      paused ? " is paused: no agent gets a token for it. Tokens already "
               "handed out end when\nthey expire.\n"
             : " is not paused any more.\n"));
  return kExitDone;
}

int RunConnectionRevoke(Session& session, const RevokeOptions& options) {
  if (!IsConnectionName(options.name)) return FailName(session, options.name);
  if (!options.yes && !session.terminal().in_is_terminal()) {
    return session.FailUsage(
        "revoking cannot be undone, and nobody can be asked", "give --yes");
  }
  if (!options.yes) {
    auto connection = Get(session, options.name);
    if (!connection.ok()) return session.Fail(connection.status());
    auto confirmed = Confirmed(session, *connection);
    if (!confirmed.ok()) {
      return session.Fail(confirmed.status(), FaultOrigin::kHere);
    }
    if (!*confirmed) {
      return session.FailUsage("that is not the name; nothing was revoked");
    }
  }
  v1::RevokeConnectionRequest request;
  request.set_name(options.name);
  request.set_request_id(NewRequestId());
  auto answer = session.daemon().Call(&Channel::Connections::RevokeConnection,
                                      request, kRevokePatience);
  if (!answer.ok()) return session.Fail(answer.status());
  if (session.PrintedFor(*answer)) return kExitDone;
  session.terminal().Print(absl::StrCat(
      UpstreamSentence(*answer),
      "Tokens already handed out end when they expire, if the provider has not "
      "ended them.\n"));
  return kExitDone;
}

}  // namespace tokenvault
