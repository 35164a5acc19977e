#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace tokenvault {

// What a configuration says about where to listen: "unix:/absolute/path",
// "127.0.0.1:8443" or "[::1]:8443". Addresses, not names: a name could resolve
// to anything.
struct ListenerAddress {
  std::string unix_path;  // "" for TCP
  std::string host;
  int port = 0;           // 0 lets the system choose
  bool loopback = false;  // a Unix socket is not

  bool is_unix() const { return !unix_path.empty(); }
  // Nobody from another machine can connect.
  bool is_local() const { return is_unix() || loopback; }
};

std::optional<ListenerAddress> ParseListenerAddress(absl::string_view text);

}  // namespace tokenvault
