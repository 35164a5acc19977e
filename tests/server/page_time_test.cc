#include "server/page_time.h"

#include "gtest/gtest.h"

namespace tokenvault {
namespace {

TEST(TimeTextTest, SaysDaysMinutesAndHowLongAgo) {
  absl::Time now = absl::FromCivil(absl::CivilSecond(2026, 12, 3, 9, 5, 59),
                                   absl::UTCTimeZone());
  EXPECT_EQ(DayText(now, EnglishMessages()), "3 December 2026");
  EXPECT_EQ(MinuteText(now, EnglishMessages()), "3 December 2026, 09:05 UTC");
  EXPECT_EQ(AgoText(now + absl::Seconds(5), now, EnglishMessages()),
            "just now");
  EXPECT_EQ(AgoText(now - absl::Seconds(59), now, EnglishMessages()),
            "just now");
  EXPECT_EQ(AgoText(now - absl::Seconds(60), now, EnglishMessages()),
            "1 min ago");
  EXPECT_EQ(AgoText(now - absl::Minutes(59), now, EnglishMessages()),
            "59 min ago");
  EXPECT_EQ(AgoText(now - absl::Hours(3), now, EnglishMessages()),
            "on 3 December 2026, 06:05 UTC");
}

}  // namespace
}  // namespace tokenvault
