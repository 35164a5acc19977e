#include "vault/data_key_rotation.h"

#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/await.h"
#include "base/errors.h"
#include "base/fault_point.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "crypto/envelope.h"
#include "crypto/random.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/limits.h"
#include "vault/sealed_census.h"

namespace tokenvault {
namespace {

constexpr int kKeysAtOnce = 256;
constexpr size_t kReplacedAtOnce = 16;

// Its answer may have landed, sealed under the data key of now.
bool IsUnsettled(const Connection& connection) {
  return connection.refresh_phase == RefreshPhase::kMaybeSent &&
         connection.state == ConnectionState::kActive;
}

bool DoesNotOpen(const absl::Status& status) {
  return HasReason(status, "SEAL_BROKEN") || HasReason(status, "KEY_UNKNOWN");
}

std::string HolderOf(const Dek& dek) {
  return dek.subject.empty() ? absl::StrCat("tenants/", dek.tenant.value)
                             : absl::StrCat("users/", dek.subject);
}

// Opens `sealed` with one key and seals it with another; what it became opens.
absl::StatusOr<std::string> SealAnew(const Sealer& before, const Sealer& after,
                                     const std::string& sealed,
                                     const Binding& binding) {
  ASSIGN_OR_RETURN(const Secret secret, before.Open(sealed, binding));
  ASSIGN_OR_RETURN(std::string anew, after.Seal(secret, binding));
  RETURN_IF_ERROR(after.Open(anew, binding).status());
  return anew;
}

}  // namespace

DataKeyRotation::DataKeyRotation(const Clock& clock, Store& store,
                                 KeyKeeper& keys, Broker& broker,
                                 Operations& operations)
    : clock_(clock),
      store_(store),
      keys_(keys),
      broker_(broker),
      operations_(operations) {}

absl::StatusOr<Operation::Progress> DataKeyRotation::Preview(
    const DataKeyScope& scope) const {
  std::optional<absl::Time> begun;
  if (scope.people.empty()) {
    ASSIGN_OR_RETURN(begun, BegunAt(scope.tenant));
  }
  Operation::Progress preview;
  preview.done = true;
  preview.phase = Operation::Phase::kResealing;
  RETURN_IF_ERROR(ForEach(scope, begun, [&preview](const Dek&) {
    ++preview.rows_total;
    return absl::OkStatus();
  }));
  return preview;
}

absl::StatusOr<Operation::Progress> DataKeyRotation::Start(
    DataKeyScope scope, const std::string& request_id) {
  return operations_.Start(
      [this, scope = std::move(scope), request_id](Operation& operation) {
        absl::Status result = Run(operation, scope, request_id);
        if (!result.ok()) {
          Log(LogLevel::kError, "key.reseal_failed",
              "data keys were not all replaced; running it again goes on",
              {{LogKey::kReason, ReasonOf(result)}});
        }
        return result;
      });
}

// When a run over the whole tenant was begun that did not end.
absl::StatusOr<std::optional<absl::Time>> DataKeyRotation::BegunAt(
    const TenantId& tenant) const {
  AuditFilter filter;
  filter.tenant = tenant;
  filter.kind = audit_kind::kKeyResealStarted;
  ASSIGN_OR_RETURN(std::vector<AuditEntry> begun,
                   store_.ListLastAuditEntries(filter, 1));
  filter.kind = audit_kind::kKeyResealFinished;
  ASSIGN_OR_RETURN(std::vector<AuditEntry> ended,
                   store_.ListLastAuditEntries(filter, 1));
  if (begun.empty() ||
      (!ended.empty() && ended[0].sequence > begun[0].sequence)) {
    return std::nullopt;
  }
  return begun[0].time;
}

// The data keys of the scope, without those that were made since a run was
// begun, if one was.
absl::Status DataKeyRotation::ForEach(const DataKeyScope& scope,
                                      std::optional<absl::Time> begun,
                                      Visit visit) const {
  for (const Subject& person : scope.people) {
    absl::StatusOr<Dek> dek = store_.GetDek(person.tenant, person.user.value);
    if (HasReason(dek.status(), "NOT_FOUND")) continue;
    RETURN_IF_ERROR(dek.status());
    RETURN_IF_ERROR(visit(*dek));
  }
  if (!scope.people.empty() || scope.tenant.empty()) return absl::OkStatus();
  std::optional<std::string> after;
  while (true) {
    ASSIGN_OR_RETURN(
        std::vector<Dek> page,
        store_.ListDeks(scope.tenant, UserId(), after, kKeysAtOnce));
    if (page.empty()) return absl::OkStatus();
    for (const Dek& dek : page) {
      // A clock that was ahead once hides none of them.
      const bool made_since = begun.has_value() && dek.create_time >= *begun &&
                              dek.create_time <= clock_.Now();
      if (!made_since) RETURN_IF_ERROR(visit(dek));
    }
    after = page.back().subject;
  }
}

absl::Status DataKeyRotation::Note(absl::string_view kind,
                                   const DataKeyScope& scope,
                                   const std::string& detail,
                                   const std::string& request_id) {
  AuditEvent event;
  event.kind = kind;
  event.tenant = scope.tenant;
  event.actor = "operator";
  event.request_id = request_id;
  event.detail = detail;
  WriteBatch batch;
  batch.Append(MakeAuditEntry(event, clock_.Now()));
  return store_.Commit(std::move(batch));
}

absl::Status DataKeyRotation::Run(Operation& operation,
                                  const DataKeyScope& scope,
                                  const std::string& request_id) {
  ASSIGN_OR_RETURN(const Operation::Progress todo, Preview(scope));
  std::optional<absl::Time> begun;
  if (scope.people.empty()) {
    ASSIGN_OR_RETURN(begun, BegunAt(scope.tenant));
    if (!begun.has_value()) {
      RETURN_IF_ERROR(Note(audit_kind::kKeyResealStarted, scope,
                           absl::StrCat(todo.rows_total, " data keys"),
                           request_id));
    }
  }
  operation.Begin(Operation::Phase::kResealing, todo.rows_total);
  int64_t left = 0;
  std::vector<Dek> some;
  absl::Status visited =
      ForEach(scope, begun, [&](const Dek& dek) -> absl::Status {
        some.push_back(dek);
        if (some.size() < kReplacedAtOnce) return absl::OkStatus();
        return ReplaceSome(operation, std::exchange(some, {}), request_id,
                           left);
      });
  if (visited.ok()) {
    visited = ReplaceSome(operation, std::move(some), request_id, left);
  }
  if (absl::IsCancelled(visited)) {
    operation.Cancelled();
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(visited);
  bool broken = false;
  int64_t done = 0;
  operation.Change([&](Operation::Progress& progress) {
    broken = progress.broken_count > 0;
    done = progress.data_keys_replaced;
  });
  if (scope.people.empty() && left == 0) {
    RETURN_IF_ERROR(Note(audit_kind::kKeyResealFinished, scope,
                         absl::StrCat(done, " data keys"), request_id));
  }
  // The old keys leave the files too.
  RETURN_IF_ERROR(store_.Scrub());
  return broken ? errors::SealBroken() : absl::OkStatus();
}

// Side by side, so that their commits share a sync: one by one, each would wait
// for the disk alone. `left` counts those that stay.
absl::Status DataKeyRotation::ReplaceSome(Operation& operation,
                                          const std::vector<Dek>& some,
                                          const std::string& request_id,
                                          int64_t& left) {
  if (operation.stopping()) return absl::CancelledError();
  std::vector<absl::Status> replaced(some.size());
  std::vector<std::thread> threads;
  threads.reserve(some.size());
  for (size_t i = 0; i < some.size(); ++i) {
    threads.emplace_back([this, &operation, &some, &replaced, &request_id, i] {
      replaced[i] = Replace(operation, some[i], request_id);
      operation.Advance(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < some.size(); ++i) {
    if (replaced[i].ok()) continue;
    ++left;
    const bool broken = DoesNotOpen(replaced[i]);
    if (!broken && !HasReason(replaced[i], "VERSION_CONFLICT")) {
      return replaced[i];
    }
    operation.Change([&](Operation::Progress& progress) {
      if (broken) ++progress.broken_count;
      std::vector<std::string>& names =
          broken ? progress.broken : progress.left_over;
      if (names.size() < kMostNamed) names.push_back(HolderOf(some[i]));
    });
  }
  return absl::OkStatus();
}

absl::Status DataKeyRotation::Replace(Operation& operation, const Dek& dek,
                                      const std::string& request_id) {
  absl::StatusOr<int64_t> records = errors::VersionConflict("data key");
  for (int i = 0; i < kCommitTries && !records.ok(); ++i) {
    records = ReplaceOnce(dek, request_id);
    if (!HasReason(records.status(), "VERSION_CONFLICT")) break;
  }
  RETURN_IF_ERROR(records.status());
  operation.Change([&records](Operation::Progress& progress) {
    ++progress.data_keys_replaced;
    progress.records_resealed += *records;
  });
  return absl::OkStatus();
}

// One try, as things are now: how many records were sealed anew.
// VERSION_CONFLICT when something moved, or a refresh is not settled.
absl::StatusOr<int64_t> DataKeyRotation::ReplaceOnce(
    const Dek& known, const std::string& request_id) {
  absl::StatusOr<Dek> old = store_.GetDek(known.tenant, known.subject);
  // Erased meanwhile: there is nothing to replace.
  if (HasReason(old.status(), "NOT_FOUND")) return 0;
  RETURN_IF_ERROR(old.status());
  ASSIGN_OR_RETURN(SealedByDek sealed, store_.GetSealedBy(*old));
  for (const Connection& connection : sealed.connections) {
    if (!IsUnsettled(connection)) continue;
    broker_.AwaitRefresh(connection.id);
    return errors::VersionConflict("connection");
  }

  ASSIGN_OR_RETURN(std::shared_ptr<const DataKey> old_key,
                   keys_.OpenDataKey(*old));
  ASSIGN_OR_RETURN(ArenaKey key, ArenaKey::Random(keys_.arena()));
  ASSIGN_OR_RETURN(std::shared_ptr<const KeyRing> ring, keys_.ring());
  Dek dek = *old;
  dek.dek_id = RandomBytes(kKeyIdSize);
  dek.generation += 1;
  dek.kek_version = ring->primary_version();
  dek.create_time = clock_.Now();
  ASSIGN_OR_RETURN(
      dek.wrapped,
      ring->WrapDataKey(DataKeyBindingOf(keys_.deployment_id(), dek), key));
  const Sealer before(std::move(old_key));
  // From the wrap, so that it is known to open.
  ASSIGN_OR_RETURN(std::shared_ptr<const DataKey> new_key,
                   keys_.OpenDataKey(dek));
  const Sealer after(std::move(new_key));

  const absl::Time now = clock_.Now();
  const std::string& id = keys_.deployment_id();
  WriteBatch batch;
  // First: what comes after it must be under it.
  batch.Update(dek);
  for (Connection& connection : sealed.connections) {
    ASSIGN_OR_RETURN(connection.sealed_refresh_token,
                     SealAnew(before, after, connection.sealed_refresh_token,
                              RefreshTokenBinding(id, connection)));
    AuditEvent event =
        EventAbout(connection, audit_kind::kConnectionResealed, "operator");
    event.request_id = request_id;
    event.commitment = LoggedCommitment(connection.sealed_refresh_token);
    batch.Update(connection);
    batch.Append(MakeAuditEntry(event, now));
  }
  for (OAuthFlow& flow : sealed.flows) {
    ASSIGN_OR_RETURN(flow.sealed_verifier,
                     SealAnew(before, after, flow.sealed_verifier,
                              FlowVerifierBinding(id, flow)));
    batch.Update(flow);
  }
  const auto records =
      static_cast<int64_t>(sealed.connections.size() + sealed.flows.size());
  AuditEvent event;
  event.kind = audit_kind::kKeyResealed;
  event.tenant = dek.tenant;
  event.actor = "operator";
  event.user = UserId(dek.subject);
  event.request_id = request_id;
  event.detail = absl::StrCat("data key generation ", dek.generation, ", ",
                              records, " records");
  batch.Append(MakeAuditEntry(event, now));
  FaultPoint("reseal.before_commit");
  RETURN_IF_ERROR(Await([&](absl::AnyInvocable<void(absl::Status)> done) {
    store_.Commit(std::move(batch),
                  [&, done = std::move(done)](absl::Status status) mutable {
                    if (status.ok()) keys_.Forget(dek.tenant, dek.subject);
                    done(std::move(status));
                  });
  }));
  FaultPoint("reseal.committed");
  return records;
}

}  // namespace tokenvault
