#include "crypto/cosignature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sodium.h>

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/errors.h"
#include "crypto/big_endian.h"
#include "crypto/bytes.h"
#include "crypto/note_format.h"
#include "crypto/signed_note.h"

namespace tokenvault {
namespace {

constexpr char kSeen[] =
    "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
constexpr uint64_t kTime = 1679315147;

class CosignatureTest : public ::testing::Test {
 protected:
  CosignatureTest() {
    std::string public_key(crypto_sign_PUBLICKEYBYTES, '\0');
    crypto_sign_keypair(Bytes(public_key), Bytes(secret_key_));
    witness_ = {"witness.example/w1", public_key};
    const NoteKeyPair pair = NewNoteKeyPair();
    note_ = *SignNote(kSeen, {"log", pair.public_key}, pair.seed);
  }

  // What the witness would answer, about another time or text if told so.
  std::string Line(uint64_t time = kTime, const std::string& text = kSeen,
                   absl::string_view header = "cosignature/v1") {
    const std::string message =
        absl::StrCat(header, "\ntime ", time, "\n", text);
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(Bytes(signature), nullptr, Bytes(message),
                         message.size(), Bytes(secret_key_));
    std::string timed;
    AppendBigEndian(timed, time);
    return NoteSignatureLine(
        {witness_.name,
         NoteKeyId(witness_.name, NoteKeyType::kCosignature,
                   witness_.public_key),
         timed + signature});
  }

  std::string secret_key_ = std::string(crypto_sign_SECRETKEYBYTES, '\0');
  WitnessKey witness_;
  std::string note_;
};

TEST_F(CosignatureTest, TellsWhenTheWitnessSawIt) {
  auto time = CosignedAt(note_ + Line(), witness_);
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_EQ(*time, absl::FromUnixSeconds(kTime));
}

TEST_F(CosignatureTest, TellsTheFirstOfSeveralTimes) {
  auto time = CosignedAt(note_ + Line() + Line(kTime - 1), witness_);
  ASSERT_TRUE(time.ok()) << time.status();
  EXPECT_EQ(*time, absl::FromUnixSeconds(kTime - 1));
}

TEST_F(CosignatureTest, FindsNoneOfAWitnessThatDidNotSign) {
  auto none = CosignedAt(note_, witness_);
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
  const WitnessKey other{witness_.name, std::string(32, 'k')};
  none = CosignedAt(note_ + Line(), other);
  ASSERT_TRUE(none.ok());
  EXPECT_FALSE(none->has_value());
}

TEST_F(CosignatureTest, RefusesOneThatDoesNotHold) {
  const std::string other_root =
      "log\n1\nDsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  EXPECT_FALSE(CosignedAt(note_ + Line(kTime, other_root), witness_).ok());
  EXPECT_FALSE(
      CosignedAt(note_ + Line(kTime, kSeen, "cosignature/v2"), witness_).ok());
  EXPECT_FALSE(CosignedAt(note_ + Line(uint64_t{1} << 63), witness_).ok());
  EXPECT_FALSE(CosignedAt(note_ + Line() + Line(1, other_root), witness_).ok());
}

TEST_F(CosignatureTest, RefusesEveryChangedByteOfItsLine) {
  const std::string line = Line();
  for (size_t i = 0; i < line.size(); ++i) {
    std::string changed = line;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    auto time = CosignedAt(note_ + changed, witness_);
    // With another name or key id it is somebody else's, whom nobody asked.
    EXPECT_FALSE(time.ok() && time->has_value()) << i;
  }
}

TEST_F(CosignatureTest, KeepsTheKeysOfNotesAndOfWitnessesApart) {
  const NoteVerifier signer{witness_.name, witness_.public_key};
  auto read = WitnessKey::Parse(witness_.ToString());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->public_key, witness_.public_key);
  EXPECT_EQ(ReasonOf(WitnessKey::Parse(signer.ToString()).status()),
            "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(NoteVerifier::Parse(witness_.ToString()).status()),
            "FIELD_INVALID");
  EXPECT_FALSE(OpenNote(note_ + Line(), signer).ok());
}

TEST_F(CosignatureTest, IsAddedToANoteOnce) {
  auto both = AddNoteSignatures(note_, Line());
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(*both, note_ + Line());
  both = AddNoteSignatures(*both, Line() + Line(kTime + 1));
  ASSERT_TRUE(both.ok()) << both.status();
  EXPECT_EQ(*both, note_ + Line() + Line(kTime + 1));
}

TEST_F(CosignatureTest, AddsNothingThatIsNoSignature) {
  const std::string line = Line();
  for (const std::string& more :
       {std::string(), std::string("\n"), line.substr(0, line.size() - 1),
        line + "\n", "text\n\n" + line, line + "text\n"}) {
    EXPECT_EQ(ReasonOf(AddNoteSignatures(note_, more).status()),
              "FIELD_INVALID")
        << more;
  }
}

}  // namespace
}  // namespace tokenvault
