#include "bench/granted_leaves.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "storage/open_store.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

constexpr int kLeavesAtOnce = 5000;

}  // namespace

absl::StatusOr<absl::flat_hash_map<std::string, GrantedLeaf>> ReadGrantedLeaves(
    const std::string& database) {
  ASSIGN_OR_RETURN(std::unique_ptr<Store> store,
                   OpenStore({database, /*create=*/false}));
  absl::flat_hash_map<std::string, GrantedLeaf> leaves;
  AuditFilter filter;
  filter.tenant = TenantId("default");
  filter.kind = audit_kind::kTokenGranted;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<AuditEntry> entries,
                     store->ListAuditEntries(filter, kLeavesAtOnce));
    for (const AuditEntry& entry : entries) {
      const nlohmann::json leaf =
          nlohmann::json::parse(entry.leaf, nullptr, false);
      if (!leaf.is_object()) return absl::DataLossError("a leaf is no JSON");
      const std::string request = leaf.value("request_id", "");
      const GrantedLeaf granted{entry.sequence, leaf.value("token_id", "")};
      if (!request.empty() && !leaves.emplace(request, granted).second) {
        return absl::DataLossError("one request has two leaves");
      }
    }
    if (entries.empty()) return leaves;
    filter.after_sequence = entries.back().sequence;
  }
}

std::string RequestIdOf(int life, int64_t number) {
  return absl::StrFormat("%08x-0000-4000-8000-%012x", life, number);
}

}  // namespace tokenvault
