#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// Which addresses the vault may connect to. Provider URLs come from operators
// and, through discovery, from strangers; the guard looks at the address a name
// resolved to, right before the socket is opened, so that neither a clever
// spelling nor a name that changes its mind reaches the inside of the network.
namespace tokenvault {

// 4 or 16 bytes in network order.
struct IpAddress {
  std::string bytes;

  // Nothing for what is not an address in its usual text form.
  static absl::StatusOr<IpAddress> Parse(absl::string_view text);
  bool IsLoopback() const;
};

struct Cidr {
  IpAddress network;
  int prefix = 0;

  // "10.1.0.0/16", "fd00::/8", or one address. FIELD_INVALID, also when bits
  // behind the prefix are set: that is a slip of someone's pen.
  static absl::StatusOr<Cidr> Parse(absl::string_view text);
  // "10.1.0.0/16".
  std::string ToString() const;
  // False for the other family: an IPv4 range never covers a mapped address.
  bool Contains(const IpAddress& address) const;
};

struct EgressRules {
  // Loopback, and plain http to it. For development: anything on this machine
  // that listens becomes reachable for whoever writes a provider URL.
  bool allow_http_loopback = false;
  // Ranges to reach although they are not public, such as an identity provider
  // in the company's network. Still https only.
  std::vector<Cidr> allow;
  // A file of PEM certificates to trust instead of the system's, or "".
  std::string ca_file;
  // The longest that one request may take; one that asks for less gets less.
  absl::Duration timeout = absl::Seconds(10);
};

// True for public unicast addresses and for those the rules name. Denied are
// loopback, private, link-local, shared (CGNAT), unspecified, multicast,
// reserved and documentation ranges, cloud metadata, and every IPv6 form that
// carries an IPv4 address inside (mapped, NAT64, 6to4, Teredo).
bool MayConnect(const IpAddress& address, const EgressRules& rules);

}  // namespace tokenvault
