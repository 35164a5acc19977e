#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "base/scope_set.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/interactions.h"
#include "vault/stops.h"
#include "vault/token_cache.h"

namespace tokenvault {

// A request for a token, after the edge has said who asks and for whom. Names
// are checked: agent and provider exist in `directory`, scopes are the
// provider's own.
struct AccessRequest {
  std::shared_ptr<const Directory> directory;
  TenantId tenant;
  AgentId agent;
  UserId user;
  ProviderId provider;
  ScopeSet scopes;
  ConnectionId connection;  // optional
  std::string resource;
  std::optional<absl::Duration> min_ttl;
  std::string purpose;  // as one line: summary, acts and task
  std::string summary;  // the first of these
  std::string request_id;
  std::string return_uri;
  ScopeSet optional_scopes;  // offered to the person beside `scopes`
  std::string task_id;       // the agent's own
  std::string details;  // canonical JSON of the acts it declares; "" if none
  // What is known of the person and the caller besides, for policy. Nothing in
  // `groups`: nobody vouched for any. `peer` is an IP address, or "" where
  // there is none, as on a Unix socket.
  std::string subject;  // at the tenant's identity provider
  std::optional<std::vector<std::string>> groups;
  std::string email;  // as the identity provider vouches for it; "" else
  std::string peer;
};

// What an agent may use: found in the store, good until `validity` says no.
struct Access {
  Connection connection;
  AgentGrant grant;
  // What was asked for, and what was given of what was asked for besides.
  ScopeSet scopes;
  absl::Time end_time;  // by the person's choice
  Validity validity;
  TokenKey key;
  bool narrows = false;  // the provider gives no more than asked
};

// A question to the person whom `request` is about.
Question QuestionFor(const AccessRequest& request, InteractionKind kind);
// What policy is asked about it.
PolicyRequest PolicyRequestFor(const AccessRequest& request, absl::Time now);

// Finds what may be used for a request: which of the person's connections, and
// whether this agent was allowed what it asks for. Reads the store and calls
// nobody. Thread-safe; blocks on the disk.
class AccessFinder {
 public:
  AccessFinder(Store& store, TokenCache& cache, const Stops& stops);

  // What the agent may use, or what a person must be asked first.
  // CONNECTION_PAUSED, RESOURCE_DENIED, SCOPE_NOT_NARROWABLE, STORAGE_*.
  absl::StatusOr<std::variant<Access, Question>> Find(
      const AccessRequest& request, absl::Time now);

  // Connections that this agent may use for this person now, with its grant,
  // whatever it works on: what is for one task alone is left out, and what an
  // operator stopped.
  struct Usable {
    Connection connection;
    AgentGrant grant;
  };
  absl::StatusOr<std::vector<Usable>> ListUsable(const TenantId& tenant,
                                                 const AgentId& agent,
                                                 const UserId& user,
                                                 const ConnectionId& after,
                                                 int limit, absl::Time now);

 private:
  absl::StatusOr<Connection> Choose(const AccessRequest& request,
                                    absl::Time now);

  Store& store_;
  TokenCache& cache_;
  const Stops& stops_;
};

}  // namespace tokenvault
