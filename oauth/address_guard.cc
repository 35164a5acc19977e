#include "oauth/address_guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

// IANA's special-purpose registry, and 168.63.129.16, a public address at which
// one cloud answers its own machines.
constexpr const char* kDeniedV4[] = {
    "0.0.0.0/8",       "10.0.0.0/8",     "100.64.0.0/10",  "127.0.0.0/8",
    "168.63.129.16",   "169.254.0.0/16", "172.16.0.0/12",  "192.0.0.0/24",
    "192.0.2.0/24",    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
    "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",
};

// Of 2000::/3, the only global unicast range; all outside it is denied, and so
// the mapped (::ffff:0:0/96) and NAT64 (64:ff9b::/96) forms are.
constexpr const char* kDeniedV6[] = {
    "2001::/23",      // protocol assignments, Teredo among them
    "2001:db8::/32",  // documentation
    "2002::/16",      // 6to4
    "3fff::/20",      // documentation
};

template <size_t N>
std::vector<Cidr> ParseAll(const char* const (&texts)[N]) {
  std::vector<Cidr> ranges;
  // Constants of ours: every one parses, and a test walks them.
  for (const char* text : texts) ranges.push_back(*Cidr::Parse(text));
  return ranges;
}

bool AnyContains(const std::vector<Cidr>& ranges, const IpAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Cidr& range) {
    return range.Contains(address);
  });
}

bool IsPublic(const IpAddress& address) {
  static const auto* const kV4 = new std::vector<Cidr>(ParseAll(kDeniedV4));
  static const auto* const kV6 = new std::vector<Cidr>(ParseAll(kDeniedV6));
  if (address.bytes.size() == 4) return !AnyContains(*kV4, address);
  bool global = (static_cast<uint8_t>(address.bytes[0]) & 0xe0) == 0x20;
  return global && !AnyContains(*kV6, address);
}

}  // namespace

absl::StatusOr<IpAddress> IpAddress::Parse(absl::string_view text) {
  std::string copy(text);
  IpAddress address;
  if (copy.find(':') == std::string::npos) {
    address.bytes.resize(4);
    if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1 &&
        copy.find('\0') == std::string::npos) {
      return address;
    }
  } else {
    address.bytes.resize(16);
    if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1 &&
        copy.find('\0') == std::string::npos) {
      return address;
    }
  }
  return errors::FieldInvalid("address", "is not an IP address");
}

bool IpAddress::IsLoopback() const {
  if (bytes.size() == 4) return bytes[0] == 127;
  return bytes == std::string(15, '\0') + '\x01';
}

absl::StatusOr<Cidr> Cidr::Parse(absl::string_view text) {
  size_t slash = text.find('/');
  Cidr range;
  ASSIGN_OR_RETURN(range.network, IpAddress::Parse(text.substr(0, slash)));
  const int bits = static_cast<int>(range.network.bytes.size()) * 8;
  range.prefix = bits;
  if (slash != absl::string_view::npos &&
      (!absl::SimpleAtoi(text.substr(slash + 1), &range.prefix) ||
       range.prefix < 0 || range.prefix > bits)) {
    return errors::FieldInvalid("address", "has no prefix length of its kind");
  }
  for (int bit = range.prefix; bit < bits; ++bit) {
    if ((range.network.bytes[bit / 8] >> (7 - bit % 8)) & 1) {
      return errors::FieldInvalid("address",
                                  "has bits set behind its prefix length");
    }
  }
  return range;
}

std::string Cidr::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(network.bytes.size() == 4 ? AF_INET : AF_INET6,
            network.bytes.data(), text, sizeof text);
  return absl::StrCat(text, "/", prefix);
}

bool Cidr::Contains(const IpAddress& address) const {
  if (address.bytes.size() != network.bytes.size()) return false;
  for (int bit = 0; bit < prefix; ++bit) {
    const int difference = address.bytes[bit / 8] ^ network.bytes[bit / 8];
    if ((difference >> (7 - bit % 8)) & 1) return false;
  }
  return true;
}

bool MayConnect(const IpAddress& address, const EgressRules& rules) {
  if (address.bytes.size() != 4 && address.bytes.size() != 16) return false;
  if (AnyContains(rules.allow, address)) return true;
  if (address.IsLoopback()) return rules.allow_http_loopback;
  return IsPublic(address);
}

}  // namespace tokenvault
