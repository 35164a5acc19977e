#include "cli/humanize.h"

#include <gtest/gtest.h>

namespace tokenvault {
namespace {

TEST(Humanize, GroupsDigits) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1204), "1 204");
  EXPECT_EQ(Grouped(-1234567), "-1 234 567");
}

TEST(Humanize, KnowsOneFromMany) {
  EXPECT_EQ(Counted(1, "agent", "agents"), "1 agent");
  EXPECT_EQ(Counted(0, "agent", "agents"), "0 agents");
}

TEST(Humanize, PicksTheUnitOfASize) {
  EXPECT_EQ(Bytes(640), "640 bytes");
  EXPECT_EQ(Bytes(1536), "1.5 KiB");
  EXPECT_EQ(Bytes(190840832), "182 MiB");
}

TEST(Humanize, SaysHowLong) {
  EXPECT_EQ(Lasting(absl::ZeroDuration()), "0 s");
  EXPECT_EQ(Lasting(absl::Seconds(599)), "9 min 59 s");
  EXPECT_EQ(Lasting(absl::Hours(3) + absl::Seconds(2)), "3 h");
  EXPECT_EQ(Lasting(absl::Hours(24)), "1 day");
}

TEST(Humanize, SaysHowFarAway) {
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  EXPECT_EQ(Relative(now, now), "just now");
  EXPECT_EQ(Relative(now - absl::Hours(289), now), "12 days ago");
  EXPECT_EQ(Relative(now + absl::Minutes(30), now), "in 30 min");
  EXPECT_EQ(Relative(absl::InfinitePast(), now), "never");
}

TEST(Humanize, ShowsTimesThatAreNotSetAsSuch) {
  EXPECT_EQ(When({}, absl::FromUnixSeconds(0)), "-");
}

}  // namespace
}  // namespace tokenvault
