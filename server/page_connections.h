#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/page_activity.h"
#include "server/page_frame.h"

// What is connected.
namespace tokenvault {

inline constexpr char kFieldConnection[] = "connection";  // ConnectionCard::id
inline constexpr char kFieldAgent[] = "agent";            // AgentUse::id
inline constexpr char kDecisionPause[] = "pause";
inline constexpr char kDecisionResume[] = "resume";
inline constexpr char kDecisionReconnect[] = "reconnect";
inline constexpr char kDecisionRemoveAgent[] = "remove_agent";

// An agent that may use an account.
struct AgentUse {
  std::string id;
  std::string agent;  // as people read it
  std::vector<ScopeView> scopes;
  absl::Time last_used = absl::InfinitePast();
  absl::Time ends = absl::InfiniteFuture();
  std::string task;  // which alone it is for; "" for any
  // What it could do besides, because the provider cannot cut it off and the
  // operator allows that.
  std::vector<std::string> could_also;
};

enum class CardState { kActive, kNeedsReconnecting, kPaused, kDisconnected };

// One connected account.
struct ConnectionCard {
  std::string id;
  std::string provider;
  std::string account;
  CardState state = CardState::kActive;
  std::vector<AgentUse> uses;
};

struct MyConnectionsPage {
  PageFrame frame;
  absl::Time now;
  PageForm form;  // POST: csrf, connection=id, decision=pause|resume|reconnect
  PageForm sign_out;  // POST: csrf
  std::vector<ConnectionCard> connections;
};
std::string RenderMyConnections(const MyConnectionsPage& page);

// All about one of them.
struct ConnectionPage {
  PageFrame frame;
  absl::Time now;
  // POST: csrf, decision=pause|resume|reconnect, or decision=remove_agent and
  // agent=id
  PageForm form;
  ConnectionCard connection;
  absl::Time connected;
  std::string first_agent;  // for which; "" if that is not known
  absl::Time renewed = absl::InfinitePast();
  std::vector<ScopeView> granted;
  std::string provider_host;
  ActivityView activity;
};
std::string RenderConnection(const ConnectionPage& page);

}  // namespace tokenvault
