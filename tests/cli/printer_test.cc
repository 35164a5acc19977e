#include "cli/printer.h"

#include <gtest/gtest.h>

#include "tokenvault/v1/admin_service.pb.h"
#include "tokenvault/v1/token_service.pb.h"

namespace tokenvault {
namespace {

Terminal Plain() { return Terminal(Terminal::Streams()); }

Terminal Colored() {
  Terminal::Streams streams;
  streams.color = true;
  return Terminal(streams);
}

TEST(Table, AlignsColumnsByCharacters) {
  Table table({"NAME", "N"});
  table.Add({"Łoś", "1"});
  table.Add({"calendar-bot", "20"});
  EXPECT_EQ(table.ToText(Plain(), ""),
            "NAME           N\n"
            "Łoś            1\n"
            "calendar-bot   20\n");
}

TEST(Table, AlignsTheSameInColour) {
  Table table({"S", "N"});
  table.Add({{"active", Color::kGreen}, "1"});
  EXPECT_EQ(table.ToText(Colored(), ""),
            "\x1b[1mS\x1b[0m        \x1b[1mN\x1b[0m\n"
            "\x1b[32mactive\x1b[0m   1\n");
}

TEST(Table, SaysWhenThereIsNothing) {
  EXPECT_EQ(Table({"NAME"}).ToText(Plain(), "no agents"), "no agents\n");
}

TEST(Table, CannotBeBrokenByALabel) {
  Table table({"NAME"});
  table.Add({"a\n\x1b[31mb"});
  EXPECT_EQ(table.ToText(Plain(), ""), "NAME\na \uFFFD[31mb\n");
}

TEST(Facts, IndentWhatGoesOn) {
  Facts facts(8);
  facts.Add("State", {"ready", "since today"});
  facts.Add("Agents", {"one\ntwo"});
  facts.AddIfAny("Nothing", "");
  EXPECT_EQ(facts.ToText(Plain()),
            "State    ready   since today\n"
            "Agents   one\n"
            "         two\n");
}

TEST(Json, IsTheProtoMapping) {
  v1::Operation operation;
  operation.set_name("operations/1");
  operation.set_rows_total(1204);
  EXPECT_EQ(ToJson(operation),
            "{\"name\":\"operations/1\",\"done\":false,\"rowsDone\":\"0\","
            "\"rowsTotal\":\"1204\",\"errorReason\":\"\",\"keyGeneration\":0,"
            "\"auditEvent\":\"\",\"phase\":\"PHASE_UNSPECIFIED\","
            "\"dataKeysOpened\":\"0\",\"recordsOpened\":\"0\","
            "\"brokenCount\":\"0\",\"broken\":[],"
            "\"dataKeysRewrapped\":\"0\"}\n");
}

TEST(Json, LeavesOutWhatItIsToldTo) {
  v1::ScopedToken token;
  token.set_access_token("secret");
  EXPECT_EQ(ToJson(token, {"accessToken"}).find("ccess"), std::string::npos);
}

TEST(Yaml, HoldsTheSameData) {
  v1::TestProviderResponse response;
  auto* check = response.add_checks();
  check->set_id("clock");
  check->set_ok(true);
  check->set_detail("no: \"quotes\"");
  EXPECT_EQ(ToYaml(response),
            "checks:\n"
            "  - id: clock\n"
            "    ok: true\n"
            "    detail: \"no: \\\"quotes\\\"\"\n"
            "    fix: \"\"\n"
            "    skipped: false\n");
}

TEST(Yaml, QuotesWordsThatMeanSomethingElse) {
  v1::ReloadConfigResponse response;
  response.add_warnings("no");
  response.add_warnings("1e3");
  EXPECT_EQ(ToYaml(response),
            "configGeneration: \"\"\n"
            "needsRestart: []\n"
            "warnings:\n"
            "  - \"no\"\n"
            "  - \"1e3\"\n");
}

TEST(Format, HasThreeNames) {
  EXPECT_EQ(FormatByName("yaml"), Format::kYaml);
  EXPECT_EQ(FormatByName("xml"), std::nullopt);
}

}  // namespace
}  // namespace tokenvault
