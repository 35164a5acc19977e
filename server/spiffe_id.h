#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// A workload's name as the SPIFFE standard writes it, taken apart:
// spiffe://trust-domain/path. There is one spelling of each, so they are
// compared byte by byte.
struct SpiffeId {
  std::string trust_domain;
  std::string path;  // starts with "/", never empty: a domain is no workload
};

// Nothing for another scheme, an upper-case domain, a port, a user, a query, a
// fragment, percent signs, empty or dotted path segments, or 2048 bytes.
std::optional<SpiffeId> ParseSpiffeId(absl::string_view text);
bool IsTrustDomain(absl::string_view text);

}  // namespace tokenvault
