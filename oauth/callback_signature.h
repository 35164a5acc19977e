#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "oauth/provider.h"

namespace tokenvault {

// Checks the signature of a callback's query, where the preset says in which
// parameter it comes (Provider::callback_hmac), as Shopify's `hmac` does: the
// HMAC-SHA256 in hex, under our client's secret, of all other parameters as
// name=value, sorted by name and joined by &. In those, %, & and, in names, =
// stand as %25, %26 and %3D, so that no two queries read the same.
//
// CONNECT_REFUSED with check "hmac" when it is missing or wrong. Pure; takes
// the same time whatever is wrong with it.
absl::Status CheckCallbackSignature(
    const Provider& provider,
    const std::vector<std::pair<std::string, std::string>>& query);

}  // namespace tokenvault
