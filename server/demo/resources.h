#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/demo/grants.h"
#include "server/demo/persona.h"
#include "server/http_types.h"

// The API of the demo provider: a calendar, and whose it is. Pure.
namespace tokenvault {

inline constexpr char kDemoEventsPath[] = "/calendar/events";
inline constexpr char kDemoAccountPath[] = "/userinfo";

// What a persona's URLs begin with.
struct DemoPlace {
  std::string origin;  // "http://127.0.0.1:7490"
  std::string prefix;  // "/demo-mcp", or ""

  std::string Issuer() const { return origin + prefix; }
  // What `resource` (RFC 8707) says of the calendar.
  std::string Resource() const { return Issuer() + "/calendar"; }
  // RFC 9728 §3.1: the well-known part stands before the path.
  std::string ResourceMetadata() const {
    return origin + "/.well-known/oauth-protected-resource" + prefix +
           "/calendar";
  }
};

// The token of "Authorization: Bearer …", or nothing.
std::optional<std::string> DemoBearer(const WebRequest& request);

// RFC 6750 §3. `error` is "" for who brought no token.
WebResponse DemoBearerError(const DemoPersona& persona, const DemoPlace& place,
                            int status, absl::string_view error);

// GET of `path`, by a token that is good; whether it is good for this, too, is
// decided here.
WebResponse DemoResource(const DemoPersona& persona, const DemoPlace& place,
                         absl::string_view path, const DemoGrants::Live& live,
                         absl::Time now);

}  // namespace tokenvault
