#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace tokenvault {

// A name that cannot be passed where another kind of name is wanted: an AgentId
// for a ConnectionId does not compile. Compared byte by byte; whoever reads a
// name from outside makes it canonical first.
template <typename Tag>
struct Id {
  std::string value;

  Id() = default;
  explicit Id(std::string v) : value(std::move(v)) {}

  bool empty() const { return value.empty(); }
  friend bool operator==(const Id& a, const Id& b) = default;
  friend auto operator<=>(const Id& a, const Id& b) = default;

  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.value);
  }
};

using TenantId = Id<struct TenantTag>;      // configured: "default"
using AgentId = Id<struct AgentTag>;        // configured: "calendar-bot"
using ProviderId = Id<struct ProviderTag>;  // configured: "google"

// A person: a keyed hash of issuer and subject, so it is safe in names and logs
// and says nothing to who lacks the key. Made by vault/key_keeper.
using UserId = Id<struct UserTag>;  // "u-4k3v…"

using ConnectionId = Id<struct ConnectionTag>;    // ULID, lower case
using InteractionId = Id<struct InteractionTag>;  // ULID, lower case

}  // namespace tokenvault
