#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/ids.h"
#include "vault/access_finder.h"

// What a person says yes to when they approve, in a form that has one spelling.
//
//   request_hash = SHA-256 over RFC 8785 canonical JSON with these members, all
//   of them strings but for two, each always there:
//
//   {"agent","connection","details","max_lifetime","provider","resource",
//    "scopes","tenant","user"}
//
// `scopes` is an array, sorted; `details` an array of {"fields","type"} in the
// order in which the agent gave them; `max_lifetime` whole seconds, "" for
// none. What the agent says in free text (purpose.summary) is not in it: it is
// shown, marked as the agent's own words, and binds nothing. A task_id is
// compared apart, where the reach of a yes depends on it.
//
// Kept in the database as a hash: what is in it must not change.
namespace tokenvault {

// One act that an agent declares, in the shape of RFC 9396.
struct DeclaredAct {
  std::string type;
  std::map<std::string, std::string> fields;

  friend bool operator==(const DeclaredAct&, const DeclaredAct&) = default;
};

// Canonical JSON; "" for no act at all.
std::string CanonicalDetails(const std::vector<DeclaredAct>& acts);
// The acts in what CanonicalDetails made; none in anything else.
std::vector<DeclaredAct> ParseDetails(absl::string_view details);

// The 32 bytes.
std::string ApprovalRequestHash(const AccessRequest& request,
                                const ConnectionId& connection,
                                absl::Duration max_lifetime);

}  // namespace tokenvault
