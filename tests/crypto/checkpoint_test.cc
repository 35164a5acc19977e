#include "crypto/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_replace.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

// The example of tlog-checkpoint.
constexpr char kSofa[] =
    "example.com/behind-the-sofa\n20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

TEST(CheckpointTest, ReadsTheKnownOne) {
  auto checkpoint = Checkpoint::Parse(kSofa);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->origin, "example.com/behind-the-sofa");
  EXPECT_EQ(checkpoint->size, 20852163);
  EXPECT_EQ(checkpoint->root.size(), 32);
  EXPECT_EQ(checkpoint->ToText(), kSofa);
}

TEST(CheckpointTest, ReadsThatOfAnEmptyLog) {
  const std::string empty = Checkpoint{"log", 0, std::string(32, 'r')}.ToText();
  EXPECT_TRUE(Checkpoint::Parse(empty).ok());
}

TEST(CheckpointTest, RefusesEveryOtherWayOfWritingIt) {
  const std::string sofa = kSofa;
  for (const std::string& text : {
           std::string(),
           sofa + "an extension\n",
           sofa + "\n",
           sofa.substr(0, sofa.size() - 1),
           absl::StrReplaceAll(sofa, {{"\n2", "\n02"}}),
           absl::StrReplaceAll(sofa, {{"\n2", "\n+2"}}),
           absl::StrReplaceAll(sofa, {{"\n2", "\n 2"}}),
           absl::StrReplaceAll(sofa, {{"\n2", "\n-2"}}),
           absl::StrReplaceAll(sofa, {{"163\n", "163163163163163\n"}}),
           absl::StrReplaceAll(sofa, {{"I=\n", "J=\n"}}),
           absl::StrReplaceAll(sofa, {{"I=\n", "I\n"}}),
           absl::StrReplaceAll(sofa, {{"\nCsUY", "\n"}}),
           absl::StrReplaceAll(sofa, {{"example", ""}, {".com/", ""}}) + "x",
           absl::StrReplaceAll(sofa, {{"behind-", "behind "}}),
       }) {
    EXPECT_EQ(ReasonOf(Checkpoint::Parse(text).status()), "FIELD_INVALID")
        << text;
  }
}

class OpenCheckpointTest : public ::testing::Test {
 protected:
  std::string Sign(const std::string& text) const {
    return *SignNote(text, log_, pair_.seed);
  }

  const NoteKeyPair pair_ = NewNoteKeyPair();
  const NoteVerifier log_{"example.com/behind-the-sofa", pair_.public_key};
};

TEST_F(OpenCheckpointTest, OpensOneOfTheLog) {
  auto checkpoint = OpenCheckpoint(Sign(kSofa), log_);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  EXPECT_EQ(checkpoint->size, 20852163);
}

TEST_F(OpenCheckpointTest, RefusesOneOfAnotherLogUnderThisKey) {
  const std::string other = absl::StrReplaceAll(kSofa, {{"sofa", "bed"}});
  auto checkpoint = OpenCheckpoint(Sign(other), log_);
  EXPECT_THAT(std::string(checkpoint.status().message()),
              ::testing::HasSubstr("another log"));
}

TEST_F(OpenCheckpointTest, RefusesAnotherKey) {
  const NoteVerifier other{log_.name, NewNoteKeyPair().public_key};
  EXPECT_FALSE(OpenCheckpoint(Sign(kSofa), other).ok());
}

}  // namespace
}  // namespace tokenvault
