#include "vault/data_key_rotation.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/sealed_census.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const TenantId& Acme() {
  static const auto* const kId = new TenantId("acme");
  return *kId;
}

class DataKeyRotationTest : public ::testing::Test {
 protected:
  // Later than what is there was made.
  DataKeyRotationTest() { world_.clock.Advance(absl::Minutes(1)); }

  Operation::Progress Replace(DataKeyScope scope) {
    auto started = world_.data_keys->Start(std::move(scope), "request-1");
    EXPECT_TRUE(started.ok()) << started.status();
    return Finish(started->id);
  }
  Operation::Progress Finish(const std::string& id) {
    while (true) {
      auto progress = world_.operations->Get(id);
      if (!progress.ok() || progress->done) return *progress;
      std::this_thread::yield();
    }
  }
  static DataKeyScope Of(const Connection& connection) {
    return {TenantId(), {{connection.tenant, connection.user}}};
  }
  Dek DekOf(const std::string& subject) {
    auto dek = world_.store->GetDek(Acme(), subject);
    EXPECT_TRUE(dek.ok()) << dek.status();
    return *dek;
  }
  SealedCensus Census() {
    auto census = CountSealed(*world_.store, *world_.keys,
                              CensusDepth::kAllRecords, [] { return true; });
    EXPECT_TRUE(census.ok()) << census.status();
    return *census;
  }

  VaultWorld world_;
  const Connection ana_ = world_.ConnectCalendar();
  const Connection files_ = world_.Connect("acme", "ana", "calendar-bot",
                                           "files", ReadFiles(), "rt-files");
  const Connection ben_ = world_.Connect("acme", "ben", "calendar-bot",
                                         "calendar", ReadCalendar(), "rt-ben");
};

TEST_F(DataKeyRotationTest, SealsEverythingOfAPersonUnderANewKey) {
  const Dek before = DekOf(ana_.user.value);
  const Dek bens = DekOf(ben_.user.value);
  const Operation::Progress done = Replace(Of(ana_));
  EXPECT_EQ(done.result, absl::OkStatus());
  EXPECT_EQ(done.data_keys_replaced, 1);
  EXPECT_EQ(done.records_resealed, 2);
  const Dek after = DekOf(ana_.user.value);
  EXPECT_EQ(after.generation, before.generation + 1);
  EXPECT_NE(after.dek_id, before.dek_id);
  EXPECT_NE(after.wrapped, before.wrapped);
  EXPECT_EQ(DekOf(ben_.user.value).dek_id, bens.dek_id);
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(ana_)), "rt-1");
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(files_)), "rt-files");
  EXPECT_EQ(world_.Row(ana_).generation, ana_.generation);
  EXPECT_THAT(Census().broken, IsEmpty());
  auto leaves = world_.Audit("key.resealed");
  ASSERT_THAT(leaves, SizeIs(1));
  EXPECT_THAT(leaves[0].leaf, HasSubstr("data key generation 2, 2 records"));
  EXPECT_THAT(world_.Audit("connection.resealed"), SizeIs(2));
}

TEST_F(DataKeyRotationTest, ReplacesThoseOfATenantAndNeverTheVaultsOwn) {
  auto own = world_.keys->SealerFor(Acme(), "");
  ASSERT_TRUE(own.ok());
  OAuthFlow flow;
  flow.tenant = Acme();
  flow.state_hash = "state";
  flow.provider = ProviderId("calendar");
  flow.sealed_verifier =
      *own->Seal(Secret("verifier"),
                 FlowVerifierBinding(world_.keys->deployment_id(), flow));
  WriteBatch batch;
  batch.Insert(flow);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  const Connection gus =
      world_.Connect("globex", "gus", "globex-bot", "calendar", ReadCalendar());
  const Dek others = *world_.store->GetDek(gus.tenant, gus.user.value);
  const Dek vaults = *world_.store->GetDek(TenantId(), "");
  const DataKeyScope scope{Acme(), {}};
  EXPECT_EQ(world_.data_keys->Preview(scope)->rows_total, 3);

  const Operation::Progress done = Replace(scope);
  EXPECT_EQ(done.result, absl::OkStatus());
  EXPECT_EQ(done.data_keys_replaced, 3);
  EXPECT_EQ(done.records_resealed, 4);
  EXPECT_EQ(world_.store->GetDek(gus.tenant, gus.user.value)->dek_id,
            others.dek_id);
  EXPECT_EQ(world_.store->GetDek(TenantId(), "")->dek_id, vaults.dek_id);
  EXPECT_NE(world_.store->GetFlow("state")->sealed_verifier,
            flow.sealed_verifier);
  EXPECT_THAT(Census().broken, IsEmpty());
  EXPECT_THAT(world_.Audit("key.reseal_started"), SizeIs(1));
  EXPECT_THAT(world_.Audit("key.reseal_finished"), SizeIs(1));
}

TEST_F(DataKeyRotationTest, LosesNoAnswerThatLandsMeanwhile) {
  HeldAnswer held(world_.http, TokenAnswer("at-1", "rt-2"));
  auto asked = world_.Begin(world_.Request());
  held.WaitForRequest();
  const Dek before = DekOf(ana_.user.value);
  auto started = world_.data_keys->Start(Of(ana_), "request-1");
  ASSERT_TRUE(started.ok());
  held.LetGo();
  EXPECT_NE(TokenIn(asked.get()), nullptr);
  EXPECT_EQ(Finish(started->id).result, absl::OkStatus());
  EXPECT_NE(DekOf(ana_.user.value).dek_id, before.dek_id);
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(ana_)), "rt-2");
}

// Whatever let that happen, and without a word to who remembers the old key.
TEST_F(DataKeyRotationTest, SealsAnAnswerAgainWhoseKeyWasReplacedMeanwhile) {
  HeldAnswer held(world_.http, TokenAnswer("at-1", "rt-2"));
  auto asked = world_.Begin(world_.Request());
  held.WaitForRequest();
  Dek dek = DekOf(ana_.user.value);
  auto key = ArenaKey::Random(*world_.arena);
  ASSERT_TRUE(key.ok());
  dek.dek_id = std::string(16, 'n');
  dek.generation += 1;
  auto ring = world_.keys->ring();
  ASSERT_TRUE(ring.ok()) << ring.status();
  dek.wrapped = *(*ring)->WrapDataKey(
      DataKeyBindingOf(world_.keys->deployment_id(), dek), *key);
  WriteBatch batch;
  batch.Update(dek);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  held.LetGo();
  EXPECT_NE(TokenIn(asked.get()), nullptr);
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(ana_)), "rt-2");
}

TEST_F(DataKeyRotationTest, LeavesWhomARefreshIsNotSettledFor) {
  Connection row = world_.Row(ana_);
  row.refresh_phase = RefreshPhase::kMaybeSent;
  row.landing_slot = 3;
  world_.Put(row);
  const Dek before = DekOf(ana_.user.value);
  const Dek bens = DekOf(ben_.user.value);
  const DataKeyScope scope{Acme(), {}};
  const Operation::Progress done = Replace(scope);
  EXPECT_EQ(done.result, absl::OkStatus());
  EXPECT_THAT(done.left_over,
              ElementsAre(absl::StrCat("users/", ana_.user.value)));
  EXPECT_EQ(DekOf(ana_.user.value).dek_id, before.dek_id);
  EXPECT_NE(DekOf(ben_.user.value).dek_id, bens.dek_id);
  EXPECT_THAT(world_.Audit("key.reseal_finished"), IsEmpty());

  // Settled, it goes on, and with nobody else.
  world_.clock.Advance(absl::Minutes(1));
  row = world_.Row(ana_);
  row.refresh_phase = RefreshPhase::kNone;
  world_.Put(row);
  const Operation::Progress again = Replace(scope);
  EXPECT_THAT(again.left_over, IsEmpty());
  EXPECT_NE(DekOf(ana_.user.value).dek_id, before.dek_id);
  EXPECT_THAT(world_.Audit("key.reseal_started"), SizeIs(1));
  EXPECT_THAT(world_.Audit("key.reseal_finished"), SizeIs(1));
}

TEST_F(DataKeyRotationTest, GoesOnWithThoseThatAreLeft) {
  const DataKeyScope scope{Acme(), {}};
  // The first person's commit works, the next one's does not.
  int commits = 0;
  world_.store->FailCommits(errors::StorageFull(),
                            [&](const WriteBatch& batch) {
                              return batch.ops().size() > 1 && ++commits > 1;
                            });
  EXPECT_EQ(ReasonOf(Replace(scope).result), "STORAGE_FULL");
  world_.store->FailCommits(absl::OkStatus());
  world_.clock.Advance(absl::Minutes(1));
  const int64_t left = world_.data_keys->Preview(scope)->rows_total;
  const Operation::Progress done = Replace(scope);
  EXPECT_EQ(done.result, absl::OkStatus());
  EXPECT_EQ(done.data_keys_replaced, left);
  EXPECT_EQ(DekOf(ana_.user.value).generation, 2u);
  EXPECT_EQ(DekOf(ben_.user.value).generation, 2u);
}

TEST_F(DataKeyRotationTest, NamesWhoseRecordsDoNotOpen) {
  std::string damaged = ana_.sealed_refresh_token;
  damaged.back() ^= 1;
  world_.PutSealed(ana_, damaged);
  const Dek before = DekOf(ana_.user.value);
  const Operation::Progress done = Replace({Acme(), {}});
  EXPECT_EQ(ReasonOf(done.result), "SEAL_BROKEN");
  EXPECT_THAT(done.broken,
              ElementsAre(absl::StrCat("users/", ana_.user.value)));
  EXPECT_EQ(DekOf(ana_.user.value).dek_id, before.dek_id);
  EXPECT_EQ(DekOf(ben_.user.value).generation, 2u);
}

TEST_F(DataKeyRotationTest, ServesWhileItRuns) {
  world_.http.SetHandler([n = 0](const FakeHttpClient::Request&) mutable {
    ++n;
    return TokenAnswer(absl::StrCat("at-", n), absl::StrCat("rt-", n));
  });
  std::atomic<bool> over = false;
  std::thread agent([&] {
    while (!over) {
      auto answer = world_.Get(world_.Request());
      EXPECT_NE(TokenIn(answer), nullptr) << answer.status();
      world_.cache->InvalidateAll();
    }
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Replace(Of(ana_)).result, absl::OkStatus());
  }
  over = true;
  agent.join();
  EXPECT_THAT(Census().broken, IsEmpty());
}

}  // namespace
}  // namespace tokenvault
