#include "bench/memory_use.h"

#include <fstream>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace tokenvault {

absl::StatusOr<double> ResidentBytes(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  for (std::string line; std::getline(file, line);) {
    absl::string_view rest = line;
    int64_t kilobytes = 0;
    if (absl::ConsumePrefix(&rest, "VmRSS:") &&
        absl::ConsumeSuffix(&rest, " kB") &&
        absl::SimpleAtoi(rest, &kilobytes)) {
      return static_cast<double>(kilobytes) * 1024;
    }
  }
  return absl::UnavailableError("the memory of the daemon cannot be read");
}

}  // namespace tokenvault
