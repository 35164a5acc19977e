#include "crypto/sealer.h"

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "crypto/envelope.h"
#include "crypto/random.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

class SealerTest : public ::testing::Test {
 protected:
  std::shared_ptr<const DataKey> NewKey(const std::string& dek_id,
                                        uint32_t generation, char byte) {
    return std::make_shared<const DataKey>(
        DataKey{dek_id, generation, KeyOfByte(*arena_, byte)});
  }

  const std::unique_ptr<SecretArena> arena_ = NewTestArena();
  const std::string dek_id_ = std::string(kKeyIdSize, 'd');
  const Sealer sealer_{NewKey(dek_id_, 1, 'k')};
  const Secret token_ = Secret::Copy("1//refresh-token-example");
};

TEST_F(SealerTest, OpensUnderItsBinding) {
  const auto sealed = sealer_.Seal(token_, KnownBinding());
  ASSERT_TRUE(sealed.ok());
  const auto opened = sealer_.Open(*sealed, KnownBinding());
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened->Equals(token_));
}

TEST_F(SealerTest, NamesItsKeyInTheEnvelope) {
  const auto header =
      ParseEnvelopeHeader(sealer_.Seal(token_, KnownBinding()).value());
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->object, SealedObject::kRecord);
  EXPECT_EQ(header->key_id, dek_id_);
  EXPECT_EQ(header->key_version, 1u);
}

TEST_F(SealerTest, ReportsAnotherDataKeyAsUnknown) {
  const std::string sealed = sealer_.Seal(token_, KnownBinding()).value();
  const Sealer other_id(NewKey(std::string(kKeyIdSize, 'e'), 1, 'k'));
  const Sealer other_generation(NewKey(dek_id_, 2, 'k'));
  EXPECT_EQ(ReasonOf(other_id.Open(sealed, KnownBinding()).status()),
            "KEY_UNKNOWN");
  EXPECT_EQ(ReasonOf(other_generation.Open(sealed, KnownBinding()).status()),
            "KEY_UNKNOWN");
}

TEST_F(SealerTest, RefusesAnotherKeyUnderTheSameName) {
  const std::string sealed = sealer_.Seal(token_, KnownBinding()).value();
  const Sealer impostor(NewKey(dek_id_, 1, 'x'));
  EXPECT_EQ(ReasonOf(impostor.Open(sealed, KnownBinding()).status()),
            "SEAL_BROKEN");
}

TEST_F(SealerTest, RefusesWhatIsNoEnvelope) {
  for (const std::string& junk :
       {std::string(), std::string("TKV1"), std::string(360, '\0'),
        std::string("1//refresh-token-example")}) {
    EXPECT_EQ(ReasonOf(sealer_.Open(junk, KnownBinding()).status()),
              "SEAL_BROKEN");
  }
}

TEST_F(SealerTest, RefusesASecretThatIsTooLarge) {
  EXPECT_EQ(
      ReasonOf(
          sealer_.Seal(Secret::OfSize(kMaxSealedPlaintext + 1), KnownBinding())
              .status()),
      "INTERNAL");
}

// Someone with write access to the database exchanges the blobs of every pair
// of rows. All rows are of one person, so that even the data key is the same.
TEST_F(SealerTest, RefusesEverySwapOfTwoRowsBlobs) {
  constexpr size_t kRows = 50;
  std::vector<Binding> places;
  std::vector<std::string> sealed;
  for (size_t row = 0; row < kRows; ++row) {
    Binding place = KnownBinding();
    place.connection = absl::StrCat("conn-", row / 2);
    place.row_version = row % 2;  // an older version of a row is a swap too
    places.push_back(place);
    sealed.push_back(sealer_.Seal(token_, place).value());
  }
  int refused = 0;
  for (size_t from = 0; from < kRows; ++from) {
    for (size_t to = 0; to < kRows; ++to) {
      const auto opened = sealer_.Open(sealed[from], places[to]);
      if (from == to) {
        EXPECT_TRUE(opened.ok());
      } else {
        refused += ReasonOf(opened.status()) == "SEAL_BROKEN";
      }
    }
  }
  EXPECT_EQ(refused, 2450);
}

TEST_F(SealerTest, ServesManyThreads) {
  constexpr int kThreads = 4;
  std::vector<int> failures(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([this, &failures, t] {
      Binding place = KnownBinding();
      for (int i = 0; i < 200; ++i) {
        place.row_version = static_cast<uint64_t>(t * 1000 + i);
        const auto sealed = sealer_.Seal(token_, place);
        const auto opened =
            sealed.ok() ? sealer_.Open(*sealed, place) : sealed.status();
        failures[t] += !opened.ok() || !opened->Equals(token_);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failures, std::vector<int>(kThreads, 0));
}

}  // namespace
}  // namespace tokenvault
