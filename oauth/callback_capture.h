#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "oauth/provider.h"

namespace tokenvault {

// What the preset wants to keep of a callback's query, such as QuickBooks'
// realmId, for TokenCall::hints. The browser brings it, so anybody can have
// written it: where the preset lists the values that may be (it does where one
// names a host), another one is CONNECT_REFUSED with check "callback_value",
// and so is one that is empty, longer than 256 bytes or not printable. Absent
// names are left out. Where the provider signs the query, that comes first:
// errors of CheckCallbackSignature. Pure.
absl::StatusOr<std::map<std::string, std::string>> CaptureCallback(
    const Provider& provider,
    const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace tokenvault
