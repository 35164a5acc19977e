#include "bench/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tokenvault {
namespace {

std::string CpuModel() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (absl::StartsWith(line, "model name") && colon != std::string::npos) {
      return std::string(absl::StripAsciiWhitespace(
          absl::string_view(line).substr(colon + 1)));
    }
  }
  return "unknown";
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  machine.cpu = CpuModel();
  machine.cores = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  struct utsname system = {};
  if (uname(&system) == 0) {
    machine.kernel = absl::StrCat(system.sysname, " ", system.release);
  }
  std::ifstream file("/proc/loadavg");
  std::string one, five, fifteen;
  file >> one >> five >> fifteen;
  machine.load_average = absl::StrCat(one, " ", five, " ", fifteen);
  return machine;
}

absl::Duration BusyTime() {
  std::ifstream file("/proc/stat");
  std::string label;
  long user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft = 0;
  file >> label >> user >> nice >> system >> idle >> waiting >> irq >> soft;
  return absl::Seconds(1) * (user + nice + system + irq + soft) /
         sysconf(_SC_CLK_TCK);
}

}  // namespace tokenvault
