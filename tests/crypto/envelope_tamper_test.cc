// What must not open: every change to an envelope, its place or its parent.
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/errors.h"
#include "crypto/envelope.h"
#include "crypto/envelope_internal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/crypto/envelope_fixture.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

using EnvelopeTamperTest = EnvelopeTest;

// The bytes, ended by a page that nobody may touch: reading one too many
// crashes the test.
class GuardedCopy {
 public:
  explicit GuardedCopy(absl::string_view bytes) : size_(bytes.size()) {
    const size_t page = static_cast<size_t>(getpagesize());
    usable_ = (bytes.size() + page) / page * page;
    void* area = mmap(nullptr, usable_ + page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(area, MAP_FAILED);
    begin_ = static_cast<char*>(area);
    EXPECT_EQ(mprotect(begin_ + usable_, page, PROT_NONE), 0);
    if (size_ > 0) std::memcpy(begin_ + usable_ - size_, bytes.data(), size_);
  }
  ~GuardedCopy() {
    munmap(begin_, usable_ + static_cast<size_t>(getpagesize()));
  }
  GuardedCopy(const GuardedCopy&) = delete;
  GuardedCopy& operator=(const GuardedCopy&) = delete;

  absl::string_view bytes() const { return {begin_ + usable_ - size_, size_}; }

 private:
  const size_t size_;
  size_t usable_ = 0;
  char* begin_ = nullptr;
};

TEST_F(EnvelopeTamperTest, RefusesEverySingleFlippedBit) {
  ASSERT_THAT(answer_.envelope, SizeIs(360));
  int refused = 0;
  for (size_t bit = 0; bit < 8 * answer_.envelope.size(); ++bit) {
    std::string flipped = answer_.envelope;
    flipped[bit / 8] ^= static_cast<char>(1 << bit % 8);
    refused += ReasonToOpen(flipped) == "SEAL_BROKEN";
  }
  EXPECT_EQ(refused, 2880);
}

TEST_F(EnvelopeTamperTest, RefusesEveryTruncationWithoutReadingPastIt) {
  for (size_t size = 0; size < answer_.envelope.size(); ++size) {
    const GuardedCopy cut(absl::string_view(answer_.envelope).substr(0, size));
    EXPECT_EQ(ReasonToOpen(cut.bytes()), "SEAL_BROKEN") << size;
    EXPECT_EQ(ReasonOf(ParseEnvelopeHeader(cut.bytes()).status()),
              "SEAL_BROKEN")
        << size;
  }
  const GuardedCopy whole(answer_.envelope);
  EXPECT_EQ(ReasonToOpen(whole.bytes()), "");
}

TEST_F(EnvelopeTamperTest, RefusesATruncationWhoseLengthSaysSo) {
  for (size_t size = kHeaderSize; size < answer_.envelope.size(); ++size) {
    std::string cut = answer_.envelope.substr(0, size);
    const size_t n = size - kHeaderSize;
    cut[86] = static_cast<char>(n >> 8);
    cut[87] = static_cast<char>(n & 0xff);
    const GuardedCopy guarded(cut);
    EXPECT_EQ(ReasonToOpen(guarded.bytes()), "SEAL_BROKEN") << size;
  }
}

TEST_F(EnvelopeTamperTest, RefusesEveryExtension) {
  for (size_t more = 1; more <= 600; ++more) {
    for (char filler : {'\0', 'x'}) {
      EXPECT_EQ(ReasonToOpen(answer_.envelope + std::string(more, filler)),
                "SEAL_BROKEN")
          << more;
    }
  }
  std::string block = answer_.envelope + std::string(256, '\0');
  block[86] = 0x02;  // and the length says so
  EXPECT_EQ(ReasonToOpen(block), "SEAL_BROKEN");
}

TEST_F(EnvelopeTamperTest, RefusesAnEnvelopeBeyondTheLimit) {
  std::string large = Seal(std::string(65791, 'p')).value();
  ASSERT_TRUE(ParseEnvelopeHeader(large).ok());
  large += std::string(256, '\0');
  large[85] = 0x01;
  large[86] = 0x02;
  large[87] = 0x10;
  EXPECT_EQ(ReasonOf(ParseEnvelopeHeader(large).status()), "SEAL_BROKEN");
}

TEST_F(EnvelopeTamperTest, RefusesEveryOtherPlace) {
  std::vector<Binding> others(8, KnownBinding());
  others[0].deployment_id[0] ^= 1;
  others[1].tenant = TenantId("tenant-b");
  others[2].subject = "user-2";
  others[3].connection = "conn-43";
  others[4].issuer = "https://issuer.example/";
  others[5].purpose = "client_secret";
  others[6].row_version = 8;
  others[7].schema = 2;
  for (size_t i = 0; i < others.size(); ++i) {
    EXPECT_EQ(ReasonOf(OpenEnvelope(SealedObject::kRecord, Parent(),
                                    SealContext::ForRecord(others[i]),
                                    answer_.envelope)
                           .status()),
              "SEAL_BROKEN")
        << "tag " << i + 1;
  }
}

TEST_F(EnvelopeTamperTest, RefusesEveryOtherParent) {
  const ArenaKey other_key = KeyOfByte(*arena_, 'k');
  std::vector<ParentKey> others(6, Parent());
  others[0].key = &other_key;
  others[1].key_id[15] ^= 1;
  others[2].version += 1;
  others[3].key = nullptr;
  others[4].key_id = "";
  ArenaKey taken = KeyOfByte(*arena_, 'k');
  const ArenaKey taker = std::move(taken);
  others[5].key = &taken;
  for (size_t i = 0; i < others.size(); ++i) {
    EXPECT_EQ(ReasonOf(OpenEnvelope(SealedObject::kRecord, others[i], context_,
                                    answer_.envelope)
                           .status()),
              "SEAL_BROKEN")
        << i;
  }
}

TEST_F(EnvelopeTamperTest, RefusesARecordWhereAKeyIsWanted) {
  const SealContext place = SealContext::ForDataKey(KnownDataKeyBinding(), 3);
  EXPECT_EQ(ReasonOf(OpenEnvelope(SealedObject::kWrappedDek, Parent(), place,
                                  answer_.envelope)
                         .status()),
            "SEAL_BROKEN");
  EXPECT_EQ(ReasonOf(OpenEnvelope(SealedObject::kWrappedDek, Parent(), context_,
                                  answer_.envelope)
                         .status()),
            "SEAL_BROKEN");
}

// XChaCha20-Poly1305 does not commit to its key: this ciphertext was made to
// open, padding and all, under the one-time keys of two data keys. The
// commitment is what tells them apart.
TEST_F(EnvelopeTamperTest, RefusesTheSecondKeyOfATwoKeyCiphertext) {
  const auto json = nlohmann::json::parse(ReadTestData("tkv1-two-keys.json"));
  const auto bytes = [&json](const char* field) {
    return HexDecode(json.at(field).get<std::string>()).value();
  };
  const std::string envelope = bytes("envelope");
  ASSERT_EQ(bytes("context"), context_.bytes());
  const ArenaKey first = KeyOf(*arena_, bytes("first_key"));
  const ArenaKey second = KeyOf(*arena_, bytes("second_key"));

  std::vector<std::string> plaintexts;
  for (const ArenaKey* key : {&first, &second}) {
    envelope_internal::OneTimeKeys keys;
    envelope_internal::DeriveKeys(*key, envelope.substr(0, kCommitmentAt),
                                  context_.Digest(), keys);
    const std::string associated =
        envelope.substr(0, kHeaderSize) + context_.Digest();
    const auto* raw = reinterpret_cast<const unsigned char*>(envelope.data());
    std::string padded(256, '\0');
    // The bare cipher takes both.
    ASSERT_EQ(crypto_aead_xchacha20poly1305_ietf_decrypt(
                  reinterpret_cast<unsigned char*>(padded.data()), nullptr,
                  nullptr, raw + kHeaderSize, 272,
                  reinterpret_cast<const unsigned char*>(associated.data()),
                  associated.size(), raw + kNonceAt,
                  reinterpret_cast<const unsigned char*>(
                      keys.encryption_key().data())),
              0);
    size_t size = 0;
    ASSERT_EQ(sodium_unpad(
                  &size, reinterpret_cast<const unsigned char*>(padded.data()),
                  padded.size(), 256),
              0);
    plaintexts.push_back(padded.substr(0, size));
  }
  EXPECT_NE(plaintexts[0], plaintexts[1]);

  ParentKey parent = {.key = &first,
                      .key_id = bytes("key_id"),
                      .version = json.at("key_version").get<uint32_t>()};
  const auto opened =
      OpenEnvelope(SealedObject::kRecord, parent, context_, envelope);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->Reveal(), plaintexts[0]);
  parent.key = &second;
  EXPECT_EQ(
      ReasonOf(OpenEnvelope(SealedObject::kRecord, parent, context_, envelope)
                   .status()),
      "SEAL_BROKEN");
}

// Sealed by someone who has the key, yet without our padding.
TEST_F(EnvelopeTamperTest, RefusesAPlaintextWithoutPadding) {
  envelope_internal::OneTimeKeys keys;
  envelope_internal::DeriveKeys(key_, answer_.envelope.substr(0, kCommitmentAt),
                                answer_.ad_digest, keys);
  const std::string associated =
      answer_.envelope.substr(0, kHeaderSize) + answer_.ad_digest;
  for (const std::string& padded :
       {std::string(256, '\0'), std::string(256, 'p'),
        std::string(255, '\0') + '\x81'}) {
    std::string envelope = answer_.envelope;
    auto* raw = reinterpret_cast<unsigned char*>(envelope.data());
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        raw + kHeaderSize, nullptr,
        reinterpret_cast<const unsigned char*>(padded.data()), padded.size(),
        reinterpret_cast<const unsigned char*>(associated.data()),
        associated.size(), nullptr, raw + kNonceAt,
        reinterpret_cast<const unsigned char*>(keys.encryption_key().data()));
    EXPECT_EQ(ReasonToOpen(envelope), "SEAL_BROKEN");
  }
}

}  // namespace
}  // namespace tokenvault
