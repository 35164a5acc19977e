#include "vault/key_rotation.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "crypto/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/audit_events.h"
#include "vault/bindings.h"
#include "vault/rotation_proof.h"
#include "vault/sealed_census.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class KeyRotationTest : public ::testing::Test {
 protected:
  Operation::Progress Rotate(
      KeyRotation::Extent extent = KeyRotation::Extent::kAll) {
    auto started =
        world_.rotation->Start(/*rows_per_second=*/0, "request-1", extent);
    EXPECT_TRUE(started.ok()) << started.status();
    return started.ok() ? Wait(started->id) : Operation::Progress();
  }
  Operation::Progress Wait(const std::string& id) {
    while (true) {
      auto progress = world_.operations->Get(id);
      EXPECT_TRUE(progress.ok());
      if (!progress.ok() || progress->done) return *progress;
      std::this_thread::yield();
    }
  }
  // Data keys as SealerFor makes them, in few commits.
  void MakeDataKeys(int count) {
    WriteBatch batch;
    for (int i = 0; i < count; ++i) {
      Dek dek;
      dek.tenant = TenantId("acme");
      dek.subject = absl::StrCat("person-", i);
      dek.dek_id = RandomBytes(16);
      dek.kek_version = (*world_.keys->ring())->primary_version();
      dek.create_time = world_.clock.Now();
      auto key = ArenaKey::Random(*world_.arena);
      ASSERT_TRUE(key.ok()) << key.status();
      auto wrapped = (*world_.keys->ring())
                         ->WrapDataKey({world_.keys->deployment_id(),
                                        dek.tenant, dek.subject, dek.dek_id},
                                       *key);
      ASSERT_TRUE(wrapped.ok());
      dek.wrapped = *wrapped;
      batch.Insert(std::move(dek));
    }
    ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  }
  int64_t LeftBefore(uint32_t version) {
    return world_.store->CountDeksBefore(version).value_or(-1);
  }
  Kek KekOf(uint32_t version) {
    auto keks = world_.store->ListKeks();
    EXPECT_TRUE(keks.ok()) << keks.status();
    for (const Kek& kek : *keks) {
      if (kek.version_number == version) return kek;
    }
    ADD_FAILURE() << "no master key " << version;
    return Kek();
  }
  KekState StateOf(uint32_t version) { return KekOf(version).state; }
  // The vault after a restart.
  absl::StatusOr<std::unique_ptr<KeyKeeper>> Reopen() {
    auto root =
        RootKey::FromFile(*world_.arena, world_.folder.File("root.key"));
    if (!root.ok()) return root.status();
    return KeyKeeper::Open(*world_.store, *world_.arena, *root, "file",
                           world_.clock);
  }

  VaultWorld world_;
};

template <typename Record>
bool Updates(const WriteBatch& batch) {
  return std::any_of(batch.ops().begin(), batch.ops().end(),
                     [](const WriteBatch::Op& op) {
                       auto* update = std::get_if<WriteBatch::UpdateOp>(&op);
                       return update != nullptr &&
                              std::holds_alternative<Record>(update->record);
                     });
}

TEST_F(KeyRotationTest, MovesAThousandDataKeys) {
  Connection connection = world_.ConnectCalendar();
  MakeDataKeys(1000);
  Operation::Progress progress = Rotate();
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_EQ(progress.rows_total, progress.rows_done);
  EXPECT_GE(progress.rows_done, 1001);
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_EQ(progress.data_keys_rewrapped, progress.data_keys_opened);
  EXPECT_EQ(StateOf(1), KekState::kRetired);
  EXPECT_EQ(StateOf(2), KekState::kActive);
  EXPECT_THAT(world_.Audit("key.rotated"), SizeIs(1));

  // What was sealed before opens after, also for a vault that starts anew.
  world_.clock.Advance(absl::Minutes(2));
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection)), "rt-1");
  auto reopened = Reopen();
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  auto sealer =
      (*reopened)->SealerFor(connection.tenant, connection.user.value);
  ASSERT_TRUE(sealer.ok());
  EXPECT_TRUE(
      sealer
          ->Open(connection.sealed_refresh_token,
                 RefreshTokenBinding((*reopened)->deployment_id(), connection))
          .ok());
  EXPECT_TRUE((*reopened)->SealerFor(TenantId("acme"), "person-999").ok());
}

TEST_F(KeyRotationTest, TellsWhatItWouldDo) {
  MakeDataKeys(10);
  auto preview = world_.rotation->Preview();
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->key_version, 2);
  EXPECT_EQ(preview->rows_total, 11);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(1));
}

TEST_F(KeyRotationTest, GoesOnWhereItWasStopped) {
  MakeDataKeys(50);
  auto started = world_.rotation->Start(/*rows_per_second=*/10, "request-1");
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(ReasonOf(world_.rotation->Start(0, "").status()),
            "OPERATION_RUNNING");
  // At ten a second this cannot be through before it is told.
  ASSERT_EQ(world_.operations->Cancel(started->id), absl::OkStatus());
  Operation::Progress stopped = Wait(started->id);
  EXPECT_TRUE(stopped.cancelled);
  EXPECT_GT(LeftBefore(2), 0);
  EXPECT_THAT(world_.Audit("key.rotated"), SizeIs(0));

  Operation::Progress progress = Rotate();
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(2));
}

TEST_F(KeyRotationTest, FinishesAPendingKeyInsteadOfMakingAnother) {
  MakeDataKeys(10);
  world_.store->FailCommits(errors::StorageFull(), Updates<Kek>);
  EXPECT_EQ(ReasonOf(Rotate().result), "STORAGE_FULL");
  EXPECT_EQ(StateOf(2), KekState::kPending);
  EXPECT_EQ(StateOf(1), KekState::kActive);
  // The vault serves and starts with a key that is pending.
  EXPECT_TRUE(world_.keys->SealerFor(TenantId("acme"), "newcomer").ok());
  EXPECT_TRUE(Reopen().ok());

  world_.store->FailCommits(absl::OkStatus());
  Operation::Progress progress = Rotate();
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_EQ(StateOf(2), KekState::kActive);
  EXPECT_EQ(LeftBefore(2), 0);
}

TEST_F(KeyRotationTest, FinishesWhatWasLeftAndMakesNoKey) {
  MakeDataKeys(300);
  world_.store->FailCommits(errors::StorageFull(), Updates<Dek>);
  EXPECT_EQ(ReasonOf(Rotate().result), "STORAGE_FULL");
  world_.store->FailCommits(absl::OkStatus());
  auto preview = world_.rotation->Preview(KeyRotation::Extent::kLeftOver);
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->key_version, 2);
  EXPECT_EQ(preview->rows_total, 301);
  Operation::Progress progress = Rotate(KeyRotation::Extent::kLeftOver);
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.data_keys_rewrapped, 301);
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(2));

  // With nothing left there is nothing to do, and nothing to tell.
  progress = Rotate(KeyRotation::Extent::kLeftOver);
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(2));
  EXPECT_THAT(world_.Audit("key.rotated"), SizeIs(1));
}

TEST_F(KeyRotationTest, EndsWithAProofThatOthersCanCheck) {
  Connection connection = world_.ConnectCalendar();
  MakeDataKeys(20);
  Rotate();
  const Kek key = KekOf(2);
  EXPECT_EQ(key.prove_time, world_.clock.Now());
  auto verifier = world_.signer->Verifier();
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  auto text = OpenNote(key.proof, *verifier);
  ASSERT_TRUE(text.ok()) << text.status();
  auto proof = RotationProof::Parse(*text);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_EQ(proof->deployment_id, world_.keys->deployment_id());
  EXPECT_EQ(proof->key_version, 2u);
  EXPECT_EQ(proof->data_keys_older, 0);
  EXPECT_EQ(proof->time, world_.clock.Now());
  // Of those it opened, and of nothing else.
  auto census = CountSealed(*world_.store, *world_.keys,
                            CensusDepth::kOneRecordEach, [] { return true; });
  ASSERT_TRUE(census.ok());
  EXPECT_EQ(proof->root, census->root);
  EXPECT_EQ(proof->data_keys, census->data_keys);
  EXPECT_GE(proof->data_keys, 22);
  EXPECT_GE(proof->records, 1);
}

TEST_F(KeyRotationTest, KeepsTheOldKeyWhileSomethingDoesNotOpen) {
  Connection connection = world_.ConnectCalendar();
  Connection damaged = world_.Row(connection);
  const std::string sealed = damaged.sealed_refresh_token;
  damaged.sealed_refresh_token.back() ^= 1;
  world_.Put(damaged);
  Operation::Progress progress = Rotate();
  EXPECT_EQ(ReasonOf(progress.result), "SEAL_BROKEN");
  EXPECT_THAT(progress.broken,
              ElementsAre(absl::StrCat("connections/", connection.id.value)));
  EXPECT_EQ(StateOf(1), KekState::kDecryptOnly);
  EXPECT_EQ(KekOf(2).proof, "");
  EXPECT_THAT(world_.Audit("key.rotated"), SizeIs(0));

  // Mended: the next run proves what this one could not, and makes no key.
  Connection mended = world_.Row(connection);
  mended.sealed_refresh_token = sealed;
  world_.Put(mended);
  progress = Rotate();
  EXPECT_EQ(progress.result, absl::OkStatus());
  EXPECT_EQ(progress.key_version, 2);
  EXPECT_EQ(StateOf(1), KekState::kRetired);
  EXPECT_NE(KekOf(2).proof, "");
}

TEST_F(KeyRotationTest, LetsARetiredKeyOpenNothing) {
  MakeDataKeys(1);
  auto before = world_.store->GetDek(TenantId("acme"), "person-0");
  ASSERT_TRUE(before.ok());
  Rotate();
  // As if somebody had put an old row back.
  Dek old = *world_.store->GetDek(TenantId("acme"), "person-0");
  old.kek_version = before->kek_version;
  old.wrapped = before->wrapped;
  WriteBatch batch;
  batch.Update(old);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  EXPECT_EQ(
      ReasonOf(world_.keys->SealerFor(TenantId("acme"), "person-0").status()),
      "KEY_UNKNOWN");
  auto reopened = Reopen();
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  EXPECT_EQ(
      ReasonOf((*reopened)->SealerFor(TenantId("acme"), "person-0").status()),
      "KEY_UNKNOWN");
  auto verified = world_.rotation->Verify(CensusDepth::kOneRecordEach);
  ASSERT_TRUE(verified.ok());
  EXPECT_THAT(Wait(verified->id).broken,
              ElementsAre("data key of users/person-0"));
}

TEST_F(KeyRotationTest, DestroysARetiredKeyAfterADay) {
  MakeDataKeys(5);
  EXPECT_EQ(ReasonOf(world_.rotation->Destroy(1, "").status()), "KEY_IN_USE");
  Rotate();
  EXPECT_EQ(ReasonOf(world_.rotation->Destroy(1, "").status()), "KEY_IN_USE");
  EXPECT_EQ(ReasonOf(world_.rotation->Destroy(2, "").status()), "KEY_IN_USE");
  EXPECT_EQ(ReasonOf(world_.rotation->Destroy(3, "").status()),
            "RESOURCE_DENIED");
  world_.clock.Advance(KeyRotation::kTripwire);
  auto destroyed = world_.rotation->Destroy(1, "request-2");
  ASSERT_TRUE(destroyed.ok()) << destroyed.status();
  EXPECT_EQ(StateOf(1), KekState::kDestroyed);
  EXPECT_EQ(KekOf(1).destroy_time, world_.clock.Now());
  auto wraps = world_.store->ListKekWraps();
  ASSERT_TRUE(wraps.ok());
  ASSERT_THAT(*wraps, SizeIs(1));
  EXPECT_EQ(wraps->front().kek_version, 2u);
  EXPECT_THAT(world_.Audit("key.destroyed"), SizeIs(1));
  // Again does nothing more, and the vault still starts.
  EXPECT_TRUE(world_.rotation->Destroy(1, "").ok());
  EXPECT_THAT(world_.Audit("key.destroyed"), SizeIs(1));
  EXPECT_TRUE(Reopen().ok());
}

TEST_F(KeyRotationTest, VerifiesEveryRecordWhenAsked) {
  Connection first = world_.ConnectCalendar();
  // A second account of the same person, whose secret is the first one's.
  Connection second = world_.Row(first);
  second.id = ConnectionId(first.id.value + "2");
  second.account_id = "another";
  WriteBatch batch;
  batch.Insert(second);
  ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());

  auto shallow = world_.rotation->Verify(CensusDepth::kOneRecordEach);
  ASSERT_TRUE(shallow.ok());
  EXPECT_EQ(Wait(shallow->id).result, absl::OkStatus());
  auto deep = world_.rotation->Verify(CensusDepth::kAllRecords);
  ASSERT_TRUE(deep.ok());
  Operation::Progress progress = Wait(deep->id);
  EXPECT_EQ(ReasonOf(progress.result), "SEAL_BROKEN");
  EXPECT_THAT(progress.broken,
              ElementsAre(absl::StrCat("connections/", second.id.value)));
  EXPECT_EQ(progress.records_opened, 1);
}

TEST_F(KeyRotationTest, OpensNoSecretInThePlaceOfAnother) {
  std::vector<Connection> rows;
  for (int i = 0; i < 50; ++i) {
    rows.push_back(world_.Connect("acme", absl::StrCat("person-", i % 5),
                                  "calendar-bot", "calendar", ReadCalendar(),
                                  absl::StrCat("rt-", i)));
  }
  int opened = 0;
  int refused = 0;
  for (const Connection& place : rows) {
    auto sealer = world_.keys->SealerFor(place.tenant, place.user.value);
    ASSERT_TRUE(sealer.ok()) << sealer.status();
    for (const Connection& other : rows) {
      auto secret = sealer->Open(
          other.sealed_refresh_token,
          RefreshTokenBinding(world_.keys->deployment_id(), place));
      EXPECT_EQ(secret.ok(), other.id == place.id);
      ++(secret.ok() ? opened : refused);
    }
  }
  EXPECT_EQ(opened, 50);
  EXPECT_EQ(refused, 2450);
  // And the whole says so when two have changed places.
  world_.PutSealed(rows[7], rows[31].sealed_refresh_token);
  world_.PutSealed(rows[31], rows[7].sealed_refresh_token);
  auto verified = world_.rotation->Verify(CensusDepth::kAllRecords);
  ASSERT_TRUE(verified.ok());
  EXPECT_THAT(
      Wait(verified->id).broken,
      UnorderedElementsAre(absl::StrCat("connections/", rows[7].id.value),
                           absl::StrCat("connections/", rows[31].id.value)));
}

TEST_F(KeyRotationTest, NamesARowThatWasPutBack) {
  Connection connection = world_.ConnectCalendar();
  const Connection before = world_.Row(connection);
  Connection after = before;
  auto sealer = world_.keys->SealerFor(after.tenant, after.user.value);
  ASSERT_TRUE(sealer.ok());
  after.generation += 1;
  after.sealed_refresh_token = *sealer->Seal(
      Secret("rt-2"), RefreshTokenBinding(world_.keys->deployment_id(), after));
  world_.Put(after);
  // The old secret under the new generation, as a copy of one column would be.
  Connection mixed = world_.Row(connection);
  mixed.sealed_refresh_token = before.sealed_refresh_token;
  world_.Put(mixed);
  auto verified = world_.rotation->Verify(CensusDepth::kAllRecords);
  ASSERT_TRUE(verified.ok());
  EXPECT_THAT(Wait(verified->id).broken,
              ElementsAre(absl::StrCat("connections/", connection.id.value)));
}

TEST_F(KeyRotationTest, NamesARowThatWasPutBackAsAWhole) {
  Connection connection = world_.ConnectCalendar();
  // Its first refresh token, as the log knows it.
  AuditEvent created =
      EventAbout(connection, audit_kind::kConnectionCreated, "vault");
  created.commitment = LoggedCommitment(connection.sealed_refresh_token);
  WriteBatch logged;
  logged.Append(MakeAuditEntry(created, world_.clock.Now()));
  ASSERT_EQ(world_.store->Commit(std::move(logged)), absl::OkStatus());
  Connection before = world_.Row(connection);
  world_.AnswerToken("at-2", "rt-2", ReadCalendar());
  ASSERT_NE(TokenIn(world_.Get(world_.Request())), nullptr);
  auto verify = [&] {
    auto verified = world_.rotation->Verify(CensusDepth::kAllRecords);
    EXPECT_TRUE(verified.ok());
    return Wait(verified->id);
  };
  EXPECT_EQ(verify().result, absl::OkStatus());

  before.version = world_.Row(connection).version;
  world_.Put(before);
  EXPECT_EQ(world_.RefreshTokenOf(world_.Row(connection)), "rt-1");
  const Operation::Progress found = verify();
  EXPECT_EQ(ReasonOf(found.result), "SEAL_BROKEN");
  EXPECT_THAT(found.broken,
              ElementsAre(absl::StrCat("an older copy of connections/",
                                       connection.id.value)));
}

TEST_F(KeyRotationTest, NamesTheLeafThatEndsIt) {
  MakeDataKeys(10);
  for (int i = 0; i < 2; ++i) {
    const uint64_t named = Rotate().audit_sequence;
    EXPECT_EQ(named, world_.Audit("key.rotated").back().sequence);
  }
}

TEST_F(KeyRotationTest, LosesNothingWhenACommitFails) {
  MakeDataKeys(300);
  world_.store->FailCommits(errors::StorageFull(), Updates<Dek>);
  EXPECT_EQ(ReasonOf(Rotate().result), "STORAGE_FULL");
  EXPECT_EQ(LeftBefore(2), 301);
  EXPECT_TRUE(world_.keys->SealerFor(TenantId("acme"), "person-7").ok());
  world_.store->FailCommits(absl::OkStatus());
  EXPECT_EQ(Rotate().result, absl::OkStatus());
  EXPECT_EQ(LeftBefore(2), 0);
  EXPECT_TRUE(world_.keys->SealerFor(TenantId("acme"), "person-8").ok());
}

TEST_F(KeyRotationTest, ServesPeopleMeanwhile) {
  MakeDataKeys(200);
  std::atomic<bool> over = false;
  std::atomic<int> failed = 0;
  std::vector<std::thread> people;
  for (int t = 0; t < 3; ++t) {
    people.emplace_back([&, t] {
      for (int i = 0; i < 20 || (!over && i < 200); ++i) {
        auto sealer = world_.keys->SealerFor(
            TenantId("acme"), i % 2 == 0 ? absl::StrCat("new-", t, "-", i)
                                         : absl::StrCat("person-", i));
        if (!sealer.ok()) ++failed;
      }
    });
  }
  EXPECT_EQ(Rotate().result, absl::OkStatus());
  over = true;
  for (std::thread& person : people) person.join();
  EXPECT_EQ(failed, 0);
}

TEST_F(KeyRotationTest, KnowsItsLatestOperationOnly) {
  EXPECT_EQ(ReasonOf(world_.operations->Get("").status()), "RESOURCE_DENIED");
  Rotate();
  EXPECT_EQ(ReasonOf(world_.operations->Get("another").status()),
            "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(world_.operations->Cancel("another")), "RESOURCE_DENIED");
}

TEST_F(KeyRotationTest, ListsKeysWithWhatTheyHold) {
  MakeDataKeys(3);
  Rotate();
  auto keys = world_.rotation->ListKeys();
  ASSERT_TRUE(keys.ok());
  ASSERT_THAT(*keys, SizeIs(2));
  EXPECT_EQ(keys->at(0).data_keys, 0);
  EXPECT_EQ(keys->at(1).data_keys, 4);
  EXPECT_EQ(keys->at(1).sources, std::vector<std::string>{"file"});
}

}  // namespace
}  // namespace tokenvault
