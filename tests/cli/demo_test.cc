#include "cli/demo.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "tests/cli/fake_daemon.h"
#include "tests/cli/fake_web.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

using testing::HasSubstr;

// A demo in three strokes: two pages that lead to consent, and a calendar whose
// tokens end when `revoked` says so.
class DemoRun : public testing::Test {
 protected:
  DemoRun()
      : provider_([this](const std::string& request) {
          if (request.rfind("GET /calendar/events ", 0) != 0) {
            return HttpText(404, "", "");
          }
          // The first call finds the token good, as the second should not.
          return ++calls_ == 1 || !ends_tokens_
                     ? HttpText(200, "", "[{\"title\":\"Offsite planning\"}]")
                     : HttpText(401, "", "");
        }),
        pages_([this](const std::string& request) {
          if (request.rfind("GET /c/7Q4M ", 0) == 0) {
            return HttpText(200, "",
                            "<h1>Connect Demo Calendar?</h1><form method=post "
                            "action=/decide><button name=decision "
                            "value=allow>Continue to Demo</button></form>");
          }
          if (request.rfind("POST /decide ", 0) == 0) {
            if (completes_) daemon_->CompleteInteraction();
            return HttpText(303, "Location: /done\r\n", "");
          }
          return HttpText(200, "", "<h1>Done.</h1>");
        }) {
    FakeDaemonState state;
    state.demo = true;
    state.pages_url = pages_.origin();
    state.provider_url = provider_.origin();
    daemon_ = std::make_unique<FakeDaemon>(folder_.path(), state);
  }

  CommandResult Run(const std::string& command) {
    return RunShell(command, folder_.path(),
                    {{"TOKENVAULT_SOCKET", daemon_->admin_socket()}});
  }

  bool completes_ = true;
  bool ends_tokens_ = true;
  int calls_ = 0;
  TempFolder folder_;
  std::unique_ptr<FakeDaemon> daemon_;
  FakeWeb provider_;
  FakeWeb pages_;
};

TEST_F(DemoRun, WalksFromTheLinkToThe401) {
  const CommandResult result = Run("tokenvault demo run");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_THAT(result.out,
              HasSubstr("Connect Demo Calendar?   → Continue to Demo"));
  EXPECT_THAT(result.out,
              HasSubstr("200   [{\"title\":\"Offsite planning\"}]"));
  EXPECT_THAT(result.out, HasSubstr("/calendar/events   401"));
  EXPECT_EQ(result.out.find("ya29"), std::string::npos);
}

TEST_F(DemoRun, TellsAProgramEachStep) {
  const CommandResult json = Run("tokenvault demo run --format json");
  EXPECT_EQ(json.exit_code, 0) << json.out << json.err;
  const std::vector<std::string> lines =
      absl::StrSplit(json.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 6U) << json.out;
  EXPECT_THAT(lines[0], HasSubstr("{\"step\":1,\"sentence\":\"The agent asks"));
  EXPECT_THAT(lines[5], HasSubstr("/calendar/events   401"));
}

TEST_F(DemoRun, TellsAProgramTheStepThatFailed) {
  ends_tokens_ = false;
  const CommandResult yaml = Run("tokenvault demo run --format yaml");
  EXPECT_EQ(yaml.exit_code, 6);
  EXPECT_THAT(yaml.out, HasSubstr("---\nstep: 6\n"));
  EXPECT_THAT(yaml.out, HasSubstr("/calendar/events   200"));
}

TEST_F(DemoRun, FailsWhenTheTokenOutlivesItsRevocation) {
  ends_tokens_ = false;
  const CommandResult result = Run("tokenvault demo run");
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.err, HasSubstr("answered 200 instead of 401"));
}

TEST_F(DemoRun, FailsWhenThePagesLeadNowhere) {
  completes_ = false;
  const CommandResult result = Run("tokenvault demo run");
  EXPECT_EQ(result.exit_code, 6);
  EXPECT_THAT(result.err, HasSubstr("did not lead to the end"));
}

TEST_F(DemoRun, ShowsHowToDoItByHand) {
  const CommandResult result = Run("tokenvault demo open --as ben");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr(pages_.origin() + "/tokenvault.v1."));
  EXPECT_THAT(result.out, HasSubstr("--user ben"));
}

TEST_F(DemoRun, HasAFreshLinkToOpen) {
  const CommandResult result = Run("tokenvault demo open --as ben");
  EXPECT_THAT(result.out, HasSubstr(pages_.origin() + "/c/7Q4M\n"));
  EXPECT_THAT(result.out, HasSubstr("good for 1 h"));
  EXPECT_THAT(result.out, HasSubstr(pages_.origin() + "/me\n"));
}

TEST_F(DemoRun, SendsWhoHasConnectedToTheirOwnPage) {
  daemon_->CompleteInteraction();
  const CommandResult result = Run("tokenvault demo open");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("ana has connected"));
  EXPECT_THAT(result.out, HasSubstr(pages_.origin() + "/me\n"));
  EXPECT_EQ(result.out.find("/c/"), std::string::npos);
}

TEST_F(DemoRun, GoesToTheProviderItIsTold) {
  const CommandResult result =
      Run("tokenvault demo open --provider demo-slack");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("--provider demo-slack "));
  EXPECT_THAT(result.out, HasSubstr("\"providers/demo-slack\""));
  EXPECT_THAT(result.out, HasSubstr("--scopes channels.read "));
  EXPECT_THAT(result.out,
              HasSubstr(provider_.origin() + "/demo-slack/calendar/events"));
}

TEST_F(DemoRun, KnowsOnlyProvidersOfTheDemo) {
  const CommandResult result =
      Run("tokenvault demo run --provider demo-nobody");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.out, "");
}

}  // namespace
}  // namespace tokenvault
