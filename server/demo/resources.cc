#include "server/demo/resources.h"

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/demo/people.h"
#include "server/demo/wording.h"

namespace tokenvault {
namespace {

using nlohmann::json;

constexpr char kReading[] = "calendar.read";

json EventsOf(const DemoPerson& person, absl::Time now) {
  json events = json::array();
  absl::Time day = absl::FromCivil(absl::ToCivilDay(now, absl::UTCTimeZone()),
                                   absl::UTCTimeZone());
  for (const std::string& title : person.events) {
    events.push_back({{"title", title},
                      {"starts", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                                                  day + absl::Hours(10),
                                                  absl::UTCTimeZone())}});
    day += absl::Hours(24);
  }
  return events;
}

// Whether a token for `resource` is one for `url`: it, or something under it.
bool Covers(const std::string& resource, const std::string& url) {
  return resource.empty() || url == resource ||
         absl::StartsWith(url, absl::StrCat(resource, "/"));
}

}  // namespace

std::optional<std::string> DemoBearer(const WebRequest& request) {
  const std::string header = request.Header("authorization");
  if (!absl::StartsWithIgnoreCase(header, "Bearer ")) return std::nullopt;
  return header.substr(sizeof("Bearer ") - 1);
}

WebResponse DemoBearerError(const DemoPersona& persona, const DemoPlace& place,
                            int status, absl::string_view error) {
  // RFC 6750 §3.1: who brought nothing is told no error.
  std::string challenge = "Bearer realm=\"demo\"";
  if (!error.empty()) absl::StrAppend(&challenge, ", error=\"", error, "\"");
  const bool is_mcp = persona.metadata == DemoMetadata::kMcp;
  if (is_mcp || error == "insufficient_scope") {
    absl::StrAppend(&challenge, ", scope=\"", kReading, "\"");
  }
  if (is_mcp) {
    absl::StrAppend(&challenge, ", resource_metadata=\"",
                    place.ResourceMetadata(), "\"");
  }
  WebResponse response = DemoJson(
      status,
      {{"error", error.empty() ? "invalid_token" : std::string(error)}});
  response.headers.emplace_back("WWW-Authenticate", std::move(challenge));
  return response;
}

WebResponse DemoResource(const DemoPersona& persona, const DemoPlace& place,
                         absl::string_view path, const DemoGrants::Live& live,
                         absl::Time now) {
  const DemoPerson* person = FindDemoPerson(live.grant.person);
  if (path == kDemoAccountPath) {
    // As the account pages of most providers: any token may ask whose it is.
    return DemoJson(200, {{"sub", person->id},
                          {"name", person->name},
                          {"email", person->email},
                          {"email_verified", true}});
  }
  if (!live.scopes.Contains(kReading) ||
      !Covers(live.resource, absl::StrCat(place.Issuer(), path))) {
    return DemoBearerError(persona, place, 403, "insufficient_scope");
  }
  return DemoJson(200, EventsOf(*person, now));
}

}  // namespace tokenvault
