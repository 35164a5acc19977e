#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "oauth/provider.h"

namespace tokenvault {

inline constexpr char kClientAssertionType[] =
    "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// RFC 7523 §2.2: how our client proves itself by its private key. Good for a
// minute from `now`, and issued five seconds ago, since clocks differ; with an
// id of its own, so that a server can refuse to see it twice. `audience` is
// `issuer` where the provider has one, else the URL that is asked.
// PROVIDER_MISCONFIGURED ("client_key") without a key; INTERNAL without a time.
absl::StatusOr<std::string> MakeClientAssertion(const Provider& provider,
                                                absl::string_view url,
                                                absl::Time now);

}  // namespace tokenvault
