#include "vault/policy_hours.h"

#include "gtest/gtest.h"

namespace tokenvault {
namespace {

absl::TimeZone Berlin() {
  absl::TimeZone zone;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &zone));
  return zone;
}

absl::Time Utc(int month, int day, int hour, int minute) {
  return absl::FromCivil(absl::CivilMinute(2026, month, day, hour, minute),
                         absl::UTCTimeZone());
}

PolicyHours Hours(absl::Weekday day, int from, int to) {
  PolicyHours hours;
  hours.days.set(static_cast<size_t>(day));
  hours.from = from;
  hours.to = to;
  hours.zone = absl::UTCTimeZone();
  return hours;
}

// 2026-03-30 was a Monday.
TEST(PolicyHoursTest, BeginWithTheFirstMinuteAndEndBeforeTheLast) {
  const PolicyHours hours = Hours(absl::Weekday::monday, 8 * 60, 18 * 60);
  EXPECT_FALSE(hours.Contain(Utc(3, 30, 7, 59)));
  EXPECT_TRUE(hours.Contain(Utc(3, 30, 8, 0)));
  EXPECT_TRUE(hours.Contain(Utc(3, 30, 17, 59) + absl::Seconds(59)));
  EXPECT_FALSE(hours.Contain(Utc(3, 30, 18, 0)));
  EXPECT_FALSE(hours.Contain(Utc(3, 31, 9, 0)));
}

TEST(PolicyHoursTest, GoOnPastMidnightOfTheDayTheyBeganOn) {
  const PolicyHours hours = Hours(absl::Weekday::monday, 22 * 60, 6 * 60);
  EXPECT_TRUE(hours.Contain(Utc(3, 30, 22, 0)));
  EXPECT_TRUE(hours.Contain(Utc(3, 31, 5, 59)));
  EXPECT_FALSE(hours.Contain(Utc(3, 31, 6, 0)));
  EXPECT_FALSE(hours.Contain(Utc(3, 31, 22, 0)));
  EXPECT_FALSE(hours.Contain(Utc(3, 30, 5, 0)));
}

TEST(PolicyHoursTest, LastAllDayUntilMidnight) {
  const PolicyHours hours = Hours(absl::Weekday::monday, 0, 24 * 60);
  EXPECT_TRUE(hours.Contain(Utc(3, 30, 0, 0)));
  EXPECT_TRUE(hours.Contain(Utc(3, 30, 23, 59)));
  EXPECT_FALSE(hours.Contain(Utc(3, 31, 0, 0)));
}

TEST(PolicyHoursTest, FollowTheWallThroughDaylightSaving) {
  PolicyHours hours = Hours(absl::Weekday::sunday, 8 * 60, 9 * 60);
  hours.zone = Berlin();
  // Winter until 2026-03-29, summer from that Sunday on.
  EXPECT_TRUE(hours.Contain(Utc(3, 22, 7, 30)));
  EXPECT_FALSE(hours.Contain(Utc(3, 22, 6, 30)));
  EXPECT_TRUE(hours.Contain(Utc(3, 29, 6, 30)));
  EXPECT_FALSE(hours.Contain(Utc(3, 29, 7, 30)));
}

TEST(PolicyHoursTest, HaveNothingInAnHourThatIsSkipped) {
  PolicyHours hours = Hours(absl::Weekday::sunday, 2 * 60, 3 * 60);
  hours.zone = Berlin();
  for (int minute = 0; minute < 24 * 60; ++minute) {
    const absl::Time time = Utc(3, 28, 23, 0) + absl::Minutes(minute);
    EXPECT_FALSE(hours.Contain(time)) << hours.WallClock(time);
  }
}

TEST(PolicyHoursTest, CountAnHourThatIsRepeatedBothTimes) {
  PolicyHours hours = Hours(absl::Weekday::sunday, 2 * 60, 3 * 60);
  hours.zone = Berlin();
  EXPECT_TRUE(hours.Contain(Utc(10, 25, 0, 30)));
  EXPECT_TRUE(hours.Contain(Utc(10, 25, 1, 30)));
  EXPECT_FALSE(hours.Contain(Utc(10, 25, 2, 30)));
}

TEST(PolicyHoursTest, SaysThemInWords) {
  PolicyHours hours = Hours(absl::Weekday::monday, 22 * 60 + 5, 6 * 60);
  hours.zone = Berlin();
  EXPECT_EQ(hours.ToString(), "Mon 22:05-06:00 Europe/Berlin");
  EXPECT_EQ(hours.WallClock(Utc(7, 4, 12, 5)), "Sat 14:05 in Europe/Berlin");
}

}  // namespace
}  // namespace tokenvault
