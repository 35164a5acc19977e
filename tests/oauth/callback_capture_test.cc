#include "oauth/callback_capture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

Provider Capturing() {
  Provider provider;
  provider.callback_capture = {"realmId", "accounts-server"};
  provider.callback_allow["accounts-server"] = {"https://accounts.zoho.eu"};
  return provider;
}

std::string Check(const std::string& name, const std::string& value) {
  absl::Status status = CaptureCallback(Capturing(), {{name, value}}).status();
  return MetadataOf(status, "check");
}

TEST(CallbackCaptureTest, KeepsWhatThePresetNames) {
  auto captured = CaptureCallback(
      Capturing(), {{"code", "secret"},
                    {"realmId", "9130350"},
                    {"accounts-server", "https://accounts.zoho.eu"}});
  ASSERT_TRUE(captured.ok()) << captured.status();
  EXPECT_THAT(*captured,
              ElementsAre(Pair("accounts-server", "https://accounts.zoho.eu"),
                          Pair("realmId", "9130350")));
}

TEST(CallbackCaptureTest, DoesWithoutWhatIsNotThere) {
  EXPECT_THAT(*CaptureCallback(Capturing(), {{"code", "x"}}), IsEmpty());
}

TEST(CallbackCaptureTest, TakesOnlyListedValuesWhereThereIsAList) {
  EXPECT_EQ(Check("accounts-server", "https://evil.example"), "callback_value");
  EXPECT_EQ(Check("accounts-server", ""), "callback_value");
}

TEST(CallbackCaptureTest, RefusesWhatNobodyShouldPassOn) {
  EXPECT_EQ(Check("realmId", ""), "callback_value");
  EXPECT_EQ(Check("realmId", "a\nb"), "callback_value");
  EXPECT_EQ(Check("realmId", std::string(257, 'x')), "callback_value");
  EXPECT_EQ(Check("realmId", std::string(256, 'x')), "");
}

}  // namespace
}  // namespace tokenvault
