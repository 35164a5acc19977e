#include "server/operator_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/server/page_samples.h"
#include "tests/support/test_vault.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

OperatorFacts Well() {
  OperatorFacts facts;
  facts.now = kPageTime;
  facts.start_time = kPageTime - absl::Hours(1);
  facts.ready = true;
  facts.key_generation = 2;
  facts.key_since = kPageTime - absl::Hours(3);
  facts.last_backup = kPageTime - absl::Hours(20);
  return facts;
}

std::vector<OperatorTask> Of(const OperatorFacts& facts) {
  return TasksOf(facts, *DirectoryForTests(), EnglishMessages());
}

std::vector<std::string> CommandsOf(const OperatorFacts& facts) {
  std::vector<std::string> commands;
  for (const OperatorTask& task : Of(facts)) commands.push_back(task.command);
  return commands;
}

TEST(OperatorTasksTest, AreNoneWhenAllIsWell) {
  EXPECT_THAT(Of(Well()), IsEmpty());
  OperatorFacts facts = Well();
  // Who makes copies by other means is not told to make one.
  facts.last_backup = std::nullopt;
  EXPECT_THAT(Of(facts), IsEmpty());
}

TEST(OperatorTasksTest, BeginWithWhatStopsTokens) {
  OperatorFacts facts = Well();
  facts.secrets_unlocked = 1;
  facts.last_backup = kPageTime - absl::Hours(72);
  facts.rows_on_old_key = 12;
  facts.witnesses = {{"folder", "/mnt/witness", 7, kPageTime, "connect"}};
  facts.notices[{"webhook", "failed"}] = 3;
  facts.connections[ProviderId("files")] = {3, 17};
  facts.doubts = {{ProviderId("files"), "invalid_client", kPageTime}};
  facts.hour.audit_errors = 2;
  facts.ready = false;
  facts.stops = {
      {StopKind::kAgent, TenantId("acme"), "mail-bot", "", kPageTime},
      {StopKind::kVault, {}, "", "", kPageTime}};
  EXPECT_THAT(
      CommandsOf(facts),
      ElementsAre("tokenvault unlock", "tokenvault status --deep",
                  "tokenvault status", "tokenvault provider test files",
                  "tokenvault agent enable mail-bot",
                  "tokenvault connection list --state needs_reconnect", "",
                  "tokenvault audit status", "tokenvault key rotate --resume",
                  "tokenvault backup create FILE", ""));
}

TEST(OperatorTasksTest, SayWhoIsDoubtedWhyAndHowManyItConcerns) {
  OperatorFacts facts = Well();
  facts.connections[ProviderId("files")] = {118, 0};
  facts.doubts = {
      {ProviderId("files"), "invalid_client", kPageTime - absl::Minutes(28)}};
  const std::vector<OperatorTask> tasks = Of(facts);
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_THAT(tasks[0].what,
              AllOf(HasSubstr("Test files"), HasSubstr("invalid_client"),
                    HasSubstr("118")));
  EXPECT_EQ(tasks[0].since, kPageTime - absl::Minutes(28));
}

TEST(OperatorTasksTest, CountPeopleThatAreStoppedAndNameNone) {
  OperatorFacts facts = Well();
  facts.stops = {
      {StopKind::kUser, TenantId("acme"), "u-canary", "canary", kPageTime},
      {StopKind::kConnection, TenantId("acme"), "c-canary", "canary",
       kPageTime - absl::Hours(1)}};
  const std::vector<OperatorTask> tasks = Of(facts);
  ASSERT_THAT(tasks, SizeIs(1));
  EXPECT_EQ(tasks[0].what, "People and connections that are stopped: 2.");
  EXPECT_EQ(tasks[0].since, kPageTime - absl::Hours(1));
  EXPECT_EQ(tasks[0].command, "tokenvault quarantine list");
}

TEST(OperatorTasksTest, LeaveARotationAloneThatRuns) {
  OperatorFacts facts = Well();
  facts.rows_on_old_key = 12;
  EXPECT_THAT(Of(facts), SizeIs(1));
  facts.operation_running = true;
  EXPECT_THAT(Of(facts), IsEmpty());
}

}  // namespace
}  // namespace tokenvault
