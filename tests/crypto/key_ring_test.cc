#include "crypto/key_ring.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "crypto/envelope.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;

class KeyRingTest : public ::testing::Test {
 protected:
  static std::string Id(char byte) { return std::string(kKeyIdSize, byte); }

  std::shared_ptr<const KeyRing> OneKey() {
    return KeyRing::Of(1, Id('1'), KeyOfByte(*arena_, 'a'));
  }
  std::shared_ptr<const KeyRing> TwoKeys() {
    return OneKey()->With(2, Id('2'), KeyOfByte(*arena_, 'b'),
                          /*primary=*/true);
  }
  std::string ReasonToUnwrap(const KeyRing& ring, const DataKeyBinding& binding,
                             uint32_t version, absl::string_view wrapped) {
    return ReasonOf(
        ring.UnwrapDataKey(*arena_, binding, version, wrapped).status());
  }

  const std::unique_ptr<SecretArena> arena_ = NewTestArena();
  const DataKeyBinding binding_ = KnownDataKeyBinding();
  const ArenaKey dek_ = KeyOfByte(*arena_, 'd');
};

TEST_F(KeyRingTest, UnwrapsWhatItWrapped) {
  const auto ring = OneKey();
  const auto wrapped = ring->WrapDataKey(binding_, dek_);
  ASSERT_TRUE(wrapped.ok());
  const auto dek = ring->UnwrapDataKey(*arena_, binding_, 1, *wrapped);
  ASSERT_TRUE(dek.ok());
  EXPECT_EQ(dek->view(), dek_.view());
}

TEST_F(KeyRingTest, UnwrapsTheKnownAnswer) {
  const KnownAnswer answer = WrapKnownAnswers()[0];
  const auto ring = KeyRing::Of(answer.key_version, answer.key_id,
                                KeyOf(*arena_, answer.key));
  const auto dek = ring->UnwrapDataKey(*arena_, binding_, answer.key_version,
                                       answer.envelope);
  ASSERT_TRUE(dek.ok());
  EXPECT_EQ(dek->view(), answer.plaintext);
}

TEST_F(KeyRingTest, UnwrapsABackupsKeyInItsPlaceAlone) {
  const auto ring = TwoKeys();
  const auto wrapped = ring->WrapBackupKey("deployment", "backup", dek_);
  ASSERT_TRUE(wrapped.ok());
  const auto key =
      ring->UnwrapBackupKey(*arena_, "deployment", "backup", 2, *wrapped);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->view(), dek_.view());
  auto reason = [&](const char* deployment, const char* backup,
                    uint32_t version) {
    return ReasonOf(
        ring->UnwrapBackupKey(*arena_, deployment, backup, version, *wrapped)
            .status());
  };
  EXPECT_EQ(reason("deployment", "another", 2), "SEAL_BROKEN");
  EXPECT_EQ(reason("another", "backup", 2), "SEAL_BROKEN");
  EXPECT_EQ(reason("deployment", "backup", 1), "SEAL_BROKEN");
  EXPECT_EQ(reason("deployment", "backup", 3), "KEY_UNKNOWN");
  EXPECT_EQ(ReasonToUnwrap(*ring, binding_, 2, *wrapped), "SEAL_BROKEN");
}

TEST_F(KeyRingTest, WrapsUnderThePrimary) {
  const auto ring = TwoKeys();
  EXPECT_EQ(ring->primary_version(), 2u);
  const auto header =
      ParseEnvelopeHeader(ring->WrapDataKey(binding_, dek_).value());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->object, SealedObject::kWrappedDek);
  EXPECT_EQ(header->key_version, 2u);
  EXPECT_EQ(header->key_id, Id('2'));
}

TEST_F(KeyRingTest, UnwrapsUnderAnOlderKey) {
  const auto old_ring = OneKey();
  const std::string wrapped = old_ring->WrapDataKey(binding_, dek_).value();
  const auto ring = old_ring->With(2, Id('2'), KeyOfByte(*arena_, 'b'), true);
  const auto dek = ring->UnwrapDataKey(*arena_, binding_, 1, wrapped);
  ASSERT_TRUE(dek.ok());
  EXPECT_EQ(dek->view(), dek_.view());
}

TEST_F(KeyRingTest, LeavesTheOldRingAsItWas) {
  const auto old_ring = OneKey();
  const auto ring = old_ring->With(2, Id('2'), KeyOfByte(*arena_, 'b'), true);
  EXPECT_EQ(old_ring->primary_version(), 1u);
  EXPECT_THAT(old_ring->versions(), ElementsAre(1));
  EXPECT_THAT(ring->versions(), ElementsAre(1, 2));
}

TEST_F(KeyRingTest, KeepsThePrimaryWhenAnotherKeyJoins) {
  const auto ring =
      OneKey()->With(2, Id('2'), KeyOfByte(*arena_, 'b'), /*primary=*/false);
  EXPECT_EQ(ring->primary_version(), 1u);
  EXPECT_TRUE(ring->Contains(2));
}

TEST_F(KeyRingTest, MakesAnotherKeyOfTheRingThePrimary) {
  const auto ring = TwoKeys()->WithPrimary(1);
  ASSERT_TRUE(ring.ok());
  EXPECT_EQ((*ring)->primary_version(), 1u);
  EXPECT_THAT((*ring)->versions(), ElementsAre(1, 2));
}

TEST_F(KeyRingTest, RefusesAPrimaryThatItDoesNotHold) {
  EXPECT_EQ(ReasonOf(TwoKeys()->WithPrimary(3).status()), "KEY_UNKNOWN");
}

TEST_F(KeyRingTest, ReplacesAKeyOfTheSameVersion) {
  const auto old_ring = OneKey();
  const std::string wrapped = old_ring->WrapDataKey(binding_, dek_).value();
  const auto ring = old_ring->With(1, Id('1'), KeyOfByte(*arena_, 'x'), false);
  EXPECT_EQ(ring->primary_version(), 1u);
  EXPECT_THAT(ring->versions(), ElementsAre(1));
  EXPECT_EQ(ReasonToUnwrap(*ring, binding_, 1, wrapped), "SEAL_BROKEN");
}

TEST_F(KeyRingTest, ReportsAKeyThatItDoesNotHold) {
  const std::string wrapped = TwoKeys()->WrapDataKey(binding_, dek_).value();
  EXPECT_EQ(ReasonToUnwrap(*OneKey(), binding_, 2, wrapped), "KEY_UNKNOWN");
}

TEST_F(KeyRingTest, ReportsAnotherKeyOfTheSameVersion) {
  const std::string wrapped = OneKey()->WrapDataKey(binding_, dek_).value();
  const auto foreign = KeyRing::Of(1, Id('f'), KeyOfByte(*arena_, 'a'));
  EXPECT_EQ(ReasonToUnwrap(*foreign, binding_, 1, wrapped), "KEY_UNKNOWN");
}

TEST_F(KeyRingTest, RefusesARowThatNamesAnotherVersionThanItsWrap) {
  const auto ring = TwoKeys();
  const std::string wrapped = ring->WrapDataKey(binding_, dek_).value();
  EXPECT_EQ(ReasonToUnwrap(*ring, binding_, 1, wrapped), "SEAL_BROKEN");
}

TEST_F(KeyRingTest, RefusesEveryOtherPlace) {
  const auto ring = OneKey();
  const std::string wrapped = ring->WrapDataKey(binding_, dek_).value();
  std::vector<DataKeyBinding> others(4, binding_);
  others[0].deployment_id[0] ^= 1;
  others[1].tenant = TenantId("tenant-b");
  others[2].subject = "user-2";
  others[3].dek_id[0] ^= 1;
  for (size_t i = 0; i < others.size(); ++i) {
    EXPECT_EQ(ReasonToUnwrap(*ring, others[i], 1, wrapped), "SEAL_BROKEN") << i;
  }
}

TEST_F(KeyRingTest, RefusesADamagedWrap) {
  const auto ring = OneKey();
  const std::string wrapped = ring->WrapDataKey(binding_, dek_).value();
  EXPECT_EQ(ReasonToUnwrap(*ring, binding_, 1, ""), "SEAL_BROKEN");
  for (size_t at : {0, 4, 28, 52, 88, 359}) {
    std::string damaged = wrapped;
    damaged[at] ^= 1;
    EXPECT_EQ(ReasonToUnwrap(*ring, binding_, 1, damaged), "SEAL_BROKEN") << at;
  }
}

TEST_F(KeyRingTest, RefusesAWrapThatHoldsNoKey) {
  const ArenaKey master = KeyOfByte(*arena_, 'a');
  for (const std::string& content :
       {std::string(), std::string(31, 'd'), std::string(33, 'd')}) {
    const std::string wrapped =
        SealEnvelope(SealedObject::kWrappedDek,
                     {.key = &master, .key_id = Id('1'), .version = 1},
                     SealContext::ForDataKey(binding_, 1), content)
            .value();
    EXPECT_EQ(ReasonToUnwrap(*OneKey(), binding_, 1, wrapped), "SEAL_BROKEN");
  }
}

TEST_F(KeyRingTest, RefusesToWrapWithoutWholeIds) {
  DataKeyBinding short_id = binding_;
  short_id.dek_id.pop_back();
  EXPECT_EQ(ReasonOf(OneKey()->WrapDataKey(short_id, dek_).status()),
            "INTERNAL");
  const auto short_ring = KeyRing::Of(1, "short", KeyOfByte(*arena_, 'a'));
  EXPECT_EQ(ReasonOf(short_ring->WrapDataKey(binding_, dek_).status()),
            "INTERNAL");
}

TEST_F(KeyRingTest, SaysSoWhenTheArenaIsFull) {
  const auto ring = OneKey();
  const std::string wrapped = ring->WrapDataKey(binding_, dek_).value();
  std::vector<ArenaKey> filling;
  while (arena_->used() < arena_->capacity()) {
    filling.push_back(ArenaKey::Random(*arena_).value());
  }
  EXPECT_EQ(ReasonToUnwrap(*ring, binding_, 1, wrapped), "MEMORY_NOT_LOCKED");
}

TEST_F(KeyRingTest, GivesKeysBackWhenTheLastRingGoes) {
  const size_t before = arena_->used();
  {
    const auto old_ring = OneKey();
    const auto ring = old_ring->With(2, Id('2'), KeyOfByte(*arena_, 'b'), true);
    EXPECT_EQ(arena_->used(), before + 2);
  }
  EXPECT_EQ(arena_->used(), before);
}

}  // namespace
}  // namespace tokenvault
