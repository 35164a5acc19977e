#include "vault/directory.h"

#include <algorithm>
#include <utility>

namespace tokenvault {
namespace {

template <typename Map, typename Key>
auto FindIn(const Map& map, const Key& key) -> const
    typename Map::mapped_type* {
  auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

}  // namespace

absl::string_view Operators::WhyNot(const TenantId& of,
                                    const std::vector<std::string>& in) const {
  if (of != tenant) return "tenant";
  const bool is_one =
      std::any_of(in.begin(), in.end(), [this](const std::string& group) {
        return std::find(groups.begin(), groups.end(), group) != groups.end();
      });
  return is_one ? "" : "groups";
}

const Tenant* Directory::FindTenant(const TenantId& id) const {
  return FindIn(tenants, id);
}

const Agent* Directory::FindAgent(const AgentId& id) const {
  return FindIn(agents, id);
}

const Agent* Directory::FindAgentBySpiffeId(
    const std::string& spiffe_id) const {
  for (const auto& [id, agent] : agents) {
    if (!spiffe_id.empty() && agent.spiffe_id == spiffe_id) return &agent;
  }
  return nullptr;
}

const Agent* Directory::FindAgentByJwt(const std::string& issuer,
                                       const std::string& subject) const {
  for (const auto& [id, agent] : agents) {
    if (!subject.empty() && agent.jwt_issuer == issuer &&
        agent.jwt_subject == subject) {
      return &agent;
    }
  }
  return nullptr;
}

const Provider* Directory::FindProvider(const ProviderId& id) const {
  return FindIn(providers, id);
}

DirectoryHolder::DirectoryHolder(std::shared_ptr<const Directory> first)
    : current_(std::move(first)) {}

std::shared_ptr<const Directory> DirectoryHolder::Get() const {
  MutexLock lock(mutex_);
  return current_;
}

void DirectoryHolder::Swap(std::shared_ptr<const Directory> next) {
  MutexLock lock(mutex_);
  current_ = std::move(next);
}

}  // namespace tokenvault
