#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/page_frame.h"

// What is connected, and what became of what was.
namespace tokenvault {

inline constexpr char kFieldConnection[] = "connection";  // ConnectionCard::id

// What became of the grant at the provider.
enum class ProviderRevocation { kRevoked, kUnsupported, kFailed, kPending };

struct RemovedPage {
  PageFrame frame;
  std::string agent;  // "" when it was ended for every agent
  std::string provider;
  std::string account;
  ProviderRevocation revocation = ProviderRevocation::kRevoked;
  // Where the provider keeps its own list; "" when unknown.
  std::string provider_link;
  ReturnView back;
};
std::string RenderRemoved(const RemovedPage& page);

// One connected account on the page of all of them.
struct ConnectionCard {
  std::string id;
  std::string provider;
  std::string account;
  std::string state;        // "Active", "Needs reconnecting", "Paused"
  std::string explanation;  // a sentence; "" when all is well
  struct Use {
    std::string agent;
    std::vector<ScopeView> scopes;
    absl::Time ends = absl::InfiniteFuture();
  };
  std::vector<Use> uses;
};

struct MyConnectionsPage {
  PageFrame frame;
  PageForm form;      // POST: csrf, connection=id
  PageForm sign_out;  // POST: csrf
  std::vector<ConnectionCard> connections;
};
std::string RenderMyConnections(const MyConnectionsPage& page);

}  // namespace tokenvault
