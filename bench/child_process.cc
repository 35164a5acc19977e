#include "bench/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tokenvault {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string ReadLine(int fd) {
  std::string line;
  char c = 0;
  while (read(fd, &c, 1) == 1 && c != '\n') line.push_back(c);
  return line;
}

// A line of /proc/PID/status that is in KiB.
int64_t StatusBytes(pid_t pid, const std::string& name) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/status"));
  std::string word;
  int64_t kib = 0;
  while (file >> word) {
    if (word == name && file >> kib) return kib * 1024;
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    std::vector<std::string> command,
    const std::vector<std::string>& environment) {
  int ends[2];
  if (pipe(ends) != 0) return absl::UnavailableError("no pipe");
  fcntl(ends[0], F_SETFD, FD_CLOEXEC);
  command.push_back("--ready-fd");
  command.push_back(absl::StrCat(ends[1]));
  std::vector<std::string> variables = environment;
  for (char** v = environ; *v != nullptr; ++v) variables.emplace_back(*v);
  // Everything is made before the fork: threads of ours hold locks in there.
  std::vector<char*> arguments = Pointers(command);
  std::vector<char*> settings = Pointers(variables);
  const pid_t pid = fork();
  if (pid == 0) {
    execve(arguments[0], arguments.data(), settings.data());
    _exit(127);
  }
  close(ends[1]);
  std::string line = pid < 0 ? "" : ReadLine(ends[0]);
  close(ends[0]);
  nlohmann::json ready = nlohmann::json::parse(line, nullptr, false);
  if (!ready.is_object() || !ready["grpc"].is_string()) {
    if (pid > 0) {
      kill(pid, SIGTERM);
      waitpid(pid, nullptr, 0);
    }
    return absl::UnavailableError(absl::StrCat(command[0], " does not serve"));
  }
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(pid, ready["grpc"].get<std::string>()));
}

ChildProcess::ChildProcess(pid_t pid, std::string address)
    : pid_(pid), address_(std::move(address)) {}

ChildProcess::~ChildProcess() {
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

void ChildProcess::Kill() { kill(pid_, SIGKILL); }

absl::Duration ChildProcess::CpuTime() const {
  clockid_t clock;
  struct timespec time = {};
  if (clock_getcpuclockid(pid_, &clock) != 0) return absl::ZeroDuration();
  clock_gettime(clock, &time);
  return absl::DurationFromTimespec(time);
}

int64_t ChildProcess::ResidentBytes() const {
  return StatusBytes(pid_, "VmRSS:");
}

int64_t ChildProcess::PeakResidentBytes() const {
  return StatusBytes(pid_, "VmHWM:");
}

}  // namespace tokenvault
