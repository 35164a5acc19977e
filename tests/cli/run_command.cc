#include "tests/cli/run_command.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace tokenvault {
namespace {

// Arrays for exec, and what they point to.
struct ArgumentList {
  explicit ArgumentList(std::vector<std::string> list)
      : texts(std::move(list)) {
    for (std::string& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
  }
  std::vector<std::string> texts;
  std::vector<char*> pointers;
};

ArgumentList EnvironmentOf(const std::map<std::string, std::string>& env) {
  std::vector<std::string> list;
  const std::string folder =
      std::filesystem::path(TOKENVAULT_BINARY).parent_path();
  list.push_back("PATH=" + folder + ":/usr/bin:/bin");
  for (const auto& [name, value] : env) list.push_back(name + "=" + value);
  return ArgumentList(std::move(list));
}

// Reads both until both are closed.
void ReadBoth(int out, int err, CommandResult& result) {
  pollfd streams[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[2] = {&result.out, &result.err};
  int open_streams = 2;
  while (open_streams > 0 && poll(streams, 2, -1) > 0) {
    for (int i = 0; i < 2; ++i) {
      if (streams[i].revents == 0) continue;
      char block[4096];
      const ssize_t got = read(streams[i].fd, block, sizeof(block));
      if (got > 0) {
        texts[i]->append(block, static_cast<size_t>(got));
      } else {
        streams[i].fd = -1;
        --open_streams;
      }
    }
  }
}

int WaitFor(pid_t pid) {
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CommandResult RunShell(const std::string& line, const std::string& folder,
                       const std::map<std::string, std::string>& env) {
  CommandResult result;
  int out[2];
  int err[2];
  if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return result;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  ArgumentList arguments({"/bin/sh", "-c", "cd '" + folder + "' && " + line});
  ArgumentList environment = EnvironmentOf(env);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, "/bin/sh", &actions, nullptr, arguments.pointers.data(),
                  environment.pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  if (failed == 0) {
    ReadBoth(out[0], err[0], result);
    result.exit_code = WaitFor(pid);
  }
  close(out[0]);
  close(err[0]);
  return result;
}

CommandResult RunOnTerminal(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& env,
    const std::function<std::string(const std::string& text, int pid)>&
        on_text) {
  CommandResult result;
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) {
    return result;
  }
  const std::string name = ptsname(terminal);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, name.c_str(), O_RDWR | O_NOCTTY,
                                   0);
  posix_spawn_file_actions_adddup2(&actions, 0, 1);
  posix_spawn_file_actions_adddup2(&actions, 0, 2);
  std::vector<std::string> all = {"tokenvault"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  ArgumentList argument_list(std::move(all));
  ArgumentList environment = EnvironmentOf(env);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, TOKENVAULT_BINARY, &actions, nullptr,
                  argument_list.pointers.data(), environment.pointers.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed == 0) {
    char block[4096];
    ssize_t got = 0;
    // Reading fails once the last of its users closed the terminal.
    while ((got = read(terminal, block, sizeof(block))) > 0) {
      result.out.append(block, static_cast<size_t>(got));
      const std::string typed = on_text(result.out, pid);
      if (!typed.empty() && write(terminal, typed.data(), typed.size()) < 0) {
        break;
      }
    }
    result.exit_code = WaitFor(pid);
  }
  close(terminal);
  return result;
}

}  // namespace tokenvault
