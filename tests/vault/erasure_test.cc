#include "vault/erasure.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/audit_events.h"

namespace tokenvault {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class ErasureTest : public ::testing::Test {
 protected:
  ErasureTest() {
    world_.http.SetHandler([this](const FakeHttpClient::Request& request) {
      return Answer(request);
    });
  }
  virtual absl::StatusOr<HttpResponse> Answer(
      const FakeHttpClient::Request& request) {
    if (request.url.find("/token") == std::string::npos) {
      revoked_ += request.body;
      return FakeHttpClient::Response(200, "application/json", "");
    }
    ++refreshes_;
    return TokenAnswer(absl::StrCat("at-", refreshes_),
                       absl::StrCat("rt-new-", refreshes_));
  }

  Operation::Progress Erase(const std::string& subject = "ana") {
    auto people = world_.erasure->FindByIdentity(subject);
    EXPECT_TRUE(people.ok()) << people.status();
    return Finish(world_.erasure->Start(*people, "request-1"));
  }
  Operation::Progress Finish(absl::StatusOr<Operation::Progress> started) {
    EXPECT_TRUE(started.ok()) << started.status();
    while (true) {
      auto progress = world_.operations->Get(started->id);
      if (!progress.ok() || progress->done) return *progress;
      std::this_thread::yield();
    }
  }
  PersonRows RowsOf(const UserId& user) {
    auto rows = world_.store->CountPerson(TenantId("acme"), user);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return *rows;
  }
  // Whether any file of the vault has these bytes.
  bool IsInAFile(const std::string& bytes) {
    for (const auto& file :
         std::filesystem::directory_iterator(world_.folder.path())) {
      std::ifstream stream(file.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(stream), {}};
      if (content.find(bytes) != std::string::npos) return true;
    }
    return false;
  }
  std::string LeafText() {
    std::string text;
    for (const AuditEntry& entry : world_.Audit()) text += entry.leaf + "\n";
    return text;
  }

  VaultWorld world_;
  std::string revoked_;
  int refreshes_ = 0;
  const Connection ana_ = world_.ConnectCalendar();
  const Connection ben_ = world_.Connect("acme", "ben", "calendar-bot",
                                         "calendar", ReadCalendar(), "rt-ben");
};

TEST_F(ErasureTest, LeavesNothingOfThePerson) {
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  const WebSession session = world_.SessionOf("acme", "ana");
  WriteBatch batch;
  batch.Insert(session);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  EXPECT_EQ(RowsOf(ana_.user), (PersonRows{1, 1, 1, 0, 1, 1}));

  const Operation::Progress done = Erase();
  EXPECT_EQ(done.result, absl::OkStatus());
  EXPECT_EQ(done.people_erased, 1);
  EXPECT_EQ(done.erased.connections, 1);
  EXPECT_EQ(done.revocations.confirmed, 1);
  EXPECT_THAT(revoked_, HasSubstr("rt-new-1"));
  EXPECT_EQ(RowsOf(ana_.user), PersonRows());
  EXPECT_EQ(RowsOf(ben_.user).connections, 1);
}

TEST_F(ErasureTest, LeavesNoByteOfTheirKeysInAnyFile) {
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  auto anas = world_.store->GetDek(TenantId("acme"), ana_.user.value);
  auto bens = world_.store->GetDek(TenantId("acme"), ben_.user.value);
  ASSERT_TRUE(anas.ok() && bens.ok());
  const std::string sealed = world_.Row(ana_).sealed_refresh_token;
  for (const std::string& bytes :
       {anas->wrapped, sealed, bens->wrapped, ben_.sealed_refresh_token}) {
    EXPECT_TRUE(IsInAFile(bytes));
  }
  ASSERT_EQ(Erase().result, absl::OkStatus());
  EXPECT_FALSE(IsInAFile(anas->wrapped));
  EXPECT_FALSE(IsInAFile(sealed));
  EXPECT_FALSE(IsInAFile(ana_.sealed_refresh_token));
  EXPECT_FALSE(IsInAFile(ana_.user.value));
  EXPECT_TRUE(IsInAFile(bens->wrapped));
  EXPECT_TRUE(IsInAFile(ben_.sealed_refresh_token));
}

TEST_F(ErasureTest, LeavesNoLeafThatLeadsToThem) {
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  auto name = world_.store->GetPseudonym(TenantId("acme"), ana_.user);
  ASSERT_TRUE(name.ok());
  EXPECT_THAT(LeafText(), HasSubstr(*name));
  ASSERT_EQ(Erase().result, absl::OkStatus());
  EXPECT_THAT(LeafText(), Not(HasSubstr(ana_.user.value)));
  // The leaves are as they were; nobody says any more whose they are.
  EXPECT_THAT(LeafText(), HasSubstr(*name));
  auto leaves = world_.Audit("subject.shredded");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf,
              AllOf(HasSubstr("1 connections, 1 agent grants"),
                    HasSubstr("1 confirmed"), Not(HasSubstr(*name)),
                    Not(HasSubstr("\"user\""))));
}

TEST_F(ErasureTest, KnowsWhoComesBackAsSomebodyNew) {
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  const Dek before = *world_.store->GetDek(TenantId("acme"), ana_.user.value);
  const std::string name =
      *world_.store->GetPseudonym(TenantId("acme"), ana_.user);
  ASSERT_EQ(Erase().result, absl::OkStatus());

  EXPECT_NE(QuestionIn(world_.Get(world_.Request())), nullptr);
  const Connection again = world_.ConnectCalendar();
  EXPECT_EQ(again.user, ana_.user);
  EXPECT_EQ(world_.RefreshTokenOf(again), "rt-1");
  const Dek after = *world_.store->GetDek(TenantId("acme"), ana_.user.value);
  EXPECT_NE(after.dek_id, before.dek_id);
  EXPECT_NE(*world_.store->GetPseudonym(TenantId("acme"), ana_.user), name);
}

TEST_F(ErasureTest, HandsOutNoTokenWhileItIsUnderWay) {
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  ErasingPeople::Hold hold(world_.interactions->erasing(), TenantId("acme"),
                           ana_.user);
  EXPECT_EQ(ReasonOf(world_.Get(world_.Request()).status()), "RATE_LIMITED");
  AccessRequest bens = world_.Request();
  bens.user = ben_.user;
  EXPECT_NE(TokenIn(world_.Get(bens)), nullptr);
}

TEST_F(ErasureTest, CountsWhatTheProviderDidNotConfirm) {
  world_.http.SetHandler([](const FakeHttpClient::Request&) {
    return errors::ProviderUnreachable("calendar", "timeout", true);
  });
  const Operation::Progress done = Erase();
  EXPECT_EQ(done.result, absl::OkStatus());
  EXPECT_EQ(done.revocations.pending, 1);
  EXPECT_EQ(RowsOf(ana_.user), PersonRows());
}

TEST_F(ErasureTest, EndsATokenThatARefreshStillBrings) {
  HeldAnswer held(world_.http, TokenAnswer("at-1", "rt-late"),
                  FakeHttpClient::Response(200, "application/json", ""));
  auto asked = world_.Begin(world_.Request());
  held.WaitForRequest();
  auto people = world_.erasure->FindByIdentity("ana");
  auto started = world_.erasure->Start(*people, "request-1");
  ASSERT_TRUE(started.ok());
  // Ended here already; its answer is still on its way.
  while (world_.Row(ana_).state != ConnectionState::kRevoked) {
    std::this_thread::yield();
  }
  held.LetGo();
  EXPECT_EQ(TokenIn(asked.get()), nullptr);
  EXPECT_EQ(Finish(started).result, absl::OkStatus());
  std::string told;
  for (const auto& request : world_.http.requests()) told += request.body;
  EXPECT_THAT(told, HasSubstr("token=rt-late"));
  // Who waited for the refresh may have been refused behind the erasure, and
  // has then made them known again: by name, and by nothing more.
  EXPECT_EQ(RowsOf(ana_.user).connections, 0);
  EXPECT_EQ(RowsOf(ana_.user).data_keys, 0);
}

TEST_F(ErasureTest, IsNotDoneBeforeTheFilesAreClean) {
  const Dek dek = *world_.store->GetDek(TenantId("acme"), ana_.user.value);
  world_.store->FailScrubs(errors::StorageBusy());
  EXPECT_EQ(ReasonOf(Erase().result), "STORAGE_BUSY");
  EXPECT_EQ(RowsOf(ana_.user), PersonRows());

  // Nobody is there any more, and it scrubs all the same.
  EXPECT_EQ(ReasonOf(Erase().result), "STORAGE_BUSY");
  world_.store->FailScrubs(absl::OkStatus());
  const Operation::Progress again = Erase();
  EXPECT_EQ(again.result, absl::OkStatus());
  EXPECT_EQ(again.people_erased, 0);
  EXPECT_FALSE(IsInAFile(dek.wrapped));
  EXPECT_THAT(world_.Audit("subject.shredded"), SizeIs(1));
}

TEST_F(ErasureTest, ErasesNothingOfWhoIsNotKnown) {
  const Operation::Progress done = Erase("nobody");
  EXPECT_EQ(done.result, absl::OkStatus());
  EXPECT_EQ(done.people_erased, 0);
  EXPECT_THAT(world_.Audit("subject.shredded"), IsEmpty());
  EXPECT_EQ(RowsOf(ana_.user).connections, 1);
}

TEST_F(ErasureTest, FindsAPersonInEveryTenantByTheirIdHere) {
  EXPECT_THAT(*world_.erasure->Find(ana_.user), SizeIs(1));
  EXPECT_THAT(*world_.erasure->Find(UserId("u-nobody")), IsEmpty());
  EXPECT_EQ(world_.erasure
                ->Count({{TenantId("acme"), ana_.user},
                         {TenantId("acme"), ben_.user}})
                ->connections,
            2);
}

}  // namespace
}  // namespace tokenvault
