#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "cli/session.h"

namespace tokenvault {

inline constexpr char kDemoProvider[] = "providers/demo";

// Where the parts of the demo are, as the daemon says.
struct DemoPlaces {
  std::string grpc_address;
  std::string pages_url;
  std::string provider_origin;
  std::string provider_name;  // "Demo Calendar"
};

// FIELD_INVALID when the daemon is not the demo, RESOURCE_DENIED when it has no
// demo provider; errors of the calls.
absl::StatusOr<DemoPlaces> FindDemo(Session& session);

}  // namespace tokenvault
