#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/page_frame.h"

// Ending connections: what will happen, and what happened.
namespace tokenvault {

// Until when copies of keys may work that agents have: InfinitePast for none,
// InfiniteFuture where there is no bound.
struct CopiesView {
  absl::Time until = absl::InfiniteFuture();
  absl::Time now;
};

struct DisconnectPage {
  PageFrame frame;
  PageForm form;  // POST: csrf
  std::string keep_link;
  std::string provider;
  std::string account;
  bool told = true;  // we can tell the provider
  // Where the provider keeps its own list; "" when unknown, or not needed.
  std::string provider_link;
  CopiesView copies;
};
std::string RenderDisconnect(const DisconnectPage& page);

// What became of the grant at the provider.
enum class ProviderRevocation { kRevoked, kUnsupported, kFailed, kPending };

struct RemovedView {
  std::string provider;
  std::string account;
  ProviderRevocation revocation = ProviderRevocation::kRevoked;
  // Where the provider keeps its own list; "" when unknown.
  std::string provider_link;
};

struct RemovedPage {
  PageFrame frame;
  std::string agent;  // "" when it was ended for every agent
  RemovedView removed;
  CopiesView copies;
  ReturnView back;
  std::string connections_link;  // where to go on without `back`
};
std::string RenderRemoved(const RemovedPage& page);

struct StopPage {
  PageFrame frame;
  PageForm form;  // POST: csrf
  std::string keep_link;
  std::vector<RemovedView> accounts;  // provider and account only
  CopiesView copies;
};
std::string RenderStop(const StopPage& page);

struct EverythingStoppedPage {
  PageFrame frame;
  std::vector<RemovedView> accounts;
  CopiesView copies;
  std::string connections_link;
};
std::string RenderEverythingStopped(const EverythingStoppedPage& page);

}  // namespace tokenvault
