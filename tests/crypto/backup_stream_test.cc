#include "crypto/backup_stream.h"

#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class BackupStreamTest : public ::testing::Test {
 protected:
  // Three chunks: what comes before is bound to the first.
  std::vector<std::string> Seal(StreamSealer& sealer) {
    return {sealer.Seal("first", StreamChunk::kMore, "before"),
            sealer.Seal("second", StreamChunk::kMore),
            sealer.Seal("third", StreamChunk::kLast)};
  }
  // What opens before something does not.
  std::vector<std::string> Open(const std::string& header,
                                const std::vector<std::string>& sealed,
                                const std::string& associated = "before") {
    StreamOpener opener(key_, header);
    std::vector<std::string> chunks;
    for (size_t i = 0; i < sealed.size(); ++i) {
      auto opened = opener.Open(sealed[i], i == 0 ? associated : "");
      if (!opened.ok()) {
        EXPECT_EQ(ReasonOf(opened.status()), "SEAL_BROKEN");
        break;
      }
      chunks.push_back(std::move(opened->chunk));
    }
    return chunks;
  }

  const std::unique_ptr<SecretArena> arena_ = NewTestArena();
  const ArenaKey key_ = KeyOfByte(*arena_, 'k');
  StreamSealer sealer_{key_};
  const std::vector<std::string> sealed_ = Seal(sealer_);
};

TEST_F(BackupStreamTest, OpensWhatWasSealed) {
  EXPECT_THAT(Open(sealer_.header(), sealed_),
              ElementsAre("first", "second", "third"));
}

TEST_F(BackupStreamTest, TellsTheLastChunkFromTheOthers) {
  StreamOpener opener(key_, sealer_.header());
  EXPECT_EQ(opener.Open(sealed_[0], "before")->which, StreamChunk::kMore);
  EXPECT_EQ(opener.Open(sealed_[1])->which, StreamChunk::kMore);
  EXPECT_EQ(opener.Open(sealed_[2])->which, StreamChunk::kLast);
}

TEST_F(BackupStreamTest, OpensNothingAfterTheLastChunk) {
  StreamSealer again(key_);
  std::vector<std::string> longer = sealed_;
  longer.push_back(again.Seal("fourth", StreamChunk::kMore));
  EXPECT_THAT(Open(sealer_.header(), longer),
              ElementsAre("first", "second", "third"));
}

TEST_F(BackupStreamTest, RefusesAFlippedBitAnywhere) {
  for (size_t i = 0; i < sealed_[1].size(); ++i) {
    std::vector<std::string> changed = sealed_;
    changed[1][i] = static_cast<char>(changed[1][i] ^ 1);
    EXPECT_THAT(Open(sealer_.header(), changed), ElementsAre("first")) << i;
  }
  for (size_t i = 0; i < kStreamHeaderSize; ++i) {
    std::string header = sealer_.header();
    header[i] = static_cast<char>(header[i] ^ 1);
    EXPECT_THAT(Open(header, sealed_), IsEmpty()) << i;
  }
}

TEST_F(BackupStreamTest, RefusesChunksThatChangedPlaces) {
  EXPECT_THAT(Open(sealer_.header(), {sealed_[0], sealed_[2], sealed_[1]}),
              ElementsAre("first"));
  EXPECT_THAT(Open(sealer_.header(), {sealed_[1], sealed_[0], sealed_[2]}),
              IsEmpty());
}

TEST_F(BackupStreamTest, RefusesAChunkThatIsLeftOutOrDoubled) {
  EXPECT_THAT(Open(sealer_.header(), {sealed_[0], sealed_[2]}),
              ElementsAre("first"));
  EXPECT_THAT(Open(sealer_.header(), {sealed_[0], sealed_[0], sealed_[1]}),
              ElementsAre("first"));
}

TEST_F(BackupStreamTest, RefusesAShorterChunk) {
  for (size_t size = 0; size < sealed_[0].size(); ++size) {
    EXPECT_THAT(Open(sealer_.header(), {sealed_[0].substr(0, size)}), IsEmpty())
        << size;
  }
}

TEST_F(BackupStreamTest, RefusesAnotherStreamOfTheSameKey) {
  StreamSealer other(key_);
  const std::vector<std::string> theirs = Seal(other);
  EXPECT_THAT(Open(other.header(), sealed_), IsEmpty());
  EXPECT_THAT(Open(sealer_.header(), {sealed_[0], theirs[1], theirs[2]}),
              ElementsAre("first"));
}

TEST_F(BackupStreamTest, RefusesAnotherKeyOrBeginning) {
  EXPECT_THAT(Open(sealer_.header(), sealed_, "other"), IsEmpty());
  const ArenaKey other = KeyOfByte(*arena_, 'o');
  StreamOpener opener(other, sealer_.header());
  EXPECT_EQ(ReasonOf(opener.Open(sealed_[0], "before").status()),
            "SEAL_BROKEN");
}

TEST_F(BackupStreamTest, StaysBrokenOnceItWas) {
  StreamOpener opener(key_, sealer_.header());
  EXPECT_FALSE(opener.Open(sealed_[1], "before").ok());
  EXPECT_FALSE(opener.Open(sealed_[0], "before").ok());
}

}  // namespace
}  // namespace tokenvault
