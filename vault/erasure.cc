#include "vault/erasure.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"
#include "vault/count_revoked.h"
#include "vault/erasing_people.h"
#include "vault/limits.h"

namespace tokenvault {
namespace {

void Add(const PersonRows& rows, PersonRows& sum) {
  sum.data_keys += rows.data_keys;
  sum.connections += rows.connections;
  sum.agent_grants += rows.agent_grants;
  sum.interactions += rows.interactions;
  sum.web_sessions += rows.web_sessions;
  sum.pseudonyms += rows.pseudonyms;
}

AuditEvent ErasureEvent(absl::string_view kind, const Subject& person,
                        const std::string& request_id) {
  AuditEvent event;
  event.kind = kind;
  event.tenant = person.tenant;
  event.actor = "operator";
  event.request_id = request_id;
  return event;
}

// Whether its end must still be told, or told again.
bool NeedsRevoking(const Connection& connection) {
  return connection.state != ConnectionState::kRevoked;
}

// What was done, without saying to whom.
std::string DetailOf(const PersonRows& rows,
                     const Operation::Revocations& upstream) {
  return absl::StrCat(rows.connections, " connections, ", rows.agent_grants,
                      " agent grants; at providers ", upstream.confirmed,
                      " confirmed, ", upstream.unsupported, " unsupported, ",
                      upstream.failed, " failed, ", upstream.pending,
                      " not answered");
}

}  // namespace

Erasure::Erasure(const Clock& clock, Store& store, KeyKeeper& keys,
                 const DirectoryHolder& directory, ConnectionAdmin& connections,
                 UpstreamRevocations& upstream, Interactions& interactions,
                 Refresher& refresher, Broker& broker, TokenCache& cache,
                 Operations& operations)
    : clock_(clock),
      store_(store),
      keys_(keys),
      directory_(directory),
      connections_(connections),
      upstream_(upstream),
      interactions_(interactions),
      refresher_(refresher),
      broker_(broker),
      cache_(cache),
      operations_(operations) {}

absl::StatusOr<std::vector<Subject>> Erasure::Find(const UserId& user) const {
  ASSIGN_OR_RETURN(std::vector<TenantId> tenants, store_.ListTenantsOf(user));
  std::vector<Subject> people;
  for (TenantId& tenant : tenants) people.push_back({std::move(tenant), user});
  return people;
}

absl::StatusOr<std::vector<Subject>> Erasure::FindByIdentity(
    const std::string& subject) const {
  std::vector<Subject> people;
  std::shared_ptr<const Directory> directory = directory_.Get();
  for (const auto& [id, tenant] : directory->tenants) {
    ASSIGN_OR_RETURN(const UserId user,
                     keys_.UserOf(id, tenant.identity.issuer, subject));
    ASSIGN_OR_RETURN(const PersonRows rows, store_.CountPerson(id, user));
    if (rows != PersonRows()) people.push_back({id, user});
  }
  return people;
}

absl::StatusOr<PersonRows> Erasure::Count(
    const std::vector<Subject>& people) const {
  PersonRows sum;
  for (const Subject& person : people) {
    ASSIGN_OR_RETURN(const PersonRows rows,
                     store_.CountPerson(person.tenant, person.user));
    Add(rows, sum);
  }
  return sum;
}

absl::StatusOr<Operation::Progress> Erasure::Start(
    std::vector<Subject> people, const std::string& request_id) {
  return operations_.Start(
      [this, people = std::move(people), request_id](Operation& operation) {
        absl::Status result = Erase(operation, people, request_id);
        if (!result.ok()) {
          Log(LogLevel::kError, "erasure.failed",
              "an erasure stopped; running it again goes on where it was",
              {{LogKey::kReason, ReasonOf(result)}});
        }
        return result;
      });
}

absl::Status Erasure::Erase(Operation& operation,
                            const std::vector<Subject>& people,
                            const std::string& request_id) {
  for (const Subject& person : people) {
    RETURN_IF_ERROR(EraseOne(operation, person, request_id));
    if (operation.stopping()) break;
  }
  if (operation.stopping()) {
    operation.Cancelled();
    return absl::OkStatus();
  }
  return Scrub(operation);
}

absl::Status Erasure::EraseOne(Operation& operation, const Subject& person,
                               const std::string& request_id) {
  ErasingPeople::Hold hold(interactions_.erasing(), person.tenant, person.user);
  // Before anything of it goes.
  ASSIGN_OR_RETURN(const PersonRows kept,
                   store_.CountPerson(person.tenant, person.user));
  RETURN_IF_ERROR(Close(person, request_id));
  FaultPoint("erase.closed");
  absl::Status shredded;
  // Again when something of theirs changed meanwhile: a consent, say, that was
  // on its way when the door was closed.
  for (int i = 0; i < kCommitTries; ++i) {
    ASSIGN_OR_RETURN(std::vector<Connection> connections, ListAll(person));
    RETURN_IF_ERROR(RevokeAll(operation, connections, request_id));
    if (operation.stopping()) return absl::OkStatus();
    FaultPoint("erase.revoked");
    ASSIGN_OR_RETURN(connections, ListAll(person));
    if (std::any_of(connections.begin(), connections.end(), NeedsRevoking)) {
      shredded = errors::VersionConflict("connection");
      continue;
    }
    shredded = Shred(operation, person, kept, connections, request_id);
    if (!HasReason(shredded, "VERSION_CONFLICT")) break;
  }
  return shredded;
}

absl::Status Erasure::Close(const Subject& person,
                            const std::string& request_id) {
  AuditEvent event =
      ErasureEvent(audit_kind::kErasureStarted, person, request_id);
  event.user = person.user;
  WriteBatch batch;
  batch.Remove(WriteBatch::RemoveVisits{person.tenant, person.user});
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  return store_.Commit(std::move(batch));
}

absl::StatusOr<std::vector<Connection>> Erasure::ListAll(
    const Subject& person) const {
  ConnectionFilter filter;
  filter.tenant = person.tenant;
  filter.user = person.user;
  std::vector<Connection> all;
  ConnectionId after;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<Connection> page,
                     store_.ListConnections(filter, after, kMaxAccounts));
    if (page.empty()) return all;
    after = page.back().id;
    std::move(page.begin(), page.end(), std::back_inserter(all));
  }
}

// Counts anew each time: what an earlier round or run ended is counted by what
// the row says of it.
absl::Status Erasure::RevokeAll(Operation& operation,
                                const std::vector<Connection>& connections,
                                const std::string& request_id) {
  operation.Begin(Operation::Phase::kRevoking,
                  static_cast<int64_t>(connections.size()));
  operation.Change(
      [](Operation::Progress& progress) { progress.revocations = {}; });
  std::shared_ptr<const Directory> directory = directory_.Get();
  auto revoke = [&](const Connection& connection) {
    return connections_.Revoke(*directory, connection.tenant, connection.user,
                               connection.id, /*etag=*/"", "operator",
                               request_id);
  };
  for (const Connection& connection : connections) {
    if (operation.stopping()) return absl::OkStatus();
    ASSIGN_OR_RETURN(ConnectionAdmin::Revoked revoked, revoke(connection));
    // The answer to a refresh that was sent before the end: a token that would
    // live on at the provider. It is kept to be revoked, which is now.
    broker_.AwaitRefresh(connection.id);
    ASSIGN_OR_RETURN(const Connection row,
                     store_.GetConnection(connection.tenant, connection.id));
    // By the generation: what `revoked` saw may be of after it was kept.
    if (row.generation != connection.generation &&
        !row.sealed_refresh_token.empty()) {
      ASSIGN_OR_RETURN(revoked, revoke(connection));
    }
    operation.Change([&](Operation::Progress& progress) {
      ++progress.rows_done;
      CountRevoked(connection, revoked, progress.revocations);
    });
  }
  return absl::OkStatus();
}

absl::Status Erasure::Shred(Operation& operation, const Subject& person,
                            const PersonRows& kept,
                            const std::vector<Connection>& connections,
                            const std::string& request_id) {
  operation.Begin(Operation::Phase::kErasing, 1);
  AuditEvent event =
      ErasureEvent(audit_kind::kSubjectShredded, person, request_id);
  operation.Change([&](Operation::Progress& progress) {
    event.detail = DetailOf(kept, progress.revocations);
  });
  WriteBatch::RemovePerson remove{person.tenant, person.user, {}};
  for (const Connection& connection : connections) {
    remove.connections.emplace_back(connection.id, connection.version);
  }
  WriteBatch batch;
  batch.Remove(std::move(remove));
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  FaultPoint("erase.before_shred");
  RETURN_IF_ERROR(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
    store_.Commit(std::move(batch),
                  [&, done = std::move(done)](absl::Status status) mutable {
                    if (status.ok())
                      keys_.Forget(person.tenant, person.user.value);
                    done(std::move(status));
                  });
  }));
  FaultPoint("erase.shredded");
  for (const Connection& connection : connections) {
    cache_.Forget(connection.id);
    refresher_.Forget(connection.id);
    upstream_.Forget(connection.id);
  }
  broker_.Forget(person.tenant, person.user);
  operation.Advance(1);
  operation.Change([&kept](Operation::Progress& progress) {
    ++progress.people_erased;
    Add(kept, progress.erased);
  });
  return absl::OkStatus();
}

absl::Status Erasure::Scrub(Operation& operation) {
  operation.Begin(Operation::Phase::kScrubbing, 1);
  RETURN_IF_ERROR(refresher_.ScrubLanded());
  RETURN_IF_ERROR(store_.Scrub());
  FaultPoint("erase.scrubbed");
  operation.Advance(1);
  return absl::OkStatus();
}

}  // namespace tokenvault
