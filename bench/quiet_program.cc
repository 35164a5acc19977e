#include "bench/quiet_program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"

namespace tokenvault {
namespace {

std::vector<char*> WordPointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

absl::Duration CpuTimeOf(pid_t pid) {
  clockid_t clock;
  struct timespec time = {};
  if (clock_getcpuclockid(pid, &clock) != 0) return absl::ZeroDuration();
  clock_gettime(clock, &time);
  return absl::DurationFromTimespec(time);
}

}  // namespace

absl::StatusOr<std::unique_ptr<QuietProgram>> QuietProgram::Start(
    std::vector<std::string> command, std::vector<std::string> environment) {
  for (char** v = environ; *v != nullptr; ++v) environment.emplace_back(*v);
  std::vector<char*> arguments = WordPointers(command);
  std::vector<char*> settings = WordPointers(environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  pid_t pid = 0;
  const int error = posix_spawn(&pid, arguments[0], &actions, nullptr,
                                arguments.data(), settings.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat(command[0], " cannot be started"));
  }
  return std::unique_ptr<QuietProgram>(new QuietProgram(pid));
}

QuietProgram::~QuietProgram() {
  if (ended_) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

absl::StatusOr<int> QuietProgram::Wait() {
  int status = 0;
  ended_ = waitpid(pid_, &status, 0) == pid_;
  if (!ended_ || !WIFEXITED(status)) {
    return absl::UnavailableError("a program ended in no order");
  }
  return WEXITSTATUS(status);
}

absl::Duration QuietProgram::CpuTime() const {
  absl::Duration sum = CpuTimeOf(pid_);
  std::ifstream children(
      absl::StrCat("/proc/", pid_, "/task/", pid_, "/children"));
  for (pid_t child = 0; children >> child;) sum += CpuTimeOf(child);
  return sum;
}

absl::StatusOr<int> RunToEnd(std::vector<std::string> command,
                             std::vector<std::string> environment) {
  ASSIGN_OR_RETURN(
      std::unique_ptr<QuietProgram> program,
      QuietProgram::Start(std::move(command), std::move(environment)));
  return program->Wait();
}

}  // namespace tokenvault
