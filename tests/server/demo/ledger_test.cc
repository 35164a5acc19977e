#include "server/demo/ledger.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/demo/demo_world.h"

namespace tokenvault {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using DemoLedgerTest = DemoTest;

std::vector<std::string> Events(const json& ledger) {
  std::vector<std::string> events;
  for (const json& entry : ledger["entries"]) {
    events.push_back(entry["event"]);
  }
  return events;
}

TEST_F(DemoLedgerTest, HasWhatWasIssuedUsedAndRevoked) {
  const json first = TokensFor("ana");
  EventsStatus(first["access_token"]);
  const json second = Refresh(first["refresh_token"]).Json();
  Post("/revoke", {{"token", second["access_token"]}}, DemoBasic());
  EventsStatus(second["access_token"]);
  Post("/revoke", {{"token", second["refresh_token"]}}, DemoBasic());

  const json ledger = Ledger();
  EXPECT_THAT(Events(ledger),
              ElementsAre("code_issued", "code_used", "refresh_token_issued",
                          "access_token_issued", "access_token_used",
                          "refresh_token_used", "refresh_token_issued",
                          "access_token_issued", "access_token_revoked",
                          "access_token_refused", "family_revoked"));
  const json& used = ledger["entries"][4];
  EXPECT_EQ(used["sequence"], 5);
  EXPECT_EQ(used["time"], "2027-01-15T08:00:00.000Z");
  EXPECT_EQ(used["persona"], "demo");
  EXPECT_EQ(used["client"], kDemoClient);
  EXPECT_EQ(used["person"], "ana");
  EXPECT_EQ(used["family"], ledger["entries"][10]["family"]);
  EXPECT_EQ(ledger["entries"][10]["why"], "client");
  EXPECT_EQ(ledger["sequence"], 11);
}

TEST_F(DemoLedgerTest, NamesATokenByTheBeginningOfItsHash) {
  const json tokens = TokensFor("ana");
  const std::string access_token = tokens["access_token"];
  const json ledger = Ledger();
  EXPECT_EQ(ledger["entries"][3]["token"],
            DemoLedger::Fingerprint(access_token));
  EXPECT_THAT(ledger.dump(), Not(HasSubstr("dm_")));
  EXPECT_EQ(DemoLedger::Fingerprint("abc"), "ba7816bf8f01");
}

TEST_F(DemoLedgerTest, CountsCallsByFamilyReplaysAndFamiliesRevoked) {
  const json first = TokensFor("ana");
  Refresh(first["refresh_token"]);
  Refresh(first["refresh_token"]);  // a replay
  TokensFor("ben");
  Refresh("unknown");
  const json counters = Ledger()["personas"]["demo"];
  EXPECT_EQ(counters["token_calls"], 5);
  EXPECT_EQ(counters["replays"], 1);
  EXPECT_EQ(counters["families_revoked"], 1);
  std::vector<int> calls;
  for (const auto& [family, count] : counters["families"].items()) {
    calls.push_back(count);
  }
  EXPECT_THAT(calls, testing::UnorderedElementsAre(3, 1));
}

TEST_F(DemoLedgerTest, CountsAReplayedCodeToo) {
  const std::string code = CodeFor("ana");
  Post("/token", Redemption(code), DemoBasic());
  Post("/token", Redemption(code), DemoBasic());
  const json ledger = Ledger();
  EXPECT_EQ(ledger["personas"]["demo"]["replays"], 1);
  EXPECT_EQ(ledger["entries"].back()["event"], "family_revoked");
  EXPECT_EQ(ledger["entries"].back()["why"], "replay");
}

TEST_F(DemoLedgerTest, ShowsOnePersonaOrWhatIsNew) {
  TokensFor("ana");
  const uint64_t before = Ledger()["sequence"];
  Use("demo-box");
  TokensFor("ana");
  EXPECT_EQ(Ledger("?persona=demo-box")["entries"].size(), 4u);
  EXPECT_EQ(Ledger("?persona=demo")["personas"].count("demo-box"), 0u);
  EXPECT_EQ(Ledger(absl::StrCat("?after=", before))["entries"].size(), 4u);
  EXPECT_EQ(Ledger("?after=x")["error"], "invalid_request");
}

TEST(DemoLedgerBoundsTest, ForgetsTheOldestAndKeepsCounting) {
  DemoLedger ledger;
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  for (int i = 0; i < 5000; ++i) {
    DemoLedger::Entry entry;
    entry.persona = "demo";
    entry.event = DemoEvent::kFamilyRevoked;
    ledger.Write(std::move(entry), now);
    ledger.CountTokenCall("demo", absl::StrCat("family ", i));
  }
  const json all = json::parse(ledger.ToJson("", 0));
  EXPECT_EQ(all["entries"].size(), 4096u);
  EXPECT_EQ(all["entries"][0]["sequence"], 905);
  EXPECT_EQ(all["personas"]["demo"]["families_revoked"], 5000);
  EXPECT_EQ(all["personas"]["demo"]["token_calls"], 5000);
  EXPECT_EQ(all["personas"]["demo"]["families"].size(), 1024u);
}

}  // namespace
}  // namespace tokenvault
