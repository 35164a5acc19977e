#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "oauth/provider.h"
#include "vault/provider_access.h"

namespace tokenvault {

// One thing that was looked at, as in the API's TestProviderResponse.
struct ProviderCheck {
  std::string id;  // "discovery", "clock", "redirect_uri", "client_secret"
  bool ok = false;
  bool skipped = false;  // `ok` says nothing then
  std::string detail;    // what was found
  std::string fix;       // what to do, when not ok
};

// Looks at everything about a provider that can be seen without a person. Asks
// for its metadata, where it has such; GETs the token endpoint, for its
// certificate and its clock; refreshes with a made-up token ("invalid_grant" is
// good news: the provider knows our client); and opens the authorize endpoint
// once for each of `redirect_uris`, which are one a line. Blocks.
std::vector<ProviderCheck> TestProvider(ProviderAccess& access,
                                        const Provider& provider,
                                        const std::string& redirect_uris,
                                        bool dev_mode, absl::Time now);

}  // namespace tokenvault
