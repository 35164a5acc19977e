#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/cli/fake_daemon.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

// The real binary on a terminal: prompts, bars, Ctrl-C.
namespace tokenvault {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kName[] = "users/u-4k3v/connections/01jd9";

class OnTerminal : public testing::Test {
 protected:
  std::map<std::string, std::string> Env() const {
    return {{"TOKENVAULT_SOCKET", folder_.path() + "/admin.sock"},
            {"TERM", "xterm"}};
  }

  // Types `answer` once, as soon as `prompt` is there.
  CommandResult RunAndAnswer(const std::vector<std::string>& arguments,
                             const std::string& prompt,
                             const std::string& answer) {
    bool typed = false;
    return RunOnTerminal(arguments, Env(), [&](const std::string& text, int) {
      if (typed || text.find(prompt) == std::string::npos) {
        return std::string();
      }
      typed = true;
      return answer;
    });
  }

  TempFolder folder_;
};

TEST_F(OnTerminal, RevokesOnceTheIdIsTyped) {
  FakeDaemon daemon(folder_.path(), {});
  const CommandResult result =
      RunAndAnswer({"connection", "revoke", kName}, "go on: ", "01jd9\n");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("ana@example.com to google for 1 agent"));
  EXPECT_THAT(result.out, HasSubstr("Revoked here and at the provider."));
}

TEST_F(OnTerminal, RevokesNothingWhenSomethingElseIsTyped) {
  FakeDaemon daemon(folder_.path(), {});
  const CommandResult result =
      RunAndAnswer({"connection", "revoke", kName}, "go on: ", "yes\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("nothing was revoked"));
  EXPECT_THAT(result.out, Not(HasSubstr("Revoked here")));
}

TEST_F(OnTerminal, EndsAPromptOnCtrlC) {
  FakeDaemon daemon(folder_.path(), {});
  const CommandResult result =
      RunOnTerminal({"connection", "revoke", kName}, Env(),
                    [](const std::string& text, int pid) {
                      if (text.find("go on: ") != std::string::npos)
                        kill(pid, SIGINT);
                      return std::string();
                    });
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.out, Not(HasSubstr("Revoked here")));
}

TEST_F(OnTerminal, ShowsABarWhileItRotates) {
  FakeDaemon daemon(folder_.path(), {});
  const CommandResult result =
      RunOnTerminal({"key", "rotate"}, Env(),
                    [](const std::string&, int) { return std::string(); });
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("█"));
  EXPECT_THAT(result.out, HasSubstr("602/1 204"));
  EXPECT_THAT(result.out,
              HasSubstr("generation 4 wraps nothing any more and is retired"));
}

TEST_F(OnTerminal, LeavesARotationThatCanGoOnAfterCtrlC) {
  FakeDaemonState state;
  state.rotation_hangs = true;
  FakeDaemon daemon(folder_.path(), state);
  bool interrupted = false;
  const CommandResult result = RunOnTerminal(
      {"key", "rotate"}, Env(), [&](const std::string& text, int pid) {
        if (!interrupted && text.find("0/1 204") != std::string::npos) {
          interrupted = true;
          kill(pid, SIGINT);
        }
        return std::string();
      });
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_TRUE(daemon.operation_cancelled());
  EXPECT_THAT(result.out, HasSubstr("run 'tokenvault key rotate' again"));
}

TEST_F(OnTerminal, DestroysAKeyOnlyByItsWords) {
  FakeDaemon daemon(folder_.path(), {});
  const auto typing = [](const std::string& words) {
    return [words, typed = false](const std::string& text, int) mutable {
      if (typed || text.find("to go on: ") == std::string::npos) {
        return std::string();
      }
      typed = true;
      return words + "\n";
    };
  };
  CommandResult result =
      RunOnTerminal({"key", "destroy", "4"}, Env(), typing("destroy 5"));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.out, HasSubstr("nothing was destroyed"));
  result = RunOnTerminal({"key", "destroy", "4"}, Env(), typing("destroy 4"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("Master key 4 is destroyed"));
}

TEST_F(OnTerminal, FollowsTheLogUntilCtrlC) {
  FakeDaemon daemon(folder_.path(), {});
  const CommandResult result =
      RunOnTerminal({"audit", "tail", "--follow"}, Env(),
                    [](const std::string& text, int pid) {
                      if (text.find("POLICY_DENIED") != std::string::npos)
                        kill(pid, SIGINT);
                      return std::string();
                    });
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.out, HasSubstr("token.granted"));
}

TEST_F(OnTerminal, ColoursUnlessToldNotTo) {
  FakeDaemon daemon(folder_.path(), {});
  const auto listen = [](const std::string&, int) { return std::string(); };
  EXPECT_THAT(RunOnTerminal({"status"}, Env(), listen).out,
              HasSubstr("\x1b[32mready"));
  auto plain = Env();
  plain["NO_COLOR"] = "1";
  EXPECT_THAT(RunOnTerminal({"status"}, plain, listen).out,
              Not(HasSubstr("\x1b[32m")));
}

}  // namespace
}  // namespace tokenvault
