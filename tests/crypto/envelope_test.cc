#include "crypto/envelope.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "base/hash.h"
#include "crypto/envelope_internal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crypto/envelope_fixture.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

// ------------------------------------------------------------ known answers --

TEST_F(EnvelopeTest, DerivesTheKeysOfTheKnownAnswer) {
  envelope_internal::OneTimeKeys keys;
  envelope_internal::DeriveKeys(
      key_, absl::string_view(answer_.envelope).substr(0, kCommitmentAt),
      answer_.ad_digest, keys);
  EXPECT_EQ(keys.encryption_key(), answer_.enc_key);
  EXPECT_EQ(keys.commitment(), answer_.commitment);
}

TEST_F(EnvelopeTest, SealsTheKnownAnswer) {
  const auto envelope = envelope_internal::SealWithNonce(
      SealedObject::kRecord, Parent(), context_, answer_.plaintext,
      answer_.nonce);
  ASSERT_TRUE(envelope.ok());
  EXPECT_EQ(*envelope, answer_.envelope);
  EXPECT_EQ(Sha256(*envelope), answer_.envelope_sha256);
}

TEST_F(EnvelopeTest, OpensTheKnownAnswer) {
  const auto opened = Open(answer_.envelope);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->Reveal(), answer_.plaintext);
}

TEST_F(EnvelopeTest, SealsAndOpensTheKnownWraps) {
  const std::vector<SealContext> contexts = {
      SealContext::ForDataKey(KnownDataKeyBinding(), 5),
      SealContext::ForMasterKey(KnownBinding().deployment_id, 5, "file")};
  const std::vector<KnownAnswer> answers = WrapKnownAnswers();
  ASSERT_THAT(answers, SizeIs(contexts.size()));
  for (size_t i = 0; i < answers.size(); ++i) {
    const KnownAnswer& answer = answers[i];
    const ArenaKey key = KeyOf(*arena_, answer.key);
    const ParentKey parent = {
        .key = &key, .key_id = answer.key_id, .version = answer.key_version};
    const auto object = static_cast<SealedObject>(answer.object);
    const auto sealed = envelope_internal::SealWithNonce(
        object, parent, contexts[i], answer.plaintext, answer.nonce);
    ASSERT_TRUE(sealed.ok());
    EXPECT_EQ(*sealed, answer.envelope);
    const auto opened =
        OpenEnvelope(object, parent, contexts[i], answer.envelope);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->Reveal(), answer.plaintext);
  }
}

// ------------------------------------------------------------------ sealing --

TEST_F(EnvelopeTest, OpensWhatItSealed) {
  for (size_t size :
       {0, 1, 15, 16, 254, 255, 256, 257, 511, 512, 4096, 65790, 65791}) {
    const std::string plaintext(size, 'p');
    const auto envelope = Seal(plaintext);
    ASSERT_TRUE(envelope.ok()) << size;
    EXPECT_THAT(*envelope, SizeIs(kHeaderSize + 16 + (size / 256 + 1) * 256));
    const auto opened = Open(*envelope);
    ASSERT_TRUE(opened.ok()) << size;
    EXPECT_EQ(opened->Reveal(), plaintext);
  }
}

TEST_F(EnvelopeTest, OpensBytesOfEveryValue) {
  std::string plaintext;
  for (int byte = 0; byte < 256; ++byte) plaintext += static_cast<char>(byte);
  plaintext += std::string("\x80\0\0\0", 4);  // what padding looks like
  const auto opened = Open(Seal(plaintext).value());
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->Reveal(), plaintext);
}

TEST_F(EnvelopeTest, RefusesToSealMoreThanFits) {
  EXPECT_EQ(ReasonOf(Seal(std::string(65792, 'p')).status()), "INTERNAL");
}

TEST_F(EnvelopeTest, HidesTheLengthToWithinABlock) {
  EXPECT_EQ(Seal("a")->size(), Seal(std::string(255, 'a'))->size());
}

TEST_F(EnvelopeTest, UsesANonceOnce) {
  std::set<std::string> nonces;
  std::set<std::string> commitments;
  for (int i = 0; i < 1000; ++i) {
    const std::string envelope = Seal("token").value();
    nonces.insert(envelope.substr(kNonceAt, 24));
    commitments.insert(envelope.substr(kCommitmentAt, 32));
  }
  EXPECT_THAT(nonces, SizeIs(1000));
  EXPECT_THAT(commitments, SizeIs(1000));
}

// Should the generator ever repeat itself (a restored snapshot of a machine),
// two versions of one row are still sealed under two keys.
TEST_F(EnvelopeTest, DerivesOtherKeysForAnotherVersionOfTheRow) {
  Binding next = KnownBinding();
  next.row_version += 1;
  const auto first = envelope_internal::SealWithNonce(
      SealedObject::kRecord, Parent(), context_, answer_.plaintext,
      answer_.nonce);
  const auto second = envelope_internal::SealWithNonce(
      SealedObject::kRecord, Parent(), SealContext::ForRecord(next),
      answer_.plaintext, answer_.nonce);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->substr(0, kCommitmentAt), second->substr(0, kCommitmentAt));
  EXPECT_NE(first->substr(kCommitmentAt, 32),
            second->substr(kCommitmentAt, 32));
  EXPECT_NE(first->substr(kHeaderSize), second->substr(kHeaderSize));
}

TEST_F(EnvelopeTest, RefusesToSealWithoutAWholeParent) {
  const auto seal = [this](const ParentKey& parent) {
    return ReasonOf(
        SealEnvelope(SealedObject::kRecord, parent, context_, "token")
            .status());
  };
  ParentKey parent = Parent();
  parent.key_id.pop_back();
  EXPECT_EQ(seal(parent), "INTERNAL");
  parent = Parent();
  parent.key = nullptr;
  EXPECT_EQ(seal(parent), "INTERNAL");
  ArenaKey taken = KeyOfByte(*arena_, 'k');
  const ArenaKey taker = std::move(taken);
  parent.key = &taken;
  EXPECT_EQ(seal(parent), "INTERNAL");
}

TEST_F(EnvelopeTest, RefusesToSealInTheContextOfAnotherObject) {
  EXPECT_EQ(ReasonOf(SealEnvelope(SealedObject::kWrappedDek, Parent(), context_,
                                  "token")
                         .status()),
            "INTERNAL");
}

// ------------------------------------------------------------------- header --

TEST_F(EnvelopeTest, ReadsTheHeaderOfTheKnownAnswer) {
  const auto header = ParseEnvelopeHeader(answer_.envelope);
  ASSERT_TRUE(header.ok());
  EXPECT_EQ(header->object, SealedObject::kRecord);
  EXPECT_EQ(header->suite, 1);
  EXPECT_EQ(header->key_version, 3u);
  EXPECT_EQ(header->key_id, answer_.key_id);
}

TEST_F(EnvelopeTest, TakesOnlyWholeBlocks) {
  const std::string three_blocks = Seal(std::string(600, 'p')).value();
  for (size_t n = 272; n <= 784; ++n) {
    std::string cut = three_blocks.substr(0, kHeaderSize + n);
    cut[86] = static_cast<char>(n >> 8);
    cut[87] = static_cast<char>(n & 0xff);
    EXPECT_EQ(ParseEnvelopeHeader(cut).ok(), n % 256 == 16) << n;
  }
}

TEST_F(EnvelopeTest, RefusesUnknownValuesInTheHeader) {
  // Offset and the values that are known there.
  const std::vector<std::pair<size_t, std::set<int>>> fields = {
      {0, {'T'}},        {1, {'K'}}, {2, {'V'}}, {3, {'1'}},
      {4, {1, 2, 3, 4}}, {5, {1}},   {6, {0}},   {7, {0}},
      {84, {0}},         {85, {0}},  {86, {1}},  {87, {16}}};
  for (const auto& [offset, known] : fields) {
    for (int value = 0; value < 256; ++value) {
      std::string envelope = answer_.envelope;
      envelope[offset] = static_cast<char>(value);
      EXPECT_EQ(ParseEnvelopeHeader(envelope).ok(), known.contains(value))
          << offset << ": " << value;
    }
  }
}

}  // namespace
}  // namespace tokenvault
