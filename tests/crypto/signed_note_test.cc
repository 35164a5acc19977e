#include "crypto/signed_note.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

// The example of the note package of Go, which other implementations use too.
constexpr char kKey[] =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr char kSeed[] = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
constexpr char kText[] =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n";
constexpr char kSignature[] =
    "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZIn"
    "NIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

class SignedNoteTest : public ::testing::Test {
 protected:
  std::string ProblemOf(const std::string& note) const {
    auto opened = OpenNote(note, verifier_);
    return opened.ok() ? "" : std::string(opened.status().message());
  }
  static std::string Seed() {
    std::string seed;
    absl::Base64Unescape(kSeed, &seed);
    return seed;
  }

  const NoteVerifier verifier_ = *NoteVerifier::Parse(kKey);
  const std::string note_ = absl::StrCat(kText, "\n", kSignature);
};

TEST_F(SignedNoteTest, OpensTheKnownNote) {
  auto text = OpenNote(note_, verifier_);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, kText);
}

TEST_F(SignedNoteTest, SignsTheKnownNote) {
  auto note = SignNote(kText, verifier_, Secret(Seed()));
  ASSERT_TRUE(note.ok()) << note.status();
  EXPECT_EQ(*note, note_);
}

TEST_F(SignedNoteTest, WritesAKeyAsItWasRead) {
  EXPECT_EQ(verifier_.name, "PeterNeumann");
  EXPECT_EQ(verifier_.ToString(), kKey);
}

TEST_F(SignedNoteTest, RefusesAnotherKey) {
  NoteKeyPair pair = NewNoteKeyPair();
  const NoteVerifier other{"PeterNeumann", pair.public_key};
  EXPECT_EQ(ReasonOf(OpenNote(note_, other).status()), "FIELD_INVALID");
  // Nor does the seed of one key sign for another.
  EXPECT_EQ(ReasonOf(SignNote(kText, other, Secret(Seed())).status()),
            "INTERNAL");
  auto own = SignNote(kText, other, pair.seed);
  ASSERT_TRUE(own.ok());
  EXPECT_TRUE(OpenNote(*own, other).ok());
  EXPECT_THAT(ProblemOf(*own), ::testing::HasSubstr("not signed by this key"));
}

TEST_F(SignedNoteTest, RefusesEveryChangedByte) {
  for (size_t i = 0; i < note_.size(); ++i) {
    std::string changed = note_;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(OpenNote(changed, verifier_).ok()) << i;
  }
}

TEST_F(SignedNoteTest, RefusesEveryShorterNote) {
  for (size_t size = 0; size < note_.size(); ++size) {
    EXPECT_FALSE(OpenNote(note_.substr(0, size), verifier_).ok()) << size;
  }
}

TEST_F(SignedNoteTest, LooksPastTheSignaturesOfOthers) {
  NoteKeyPair pair = NewNoteKeyPair();
  auto other = SignNote(kText, {"witness", pair.public_key}, pair.seed);
  ASSERT_TRUE(other.ok());
  const std::string line = other->substr(other->find("\n\n") + 2);
  EXPECT_TRUE(OpenNote(absl::StrCat(note_, line), verifier_).ok());
  EXPECT_TRUE(
      OpenNote(absl::StrCat(kText, "\n", line, kSignature), verifier_).ok());
  EXPECT_FALSE(
      OpenNote(absl::StrCat(note_, "a line of no form\n"), verifier_).ok());
}

TEST_F(SignedNoteTest, RefusesASignatureThatIsThereTwice) {
  EXPECT_THAT(ProblemOf(absl::StrCat(note_, kSignature)),
              ::testing::HasSubstr("twice"));
}

TEST_F(SignedNoteTest, RefusesASignatureThatIsWrittenInAnotherWay) {
  for (const char* end : {"AN=\n", "AM\n", "AM= \n", "AM=\n\n"}) {
    EXPECT_FALSE(
        OpenNote(absl::StrReplaceAll(note_, {{"AM=\n", end}}), verifier_).ok())
        << end;
  }
}

TEST_F(SignedNoteTest, SignsNoTextThatEndsTwice) {
  for (const char* text : {"", "no end", "two\n\nparts\n"}) {
    EXPECT_EQ(ReasonOf(SignNote(text, verifier_, Secret(Seed())).status()),
              "INTERNAL")
        << text;
  }
}

TEST(NoteVerifierTest, RefusesWhatIsNoKey) {
  for (const std::string& text :
       {std::string(), std::string("PeterNeumann"),
        std::string("PeterNeumann+c74f20a3"),
        absl::StrReplaceAll(kKey, {{"c74f20a3", "c74f20a4"}}),
        absl::StrReplaceAll(kKey, {{"PeterNeumann", "Peter Neumann"}}),
        absl::StrReplaceAll(kKey, {{"+AR", "+Ah"}})}) {
    EXPECT_EQ(ReasonOf(NoteVerifier::Parse(text).status()), "FIELD_INVALID")
        << text;
  }
}

}  // namespace
}  // namespace tokenvault
