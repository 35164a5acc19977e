#include "vault/incident.h"

#include <atomic>
#include <string>
#include <thread>
#include <variant>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class IncidentTest : public ::testing::Test {
 protected:
  IncidentTest() {
    world_.http.SetHandler([this](const FakeHttpClient::Request&) {
      ++told_;
      return FakeHttpClient::Response(200, "application/json", "");
    });
  }
  Connection Connect(const std::string& person, const std::string& agent,
                     const std::string& provider) {
    return world_.Connect("acme", person, agent, provider,
                          provider == "files" ? ReadFiles() : ReadCalendar(),
                          absl::StrCat("rt-", person, "-", provider));
  }
  Operation::Progress Revoke(const IncidentScope& scope) {
    auto started = world_.incident->Revoke(scope, "request-1");
    EXPECT_TRUE(started.ok()) << started.status();
    while (true) {
      auto progress = world_.operations->Get(started->id);
      if (!progress.ok() || progress->done) return *progress;
      std::this_thread::yield();
    }
  }
  ConnectionState StateOf(const Connection& connection) {
    return world_.Row(connection).state;
  }
  void WithoutRevocation(const std::string& provider) {
    world_.Change([&](Directory& next) {
      Provider& changed = next.providers.at(ProviderId(provider));
      changed.revocation_style = RevocationStyle::kNone;
      changed.revocation_manual_url = "https://files.test/apps";
    });
  }

  VaultWorld world_;
  std::atomic<int> told_ = 0;
  const Connection ana_ = Connect("ana", "calendar-bot", "calendar");
  const Connection ben_ = Connect("ben", "mail-bot", "calendar");
  const Connection files_ = Connect("ana", "calendar-bot", "files");
};

TEST_F(IncidentTest, EndsThoseOfAProvider) {
  IncidentScope scope;
  scope.provider = ProviderId("calendar");
  EXPECT_EQ(*world_.incident->Count(scope), 2);
  Operation::Progress progress = Revoke(scope);
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.rows_done, 2);
  EXPECT_EQ(progress.rows_total, 2);
  EXPECT_EQ(progress.revocations.ended, 2);
  EXPECT_EQ(progress.revocations.confirmed, 2);
  EXPECT_EQ(told_, 2);
  EXPECT_EQ(StateOf(ana_), ConnectionState::kRevoked);
  EXPECT_EQ(StateOf(ben_), ConnectionState::kRevoked);
  EXPECT_EQ(StateOf(files_), ConnectionState::kActive);
  auto leaves = world_.Audit("incident.revoked");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr("providers/calendar, 2 connections"));
  EXPECT_THAT(world_.Audit("connection.revoked"), SizeIs(2));
  // Nothing is left to be ended.
  EXPECT_EQ(*world_.incident->Count(scope), 0);
}

TEST_F(IncidentTest, EndsThoseThatAnAgentMayUse) {
  IncidentScope scope;
  scope.agent = AgentId("mail-bot");
  Operation::Progress progress = Revoke(scope);
  EXPECT_EQ(progress.revocations.ended, 1);
  EXPECT_EQ(StateOf(ben_), ConnectionState::kRevoked);
  EXPECT_EQ(StateOf(ana_), ConnectionState::kActive);
}

TEST_F(IncidentTest, EndsThoseOfAPersonAtOneProvider) {
  IncidentScope scope;
  scope.user = ana_.user;
  EXPECT_EQ(*world_.incident->Count(scope), 2);
  scope.provider = ProviderId("calendar");
  EXPECT_EQ(Revoke(scope).revocations.ended, 1);
  EXPECT_EQ(StateOf(ana_), ConnectionState::kRevoked);
  EXPECT_EQ(StateOf(files_), ConnectionState::kActive);
}

TEST_F(IncidentTest, EndsEverythingInEveryTenant) {
  const Connection other =
      world_.Connect("globex", "gus", "globex-bot", "calendar", ReadCalendar());
  EXPECT_EQ(Revoke(IncidentScope()).revocations.ended, 4);
  EXPECT_EQ(StateOf(other), ConnectionState::kRevoked);
  EXPECT_EQ(StateOf(files_), ConnectionState::kRevoked);
}

TEST_F(IncidentTest, SaysWhatTheProviderDidNotConfirm) {
  WithoutRevocation("files");
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return errors::ProviderUnreachable("calendar", "timeout", true);
  });
  Operation::Progress progress = Revoke(IncidentScope());
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.revocations.ended, 3);
  EXPECT_EQ(progress.revocations.confirmed, 0);
  EXPECT_EQ(progress.revocations.pending, 2);
  EXPECT_EQ(progress.revocations.unsupported, 1);
  EXPECT_THAT(progress.revocations.by_hand,
              ElementsAre(AllOf(HasSubstr(files_.id.value),
                                HasSubstr("https://files.test/apps"))));
  // Ended here all the same, and the provider is told again by the next run.
  EXPECT_EQ(StateOf(ana_), ConnectionState::kRevoked);
  EXPECT_EQ(*world_.incident->Count(IncidentScope()), 2);
}

TEST_F(IncidentTest, EndsTheOthersWhenOneCannotBeEnded) {
  world_.store->FailCommits(
      errors::StorageFull(), [this](const WriteBatch& batch) {
        for (const WriteBatch::Op& op : batch.ops()) {
          const auto* update = std::get_if<WriteBatch::UpdateOp>(&op);
          const auto* row = update == nullptr
                                ? nullptr
                                : std::get_if<Connection>(&update->record);
          if (row != nullptr && row->id == ana_.id) return true;
        }
        return false;
      });
  Operation::Progress progress = Revoke(IncidentScope());
  EXPECT_EQ(ReasonOf(progress.result), "STORAGE_FULL");
  EXPECT_EQ(progress.rows_done, 3);
  EXPECT_EQ(progress.revocations.ended, 2);
  EXPECT_EQ(StateOf(ana_), ConnectionState::kActive);
  EXPECT_EQ(StateOf(ben_), ConnectionState::kRevoked);
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_EQ(Revoke(IncidentScope()).revocations.ended, 1);
  EXPECT_EQ(StateOf(ana_), ConnectionState::kRevoked);
}

TEST_F(IncidentTest, EndsNothingThatIsNotInTheLog) {
  world_.FailAudit();
  EXPECT_FALSE(Revoke(IncidentScope()).result.ok());
  EXPECT_EQ(StateOf(ana_), ConnectionState::kActive);
}

}  // namespace
}  // namespace tokenvault
