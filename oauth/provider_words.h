#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "oauth/provider.h"

// Facts about a provider in the words of its TOML, for people and the API.
namespace tokenvault {

absl::string_view TierName(Tier tier);                    // "p0"
absl::string_view NarrowingName(Narrowing narrowing);     // "refresh_scope"
absl::string_view RotationName(Rotation rotation);        // "single_use"
absl::string_view RevocationName(RevocationStyle style);  // "rfc7009"
absl::string_view ExpirySourceName(ExpirySource source);  // "response"

// When all of the facts were checked: the oldest date; "" when any was not.
std::string VerifiedOn(const std::vector<ProviderFact>& facts);

}  // namespace tokenvault
