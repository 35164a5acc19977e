#include "vault/activity.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

using Actor = ActivityEntry::Actor;

std::string LeafText(const nlohmann::json& leaf, const char* name) {
  auto it = leaf.find(name);
  return it != leaf.end() && it->is_string() ? it->get<std::string>() : "";
}

ScopeSet LeafScopes(const nlohmann::json& leaf) {
  std::vector<std::string> scopes;
  auto it = leaf.find("scopes");
  if (it == leaf.end() || !it->is_array()) return ScopeSet();
  for (const nlohmann::json& scope : *it) {
    if (scope.is_string()) scopes.push_back(scope.get<std::string>());
  }
  return ScopeSet(std::move(scopes));
}

// Who the person is in leaves: what the log calls them, or their id, as leaves
// of before there were such names have it.
struct Names {
  std::string pseudonym;
  std::string user;

  bool Has(absl::string_view name) const {
    return !name.empty() && (name == pseudonym || name == user);
  }
};

void ReadActor(absl::string_view actor, const Names& names,
               ActivityEntry& entry) {
  if (absl::ConsumePrefix(&actor, "agents/")) {
    entry.actor = Actor::kAgent;
    entry.agent = AgentId(std::string(actor));
  } else if (absl::ConsumePrefix(&actor, "users/")) {
    entry.actor = names.Has(actor) ? Actor::kPerson : Actor::kSomeoneElse;
  } else if (actor == "operator") {
    entry.actor = Actor::kOperator;
  } else {
    entry.actor = actor == "vault" ? Actor::kVault : Actor::kSomeoneElse;
  }
}

// Leaves are ours, but the disk is not to be trusted: of one that does not
// parse, only what the row says is told.
ActivityEntry ReadEntry(const AuditEntry& row, const Names& names) {
  ActivityEntry entry;
  entry.sequence = row.sequence;
  entry.time = row.time;
  entry.kind = row.kind;
  const nlohmann::json leaf =
      nlohmann::json::parse(row.leaf, nullptr, /*allow_exceptions=*/false);
  if (!leaf.is_object()) return entry;
  ReadActor(LeafText(leaf, "actor"), names, entry);
  entry.outcome = LeafText(leaf, "outcome");
  entry.reason = LeafText(leaf, "reason");
  // About somebody else, and only done by this person, who opened that question
  // or decided it: it is not theirs to read again.
  const std::string about = LeafText(leaf, "user");
  if (!about.empty() && !names.Has(about)) return entry;
  entry.provider = ProviderId(LeafText(leaf, "provider"));
  entry.connection = ConnectionId(LeafText(leaf, "connection"));
  entry.scopes = LeafScopes(leaf);
  entry.purpose = LeafText(leaf, "purpose");
  entry.token_id = LeafText(leaf, "token_id");
  return entry;
}

}  // namespace

Activity::Activity(const Clock& clock, const Store& store)
    : clock_(clock), store_(store) {}

absl::StatusOr<Activity::Page> Activity::List(const TenantId& tenant,
                                              const UserId& user,
                                              const ConnectionId& connection,
                                              uint64_t before,
                                              int limit) const {
  Names names{.pseudonym = "", .user = user.value};
  absl::StatusOr<std::string> pseudonym = store_.GetPseudonym(tenant, user);
  if (pseudonym.ok()) {
    names.pseudonym = *std::move(pseudonym);
  } else if (!HasReason(pseudonym.status(), "NOT_FOUND")) {
    return pseudonym.status();
  }
  AuditFilter filter;
  filter.tenant = tenant;
  filter.user = user;
  filter.connection = connection;
  filter.since = clock_.Now() - kSpan;
  if (before > 0) filter.last_sequence = before - 1;
  // One more, to know whether there are more.
  ASSIGN_OR_RETURN(std::vector<AuditEntry> rows,
                   store_.ListLastAuditEntries(filter, limit + 1));
  Page page;
  if (rows.size() > static_cast<size_t>(limit)) {
    rows.erase(rows.begin());
    page.older = rows.front().sequence;
  }
  std::reverse(rows.begin(), rows.end());
  for (const AuditEntry& row : rows) {
    page.entries.push_back(ReadEntry(row, names));
  }
  return page;
}

}  // namespace tokenvault
