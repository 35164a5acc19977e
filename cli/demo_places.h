#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cli/session.h"

namespace tokenvault {

// Where the parts of the demo are, as the daemon says, and what one of its
// providers is called there.
struct DemoPlaces {
  std::string grpc_address;
  std::string pages_url;
  std::string provider;         // "providers/demo-slack"
  std::string provider_name;    // "Demo Slack"
  std::string provider_origin;  // "http://127.0.0.1:7490"
  std::string provider_url;     // "http://127.0.0.1:7490/demo-slack"
  std::string scope;            // one that it has: "calendar.read" if it can be
};

// `provider` is the id of one. FIELD_INVALID when the daemon is not the demo,
// RESOURCE_DENIED when it has no such provider; errors of the calls.
absl::StatusOr<DemoPlaces> FindDemo(Session& session,
                                    absl::string_view provider = "demo");

}  // namespace tokenvault
