#include "verify/kept_checkpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/errors.h"
#include "tests/support/temp_folder.h"
#include "tests/verify/written_log.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

class KeptNotesTest : public ::testing::Test {
 protected:
  std::vector<KeptCheckpoint> Kept() {
    return notes_.Of(log_.verifier(), witnesses_, report_);
  }

  WrittenLog log_{20, {5, 10, 20}};
  std::vector<WitnessKey> witnesses_;
  KeptNotes notes_;
  Report report_;
  const TempFolder folder_;
};

TEST_F(KeptNotesTest, ReadsNotesOneAfterAnother) {
  for (const char* between : {"", "\n", "\n\n"}) {
    KeptNotes notes;
    ASSERT_TRUE(
        notes.Add(log_.note(10) + between + log_.note(5) + between, "x", "x")
            .ok());
    EXPECT_THAT(notes.Of(log_.verifier(), {}, report_),
                ElementsAre(Field(&KeptCheckpoint::size, 5),
                            Field(&KeptCheckpoint::size, 10)));
  }
}

TEST_F(KeptNotesTest, ReadsAFolderButForItsHiddenFiles) {
  std::ofstream(folder_.File("a")) << log_.note(5);
  std::ofstream(folder_.File("b")) << log_.note(20);
  std::ofstream(folder_.File(".b.tmp")) << "half a no";
  ASSERT_TRUE(notes_.Read(folder_.path()).ok());
  EXPECT_THAT(Kept(), ElementsAre(Field(&KeptCheckpoint::size, 5),
                                  Field(&KeptCheckpoint::size, 20)));
  EXPECT_EQ(Kept()[0].by, folder_.path());
}

TEST_F(KeptNotesTest, RefusesWhatIsNotMadeOfNotes) {
  for (const std::string& text :
       {std::string("x"), std::string("x\n"), std::string("a\n1\nb\n\n"),
        log_.note(5) + "x\n", log_.note(5).substr(0, 40)}) {
    EXPECT_EQ(ReasonOf(KeptNotes().Add(text, "x", "x")), "FIELD_INVALID")
        << text;
  }
  EXPECT_FALSE(notes_.Read(folder_.File("none")).ok());
}

TEST_F(KeptNotesTest, LeavesOutOtherLogs) {
  const NoteKeyPair pair = NewNoteKeyPair();
  const std::string other =
      "other\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
  ASSERT_TRUE(notes_
                  .Add(*SignNote(other, {"other", pair.public_key}, pair.seed),
                       "x", "x")
                  .ok());
  EXPECT_THAT(Kept(), IsEmpty());
  EXPECT_TRUE(report_.ok());
}

TEST_F(KeptNotesTest, NamesTheWitnessThatCosigned) {
  const TestWitness witness("w.example");
  witnesses_ = {witness.key()};
  log_.Cosign(10, witness, 1'700'000'000);
  ASSERT_TRUE(notes_.Add(log_.note(10), "x", "x").ok());
  EXPECT_THAT(Kept(), ElementsAre(Field(&KeptCheckpoint::by, "w.example")));
}

}  // namespace
}  // namespace tokenvault
