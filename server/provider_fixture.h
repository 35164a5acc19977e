#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "oauth/http_client.h"
#include "oauth/provider.h"
#include "oauth/redacted_answer.h"

namespace tokenvault {

// One request and its answer, as in the API's CapturedExchange.
struct CapturedExchange {
  std::string id;      // "discovery", "refresh", "code", "revocation"
  std::string method;  // "" where nothing was asked
  std::string url;
  int status = 0;  // 0 where no answer came
  RedactedAnswer answer;
  std::string problem;  // why there is no answer
};

// What a provider's endpoints say to requests that no provider can grant: its
// metadata, where it has such, a refresh and a code that are made up, and the
// revocation of a made-up token. They are the requests that the vault would
// make, with our client's credentials; what is kept of the answers is redacted
// (oauth/redacted_answer.h), and of the requests only where they went. Blocks.
std::vector<CapturedExchange> CaptureFixture(HttpClient& http,
                                             const Clock& clock,
                                             const Provider& provider,
                                             const std::string& redirect_uri,
                                             bool dev_mode);

}  // namespace tokenvault
