#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "storage/store.h"
#include "vault/directory.h"
#include "vault/token_cache.h"
#include "vault/upstream_revocations.h"

namespace tokenvault {

// What may be changed about a connection; absent fields stay.
struct ConnectionChange {
  std::optional<std::string> account_label;
  std::optional<bool> paused;
  std::optional<absl::Time> access_end_time;
  // The agents that keep their access; others lose it. Nobody is added.
  std::optional<std::vector<AgentId>> keep_agents;
  // The one agent that loses its access, whoever else has it by then.
  std::optional<AgentId> drop_agent;
};

// A connection and who may use it.
struct ConnectionView {
  Connection connection;
  std::vector<AgentGrant> grants;
};

// Looking at connections, changing and ending them: for people on our pages,
// application back ends and operators. `actor` goes into the audit log. Blocks;
// thread-safe. What is not there is RESOURCE_DENIED.
class ConnectionAdmin {
 public:
  ConnectionAdmin(const Clock& clock, Store& store,
                  UpstreamRevocations& upstream, TokenCache& cache);

  absl::StatusOr<ConnectionView> Get(const TenantId& tenant, const UserId& user,
                                     const ConnectionId& id);
  absl::StatusOr<std::vector<ConnectionView>> List(
      const ConnectionFilter& filter, const ConnectionId& after, int limit);
  // Everything that a person has connected and not ended.
  absl::StatusOr<std::vector<ConnectionView>> ListConnected(
      const TenantId& tenant, const UserId& user);

  // ETAG_MISMATCH when `etag` is given and the connection moved. Its effect on
  // tokens is immediate: none is handed out under the old terms once this
  // returns.
  absl::StatusOr<ConnectionView> Update(const TenantId& tenant,
                                        const UserId& user,
                                        const ConnectionId& id,
                                        const std::string& etag,
                                        const ConnectionChange& change,
                                        const std::string& actor);

  struct Revoked {
    ConnectionView view;
    UpstreamRevocations::Result upstream =
        UpstreamRevocations::Result::kUnsupported;
    std::string manual_url;  // unless kRevoked, where the preset knows one
  };
  // First here, so that no token is handed out any more; then at the provider;
  // then the sealed refresh token is erased, unless the provider must be told
  // again (vault/upstream_revocations.h). Revoking a revoked one changes
  // nothing.
  absl::StatusOr<Revoked> Revoke(const Directory& directory,
                                 const TenantId& tenant, const UserId& user,
                                 const ConnectionId& id,
                                 const std::string& etag,
                                 const std::string& actor,
                                 const std::string& request_id);
  // All that ListConnected has. All of it ends here before the
  // first provider is told, so that none waits for another's provider; those
  // whose turn has not come by `deadline` are kPending, and are told as those
  // are that did not answer.
  absl::StatusOr<std::vector<Revoked>> RevokeAll(const Directory& directory,
                                                 const TenantId& tenant,
                                                 const UserId& user,
                                                 const std::string& actor,
                                                 absl::Time deadline);

  // Whether Revoke could tell the provider. May look its metadata up.
  bool CanTellProvider(const Directory& directory,
                       const Connection& connection) {
    return upstream_.CanTell(directory, connection);
  }

  // Until when copies of access tokens may work that agents have. It is an
  // upper bound: what this process handed out it knows; what one before it did
  // lives no longer than `directory` lets any token live. InfinitePast: there
  // is none. InfiniteFuture: there is no bound.
  absl::Time CopiesUntil(const Directory& directory,
                         const Connection& connection);

 private:
  // Ends it here, and nowhere else yet.
  absl::StatusOr<Connection> EndHere(const TenantId& tenant, const UserId& user,
                                     const ConnectionId& id,
                                     const std::string& etag,
                                     const std::string& actor,
                                     const std::string& request_id);
  // The rest of it, for what EndHere left.
  absl::StatusOr<Revoked> TellProvider(const Directory& directory,
                                       Connection ended,
                                       const std::string& actor);

  const Clock& clock_;
  const absl::Time start_time_;
  Store& store_;
  UpstreamRevocations& upstream_;
  TokenCache& cache_;
};

// What a connection's etag is: changes with every change.
std::string EtagOf(const Connection& connection);

}  // namespace tokenvault
