#include "vault/restored_tokens.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"
#include "vault/refresh_leases.h"

namespace tokenvault {
namespace {

constexpr int kLeavesAtATime = 1000;
constexpr size_t kRowsAtATime = 256;
// No vault leases a connection so often: answers that landed in another life of
// it are bound to epochs that are never used again.
constexpr uint64_t kEpochsAhead = uint64_t{1} << 32;

absl::StatusOr<std::vector<Connection>> ListSealed(const Store& store) {
  std::vector<Connection> all;
  RETURN_IF_ERROR(store.VisitDataKeys(
      LogLookup::kNone, [&all](const Dek&, const SealedByDek& sealed) {
        all.insert(all.end(), sealed.connections.begin(),
                   sealed.connections.end());
        return absl::OkStatus();
      }));
  return all;
}

// The newest generation of each connection's refresh token that a log tells of.
using Generations = absl::flat_hash_map<std::string, uint64_t>;

void ReadGeneration(const AuditEntry& entry, Generations& newest) {
  const auto leaf = nlohmann::json::parse(entry.leaf, nullptr,
                                          /*allow_exceptions=*/false);
  if (!leaf.is_object() || !leaf.contains("detail") ||
      !leaf.contains("connection") || !leaf["detail"].is_string() ||
      !leaf["connection"].is_string()) {
    return;
  }
  const std::string detail = leaf["detail"].get<std::string>();
  absl::string_view number = detail;
  if (!absl::ConsumePrefix(&number, "generation ")) return;
  uint64_t generation = 0;
  if (!absl::SimpleAtoi(number.substr(0, number.find(',')), &generation)) {
    return;
  }
  uint64_t& known = newest[leaf["connection"].get<std::string>()];
  known = std::max(known, generation);
}

absl::StatusOr<Generations> ReadGenerations(const Store& newer,
                                            uint64_t since) {
  Generations newest;
  AuditFilter filter;
  filter.after_sequence = since;
  while (true) {
    ASSIGN_OR_RETURN(std::vector<AuditEntry> leaves,
                     newer.ListAuditEntries(filter, kLeavesAtATime));
    if (leaves.empty()) return newest;
    for (const AuditEntry& leaf : leaves) ReadGeneration(leaf, newest);
    filter.after_sequence = leaves.back().sequence;
  }
}

void MarkStale(Connection& row) {
  row.state = ConnectionState::kNeedsReconnect;
  row.state_reason = kRestoredStaleReason;
}

// Where a refresh token that was replaced must not be shown again.
bool ReplacesTokens(const Directory& directory, const ProviderId& id) {
  const Provider* provider = directory.FindProvider(id);
  return provider == nullptr || provider->rotation == Rotation::kSingleUse;
}

class Settling {
 public:
  Settling(Store& store, const Store* newer, const Directory& directory,
           bool trusted, absl::Time now)
      : store_(store),
        newer_(newer),
        directory_(directory),
        trusted_(trusted),
        now_(now) {}

  absl::Status ReadLog(uint64_t since) {
    if (newer_ == nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(generations_, ReadGenerations(*newer_, since));
    return absl::OkStatus();
  }

  absl::Status Settle(Connection row) {
    known_.insert(row.id.value);
    const Connection before = row;
    row.lease_epoch += kEpochsAhead;
    if (newer_ != nullptr) {
      RETURN_IF_ERROR(Follow(row));
    } else if (before.state == ConnectionState::kActive && !trusted_ &&
               ReplacesTokens(directory_, row.provider)) {
      DropLease(row);
      MarkStale(row);
    }
    Count(before, row);
    batch_.Update(std::move(row));
    return ++rows_ < kRowsAtATime ? absl::OkStatus() : Flush();
  }

  absl::Status CountLost() {
    if (newer_ == nullptr) return absl::OkStatus();
    ASSIGN_OR_RETURN(std::vector<Connection> later, ListSealed(*newer_));
    for (const Connection& row : later) {
      if (row.state != ConnectionState::kRevoked &&
          known_.count(row.id.value) == 0) {
        ++counts_.lost;
      }
    }
    return absl::OkStatus();
  }

  absl::Status Flush() {
    rows_ = 0;
    return store_.Commit(std::exchange(batch_, WriteBatch()));
  }

  const RestoredTokens& counts() const { return counts_; }

 private:
  // What became of it later, as the newer vault has it.
  absl::Status Follow(Connection& row) {
    absl::StatusOr<Connection> found =
        newer_->GetConnection(row.tenant, row.id);
    if (!found.ok() && !HasReason(found.status(), "NOT_FOUND")) {
      return found.status();
    }
    DropLease(row);
    if (!found.ok()) return End(row, nullptr);
    const Connection& later = *found;
    if (later.state == ConnectionState::kRevoked) return End(row, &later);
    row.paused = row.paused || later.paused;
    row.access_end_time = std::min(row.access_end_time, later.access_end_time);
    RETURN_IF_ERROR(FollowGrants(row));
    if (row.state == ConnectionState::kRevoked) return absl::OkStatus();
    uint64_t newest = later.generation;
    if (auto told = generations_.find(row.id.value);
        told != generations_.end()) {
      newest = std::max(newest, told->second);
    }
    if (newest > row.generation || later.refresh_phase != RefreshPhase::kNone) {
      if (row.state == ConnectionState::kActive) MarkStale(row);
    } else if (row.state == ConnectionState::kActive) {
      row.state = later.state;
      row.state_reason = later.state_reason;
    }
    return absl::OkStatus();
  }

  // Ended after the backup: there is nothing of it to bring back. What the
  // provider was not told yet it is told with the same refresh token only.
  absl::Status End(Connection& row, const Connection* later) {
    row.state = ConnectionState::kRevoked;
    if (later == nullptr || later->generation != row.generation ||
        later->sealed_refresh_token.empty()) {
      row.sealed_refresh_token.clear();
    }
    row.state_reason = later == nullptr ? "" : later->state_reason;
    if (later != nullptr && !later->sealed_refresh_token.empty() &&
        row.sealed_refresh_token.empty()) {
      row.state_reason = "UPSTREAM_FAILED";
    }
    if (later != nullptr) row.refresh_phase = later->refresh_phase;
    batch_.Remove(WriteBatch::RemoveGrants{row.tenant, row.id});
    return absl::OkStatus();
  }

  // An agent has no more than it had in both.
  absl::Status FollowGrants(const Connection& row) {
    ASSIGN_OR_RETURN(std::vector<AgentGrant> grants,
                     store_.ListAgentGrants(row.tenant, row.id));
    batch_.Remove(WriteBatch::RemoveGrants{row.tenant, row.id});
    for (AgentGrant& grant : grants) {
      absl::StatusOr<AgentGrant> later =
          newer_->GetAgentGrant(row.tenant, row.id, grant.agent);
      if (HasReason(later.status(), "NOT_FOUND")) continue;
      RETURN_IF_ERROR(later.status());
      grant.scopes = grant.scopes.Intersection(later->scopes);
      grant.end_time = std::min(grant.end_time, later->end_time);
      if (grant.scopes.empty()) continue;
      grant.version = 0;
      batch_.Insert(std::move(grant));
    }
    return absl::OkStatus();
  }

  void Count(const Connection& before, const Connection& row) {
    if (before.state == ConnectionState::kRevoked) return;
    if (row.state == ConnectionState::kRevoked) {
      ++counts_.ended;
      AuditEvent event =
          EventAbout(row, audit_kind::kConnectionRevoked, "vault");
      event.detail = "ended after the backup";
      batch_.Append(MakeAuditEntry(event, now_));
      return;
    }
    if (before.state != ConnectionState::kActive) return;
    if (row.state == ConnectionState::kActive) {
      ++counts_.good;
      return;
    }
    ++counts_.stale;
    AuditEvent event = EventAbout(row, audit_kind::kRestoredStale, "vault");
    event.reason = row.state_reason;
    event.detail = absl::StrCat("generation ", row.generation);
    batch_.Append(MakeAuditEntry(event, now_));
  }

  Store& store_;
  const Store* const newer_;
  const Directory& directory_;
  const bool trusted_;
  const absl::Time now_;
  Generations generations_;
  std::set<std::string> known_;
  RestoredTokens counts_;
  WriteBatch batch_;
  size_t rows_ = 0;
};

}  // namespace

absl::StatusOr<RestoredTokens> SettleRestoredTokens(
    Store& store, const Store* newer, uint64_t since,
    const Directory& directory, bool trusted, AuditEvent event, WriteBatch last,
    absl::Time now) {
  Settling settling(store, newer, directory, trusted, now);
  RETURN_IF_ERROR(settling.ReadLog(since));
  ASSIGN_OR_RETURN(std::vector<Connection> rows, ListSealed(store));
  for (Connection& row : rows) {
    RETURN_IF_ERROR(settling.Settle(std::move(row)));
  }
  RETURN_IF_ERROR(settling.CountLost());
  RETURN_IF_ERROR(settling.Flush());

  const RestoredTokens& counts = settling.counts();
  absl::StrAppend(&event.detail, event.detail.empty() ? "" : ", ", counts.good,
                  " connections good, ", counts.stale, " stale, ", counts.ended,
                  " ended since, ", counts.lost, " made since");
  last.Purge({absl::InfiniteFuture(), absl::InfiniteFuture()});
  last.Append(MakeAuditEntry(event, now));
  RETURN_IF_ERROR(store.Commit(std::move(last)));
  return counts;
}

}  // namespace tokenvault
