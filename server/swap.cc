#include "server/swap.h"

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "base/errors.h"
#include "base/log.h"

namespace tokenvault {
namespace {

// A line of titles, then one for each device or file.
bool SystemHasSwap(const std::string& root) {
  std::ifstream swaps(absl::StrCat(root, "/proc/swaps"));
  std::string line;
  return std::getline(swaps, line) && std::getline(swaps, line) &&
         !line.empty();
}

// MemorySwapMax=0 of a systemd unit ends up here: "0::/system.slice/…" names
// the group, and its file says how much it may swap.
bool GroupMaySwap(const std::string& root) {
  std::ifstream groups(absl::StrCat(root, "/proc/self/cgroup"));
  for (std::string line; std::getline(groups, line);) {
    if (!absl::StartsWith(line, "0::/")) continue;
    std::ifstream limit(absl::StrCat(root, "/sys/fs/cgroup", line.substr(3),
                                     "/memory.swap.max"));
    std::string most;
    return !std::getline(limit, most) || most != "0";
  }
  return true;
}

}  // namespace

bool MayBeSwapped(const std::string& root) {
  return SystemHasSwap(root) && GroupMaySwap(root);
}

absl::Status CheckSwap(bool allowed, const std::string& root) {
  if (!MayBeSwapped(root)) return absl::OkStatus();
  if (!allowed) {
    return errors::ConfigInvalid(
        "server.allow_swap",
        "this system has swap, which access tokens could be written to: "
        "switch it off, or set MemorySwapMax=0 in the unit; where the swap is "
        "encrypted, write allow_swap = true or start with --allow-swap");
  }
  Log(LogLevel::kWarning, "swap.on",
      "access tokens may be written to this system's swap");
  return absl::OkStatus();
}

}  // namespace tokenvault
