#include "vault/audit_events.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "base/errors.h"

namespace tokenvault {
namespace {

std::string Canonical(absl::string_view text) {
  std::string out;
  AppendCanonicalString(out, text);
  return out;
}

TEST(AuditEventsTest, WritesSortedMembersWithoutEmptyOnes) {
  AuditEvent event;
  event.kind = audit_kind::kTokenGranted;
  event.tenant = TenantId("default");
  event.actor = "agents/bot";
  event.scopes = {"b", "a"};
  event.token_id = "t-1";
  AuditEntry entry =
      MakeAuditEntry(event, absl::UnixEpoch() + absl::Microseconds(1));
  EXPECT_EQ(entry.leaf,
            R"({"action":"token.granted","actor":"agents/bot","outcome":"ok",)"
            R"("scopes":["a","b"],"tenant":"default",)"
            R"("time":"1970-01-01T00:00:00.000001Z","token_id":"t-1"})");
  EXPECT_EQ(entry.kind, "token.granted");
  EXPECT_EQ(entry.tenant, TenantId("default"));
}

TEST(AuditEventsTest, SaysUntilWhenATokenIsGood) {
  AuditEvent event;
  event.kind = audit_kind::kTokenGranted;
  event.expires = absl::UnixEpoch() + absl::Milliseconds(61'900);
  EXPECT_NE(MakeAuditEntry(event, absl::UnixEpoch())
                .leaf.find(R"("expires":"1970-01-01T00:01:01Z","outcome")"),
            std::string::npos);
  event.expires = absl::InfiniteFuture();
  EXPECT_NE(MakeAuditEntry(event, absl::UnixEpoch())
                .leaf.find(R"("expires":"never")"),
            std::string::npos);
}

// Written by hand for speed: as the library writes it.
TEST(AuditEventsTest, WritesTimesAsTheLibraryDoes) {
  for (int64_t second = -86'400; second < 260'000'000'000;
       second += 1'234'567'89 + second % 97) {
    for (int micros : {0, 7, 999'999}) {
      const absl::Time time =
          absl::FromUnixSeconds(second) + absl::Microseconds(micros);
      const std::string wanted = absl::FormatTime(
          R"("time":"%Y-%m-%dT%H:%M:%E6SZ")", time, absl::UTCTimeZone());
      EXPECT_NE(MakeAuditEntry(AuditEvent(), time).leaf.find(wanted),
                std::string::npos)
          << wanted;
    }
  }
  for (int day = 0; day < 2000; ++day) {
    const absl::Time time =
        absl::FromUnixSeconds(1'790'000'000) + absl::Hours(24) * day;
    const std::string wanted = absl::FormatTime(
        R"("time":"%Y-%m-%dT%H:%M:%E6SZ")", time, absl::UTCTimeZone());
    EXPECT_NE(MakeAuditEntry(AuditEvent(), time).leaf.find(wanted),
              std::string::npos)
        << wanted;
  }
}

TEST(AuditEventsTest, LeavesOpenWhoItNames) {
  AuditEvent event;
  event.kind = audit_kind::kConnectUserMismatch;
  event.actor = "users/u-stranger";
  event.user = UserId("u-asked");
  AuditEntry entry = MakeAuditEntry(event, absl::UnixEpoch());
  EXPECT_EQ(entry.leaf.find("u-"), std::string::npos);
  ASSERT_EQ(entry.people.size(), 2u);
  EXPECT_EQ(entry.people[0].user, UserId("u-stranger"));
  EXPECT_EQ(entry.people[1].user, UserId("u-asked"));
  const std::string stranger = entry.people[0].draw_name();
  const std::string asked = entry.people[1].draw_name();
  EXPECT_NE(stranger, asked);
  EXPECT_NE(stranger, entry.people[0].draw_name());
  // From the end, so that the other offset stays right.
  entry.leaf.insert(entry.people[1].offset, asked);
  entry.leaf.insert(entry.people[0].offset, stranger);
  auto parsed = nlohmann::json::parse(entry.leaf);
  EXPECT_EQ(parsed["actor"], "users/" + stranger);
  EXPECT_EQ(parsed["user"], asked);
  EXPECT_EQ(parsed.dump(), entry.leaf);
  // "p-" and 128 bits in base32.
  EXPECT_EQ(stranger.size(), 28u);
}

TEST(AuditEventsTest, IsWhatAJsonLibraryWouldWriteInCanonicalOrder) {
  AuditEvent event;
  event.kind = audit_kind::kConsentAsked;
  event.purpose =
      "quotes \" and \\ and \x01 and \n and caf\xC3\xA9 \xF0\x9F\x94\x91";
  event.detail = "d";
  event.rule = "r";
  event.request_id = "q";
  AuditEntry entry = MakeAuditEntry(event, absl::UnixEpoch());
  // nlohmann sorts members by their bytes, which is RFC 8785's order for ASCII.
  auto parsed = nlohmann::json::parse(entry.leaf);
  EXPECT_EQ(parsed.dump(), entry.leaf);
  EXPECT_EQ(parsed["purpose"], event.purpose);
}

TEST(AuditEventsTest, EscapesWhatRfc8785Escapes) {
  EXPECT_EQ(Canonical("\"\\\b\f\n\r\t"), R"("\"\\\b\f\n\r\t")");
  EXPECT_EQ(Canonical(absl::string_view("\0\x1f", 2)), R"("\u0000\u001f")");
  EXPECT_EQ(Canonical("/<>&"), "\"/<>&\"");
  EXPECT_EQ(Canonical("\x7f"), "\"\x7f\"");
}

TEST(AuditEventsTest, ReplacesWhatIsNotUtf8) {
  const std::string bad = "\xEF\xBF\xBD";
  EXPECT_EQ(Canonical("a\xFF"), "\"a" + bad + "\"");
  EXPECT_EQ(Canonical("\xC0\xAF"), "\"" + bad + bad + "\"");  // overlong
  EXPECT_EQ(Canonical("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"");
  EXPECT_EQ(Canonical("\xE2\x82"), "\"" + bad + bad + "\"");  // cut off
  EXPECT_EQ(Canonical("\xF4\x90\x80\x80"),
            "\"" + bad + bad + bad + bad + "\"");  // beyond U+10FFFF
}

}  // namespace
TEST(NotAuditedTest, IsNoFaultOfTheDiskWhileTheQueueIsFull) {
  EXPECT_EQ(ReasonOf(NotAudited(
                errors::RateLimited("storage.queue", absl::Seconds(1)))),
            "RATE_LIMITED");
  EXPECT_EQ(ReasonOf(NotAudited(errors::StorageFull())), "AUDIT_UNAVAILABLE");
}

}  // namespace tokenvault
