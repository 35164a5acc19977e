#include "vault/stops.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

// What a leaf says is stopped. People and connections have members of their
// own.
std::string StoppedThing(const Stop& stop) {
  switch (stop.kind) {
    case StopKind::kVault:
      return "everything";
    case StopKind::kAgent:
      return absl::StrCat("agents/", stop.name);
    case StopKind::kUser:
      return "a person";
    case StopKind::kConnection:
      return "a connection";
    case StopKind::kProvider:
      return absl::StrCat("providers/", stop.name);
  }
  return "";
}

AuditEntry StopLeaf(const Stops::Order& order, absl::string_view kind,
                    absl::Time now) {
  const Stop& stop = order.stop;
  AuditEvent event;
  event.kind = kind;
  event.tenant = stop.tenant;
  event.actor = order.actor;
  event.user = order.user;
  event.provider = order.provider;
  switch (stop.kind) {
    case StopKind::kVault:
    case StopKind::kAgent:
      break;
    case StopKind::kUser:
      event.user = UserId(stop.name);
      break;
    case StopKind::kConnection:
      event.connection = ConnectionId(stop.name);
      break;
    case StopKind::kProvider:
      event.provider = ProviderId(stop.name);
      break;
  }
  event.purpose = stop.why;
  event.detail = StoppedThing(stop);
  event.request_id = order.request_id;
  return MakeAuditEntry(event, now);
}

}  // namespace

absl::string_view NameOf(StopKind kind) {
  switch (kind) {
    case StopKind::kVault:
      return "vault";
    case StopKind::kAgent:
      return "agent";
    case StopKind::kUser:
      return "user";
    case StopKind::kConnection:
      return "connection";
    case StopKind::kProvider:
      return "provider";
  }
  return "";
}

absl::Status Stops::Load() {
  ASSIGN_OR_RETURN(const std::vector<Stop> stored, store_.ListStops());
  Held next;
  for (const Stop& stop : stored) next.emplace(KeyOf(stop), stop);
  MutexLock lock(mutex_);
  Swap(std::move(next));
  return absl::OkStatus();
}

absl::Status Stops::CheckEach(const Subject& subject) const {
  const std::shared_ptr<const Held> held = Current();
  const auto holds = [&](StopKind kind, const TenantId& tenant,
                         const std::string& name) {
    return held->contains(Key{kind, tenant, name});
  };
  if (holds(StopKind::kVault, TenantId(), "")) {
    return errors::IssuanceStopped(NameOf(StopKind::kVault));
  }
  if (holds(StopKind::kProvider, TenantId(), subject.provider.value)) {
    return errors::IssuanceStopped(NameOf(StopKind::kProvider));
  }
  if (holds(StopKind::kAgent, subject.tenant, subject.agent.value)) {
    return errors::IssuanceStopped(NameOf(StopKind::kAgent));
  }
  if (holds(StopKind::kUser, subject.tenant, subject.user.value)) {
    return errors::IssuanceStopped(NameOf(StopKind::kUser));
  }
  if (holds(StopKind::kConnection, subject.tenant, subject.connection.value)) {
    return errors::IssuanceStopped(NameOf(StopKind::kConnection));
  }
  return absl::OkStatus();
}

void Stops::Add(Order order, Done done) {
  order.stop.create_time = clock_.Now();
  const Stop stop = order.stop;
  Hold(stop);
  WriteBatch batch;
  batch.Insert(stop);
  batch.Append(StopLeaf(order, audit_kind::kIssuanceStopped, stop.create_time));
  store_.Commit(std::move(batch), [this, stop, done = std::move(done)](
                                      absl::Status status) mutable {
    if (HasReason(status, "ALREADY_EXISTS")) return done(std::move(status));
    if (!status.ok()) return done(NotAudited(status));
    // One that was lifted between the two moments would be gone from memory.
    Hold(stop);
    done(absl::OkStatus());
  });
}

void Stops::Lift(Order order, Done done) {
  const Stop& stop = order.stop;
  WriteBatch batch;
  batch.Remove(WriteBatch::RemoveStop{stop.kind, stop.tenant, stop.name});
  batch.Append(StopLeaf(order, audit_kind::kIssuanceResumed, clock_.Now()));
  const Key key = KeyOf(stop);
  store_.Commit(std::move(batch),
                [this, key, order = std::move(order),
                 done = std::move(done)](absl::Status status) mutable {
                  if (HasReason(status, "NOT_FOUND")) {
                    return LiftUnwritten(std::move(order), std::move(done));
                  }
                  if (!status.ok()) return done(NotAudited(status));
                  Release(key);
                  done(absl::OkStatus());
                });
}

// One that holds in memory alone, since the disk did not take it.
void Stops::LiftUnwritten(Order order, Done done) {
  const Key key = KeyOf(order.stop);
  if (!Holds(key.kind, key.tenant, key.name)) {
    return done(errors::NotFound("stop"));
  }
  WriteBatch batch;
  batch.Append(StopLeaf(order, audit_kind::kIssuanceResumed, clock_.Now()));
  store_.Commit(std::move(batch), [this, key, done = std::move(done)](
                                      absl::Status status) mutable {
    if (!status.ok()) return done(NotAudited(status));
    Release(key);
    done(absl::OkStatus());
  });
}

std::vector<Stop> Stops::List() const {
  std::vector<Stop> stops;
  for (const auto& [key, stop] : *Current()) stops.push_back(stop);
  std::sort(stops.begin(), stops.end(), [](const Stop& a, const Stop& b) {
    return std::tie(a.create_time, a.kind, a.tenant, a.name) <
           std::tie(b.create_time, b.kind, b.tenant, b.name);
  });
  return stops;
}

bool Stops::Holds(StopKind kind, const TenantId& tenant,
                  const std::string& name) const {
  return Current()->contains(Key{kind, tenant, name});
}

void Stops::Forget(const TenantId& tenant, const UserId& user) {
  Release({StopKind::kUser, tenant, user.value});
}

std::shared_ptr<const Stops::Held> Stops::Current() const {
  MutexLock lock(mutex_);
  return held_;
}

void Stops::Hold(const Stop& stop) {
  MutexLock lock(mutex_);
  if (held_->contains(KeyOf(stop))) return;
  Held next = *held_;
  next.emplace(KeyOf(stop), stop);
  Swap(std::move(next));
}

void Stops::Release(const Key& key) {
  MutexLock lock(mutex_);
  if (!held_->contains(key)) return;
  Held next = *held_;
  next.erase(key);
  Swap(std::move(next));
}

void Stops::Swap(Held next) {
  const bool any = !next.empty();
  held_ = std::make_shared<const Held>(std::move(next));
  any_.store(any);
}

}  // namespace tokenvault
