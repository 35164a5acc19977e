#include "cli/demo_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/cli/fake_daemon.h"
#include "tests/cli/fake_web.h"
#include "tests/cli/run_command.h"
#include "tests/support/temp_folder.h"

namespace tokenvault {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

constexpr char kLedger[] =
    R"({"sequence":7,"personas":{"demo-slack":{"token_calls":3,"replays":1,)"
    R"("families_revoked":1,"families":{"0a1b2c3d4e5f":3}}},"entries":[)"
    R"({"sequence":7,"time":"2026-11-23T09:14:02.250Z","persona":"demo-slack",)"
    R"("event":"family_revoked","client":"tokenvault-demo","person":"ana",)"
    R"("family":"0a1b2c3d4e5f","why":"replay\u001b[2J"}]})";

class DemoProviderCommands : public testing::Test {
 protected:
  DemoProviderCommands()
      : provider_([this](const std::string& request) {
          seen_ = request;
          return HttpText(status_, "Content-Type: application/json\r\n",
                          status_ == 200 ? kLedger : "{}");
        }) {
    FakeDaemonState state;
    state.demo = true;
    state.pages_url = "http://127.0.0.1:1";
    state.provider_url = provider_.origin();
    daemon_ = std::make_unique<FakeDaemon>(folder_.path(), state);
  }

  CommandResult Run(const std::string& command) {
    return RunShell(command, folder_.path(),
                    {{"TOKENVAULT_SOCKET", daemon_->admin_socket()}});
  }

  int status_ = 200;
  std::string seen_;
  TempFolder folder_;
  std::unique_ptr<FakeDaemon> daemon_;
  FakeWeb provider_;
};

TEST_F(DemoProviderCommands, SetAFault) {
  const CommandResult result =
      Run("tokenvault demo fault demo-slack html_error --count 2");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "demo-slack: html_error strikes 2 calls\n");
  EXPECT_THAT(seen_,
              AllOf(HasSubstr("POST /faults HTTP/1.1"),
                    EndsWith("persona=demo-slack&fault=html_error&count=2")));
}

TEST_F(DemoProviderCommands, TellAProgramTheFaultThatIsSet) {
  EXPECT_EQ(
      Run("tokenvault demo fault demo-slack html_error --count 2 --format json")
          .out,
      "{\"persona\":\"demo-slack\",\"fault\":\"html_error\",\"count\":2}\n");
}

TEST_F(DemoProviderCommands, TakeAFaultAway) {
  EXPECT_EQ(Run("tokenvault demo fault demo slow --count 0").out,
            "demo: slow is over\n");
}

TEST_F(DemoProviderCommands, SayWhenTheDemoKnowsNoSuchFault) {
  status_ = 400;
  const CommandResult result = Run("tokenvault demo fault demo rain");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("the demo has no fault rain at demo"));
}

TEST_F(DemoProviderCommands, ShowTheLedgerAndItsCounters) {
  const CommandResult result =
      Run("tokenvault demo ledger --persona demo-slack");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(seen_, HasSubstr("GET /ledger?persona=demo-slack HTTP/1.1"));
  EXPECT_THAT(result.out, HasSubstr("7   09:14:02   demo-slack   family_revoked"
                                    "   ana      0a1b2c3d4e5f"));
  EXPECT_THAT(result.out, HasSubstr("PERSONA      TOKEN CALLS   FAMILIES   "
                                    "REPLAYS   REVOKED"));
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
}

TEST_F(DemoProviderCommands, HandTheLedgerToPrograms) {
  const CommandResult result = Run("tokenvault demo ledger --format json");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"families\":{\"0a1b2c3d4e5f\":3}"));
  EXPECT_EQ(result.out.find('\x1b'), std::string::npos);
}

TEST_F(DemoProviderCommands, SayWhenSomethingElseAnswers) {
  status_ = 404;
  EXPECT_THAT(Run("tokenvault demo ledger").err, HasSubstr("no demo provider"));
}

}  // namespace
}  // namespace tokenvault
