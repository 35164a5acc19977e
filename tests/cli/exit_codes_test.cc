#include "cli/exit_codes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "absl/strings/str_format.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

using testing::HasSubstr;

// The reasons that base/errors.cc can make.
std::set<std::string> AllReasons() {
  std::ifstream file(TOKENVAULT_SOURCE_DIR "/base/errors.cc");
  const std::string text((std::istreambuf_iterator<char>(file)),
                         std::istreambuf_iterator<char>());
  const std::regex made("StatusCode::k[A-Za-z]+,\\s*\"([A-Z_]+)\"");
  std::set<std::string> reasons;
  for (std::sregex_iterator it(text.begin(), text.end(), made), end; it != end;
       ++it) {
    reasons.insert((*it)[1]);
  }
  return reasons;
}

TEST(ExitCodes, KnowEveryReason) {
  const std::set<std::string> reasons = AllReasons();
  ASSERT_GT(reasons.size(), 35u);
  for (const std::string& reason : reasons) {
    const auto& without = ReasonsWithoutHint();
    const bool deliberately =
        std::count(without.begin(), without.end(), reason) > 0;
    EXPECT_NE(HintOf(reason).empty(), !deliberately) << reason;
  }
  for (const std::string& reason : ReasonsWithoutHint()) {
    EXPECT_EQ(reasons.count(reason), 1u) << reason;
  }
}

TEST(ExitCodes, HintsSpeakAsTheToolSpeaks) {
  for (const std::string& reason : AllReasons()) {
    const std::string hint = HintOf(reason);
    if (hint.empty()) continue;
    EXPECT_FALSE(std::isupper(static_cast<unsigned char>(hint.front())))
        << reason;
    EXPECT_NE(hint.back(), '.') << reason;
  }
}

TEST(ExitCodes, FollowFromTheReason) {
  using errors::PolicyDenied;
  const auto code = [](const absl::Status& status) {
    return ExitCodeOf(status, FaultOrigin::kServer);
  };
  EXPECT_EQ(code(absl::OkStatus()), 0);
  EXPECT_EQ(code(errors::ConfigInvalid("a:1:1", "b")), 1);
  EXPECT_EQ(code(errors::ServerUnreachable("unix:/x")), 2);
  EXPECT_EQ(code(errors::FieldInvalid("a", "b")), 2);
  EXPECT_EQ(code(errors::ProviderUnreachable("google", "dns", false)), 2);
  EXPECT_EQ(code(PolicyDenied("r")), 4);
  EXPECT_EQ(code(errors::ResourceDenied("agents/x")), 4);
  EXPECT_EQ(code(errors::AgentCredentialInvalid("missing")), 4);
  EXPECT_EQ(code(errors::InteractionDenied("interactions/x")), 4);
  EXPECT_EQ(code(errors::VaultSealed()), 5);
  EXPECT_EQ(code(errors::StorageNotInitialized()), 5);
  EXPECT_EQ(code(absl::CancelledError("x")), 130);
}

TEST(ExitCodes, CallFaultsOfOurOwnLocal) {
  EXPECT_EQ(ExitCodeOf(errors::StorageBusy(), FaultOrigin::kHere), 1);
  EXPECT_EQ(ExitCodeOf(errors::StorageBusy(), FaultOrigin::kServer), 2);
}

TEST(ExitCodes, AreAllInTheHelp) {
  for (ExitCode code :
       {kExitDone, kExitLocalMistake, kExitServerSaidNo, kExitPersonMustAct,
        kExitNotPermitted, kExitSealed, kExitCheckFailed, kExitInterrupted}) {
    EXPECT_THAT(ExitCodeHelp(),
                HasSubstr(absl::StrFormat("\n  %3d   ", int{code})));
  }
}

}  // namespace
}  // namespace tokenvault
