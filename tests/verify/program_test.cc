#include "verify/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "tests/support/temp_folder.h"
#include "tests/verify/written_log.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class VerifyProgramTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.File(name), std::ios::binary) << text;
    return folder_.File(name);
  }
  int Run(const std::vector<std::string>& arguments, bool terminal = false) {
    FILE* const out = tmpfile();
    FILE* const err = tmpfile();
    const int code = RunVerify(arguments, out, err, terminal);
    out_ = TextOf(out);
    err_ = TextOf(err);
    return code;
  }

  const TempFolder folder_;
  WrittenLog log_{20, {5, 10, 20}};
  std::string out_;
  std::string err_;

 private:
  static std::string TextOf(FILE* file) {
    std::string text(static_cast<size_t>(ftell(file)), '\0');
    EXPECT_EQ(fseek(file, 0, SEEK_SET), 0);
    text.resize(fread(text.data(), 1, text.size(), file));
    fclose(file);
    return text;
  }
};

TEST_F(VerifyProgramTest, EndsWithNothingToSayAgainstAGoodExport) {
  const std::string file = Write("e", TextOfLines(log_.Export()));
  EXPECT_EQ(Run({"--key", log_.key(), file}), kVerified);
  EXPECT_THAT(out_, HasSubstr("leaves 1 to 20"));
  EXPECT_EQ(err_, "");
}

TEST_F(VerifyProgramTest, TakesKeysAndCheckpointsFromFiles) {
  const std::string file = Write("e", TextOfLines(log_.Export()));
  const std::string key = Write("k", log_.key() + "\n");
  const std::string kept = Write("c", log_.note(20));
  EXPECT_EQ(Run({"--key=" + key, "--witnessed", kept, file}), kVerified);
  EXPECT_THAT(out_, HasSubstr("witnessed by " + kept));
}

TEST_F(VerifyProgramTest, SaysWhereTheDamageIs) {
  std::vector<std::string> lines = log_.Export();
  lines[LineOfLeaf(lines, 7)] = R"({"action":"x"})";
  const std::string file = Write("e", TextOfLines(lines));
  EXPECT_EQ(Run({"--key", log_.key(), file}), kVerifyFailed);
  EXPECT_THAT(out_, HasSubstr("leaves 6 to 10"));
  EXPECT_THAT(err_,
              StartsWith("tokenvault-audit-verify: 1 fault found\nhint: "));
  EXPECT_EQ(Run({"--format", "json", file}), kVerifyFailed);
  EXPECT_THAT(out_, StartsWith("{"));
}

TEST_F(VerifyProgramTest, TellsALocalMistakeFromAFault) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{
           {},
           {"--nothing", "x"},
           {"--key"},
           {"--key", "no key", folder_.File("e")},
           {"--witnessed", folder_.File("none"), folder_.File("e")},
           {"--format", "xml", folder_.File("e")},
           {folder_.File("none")},
           {folder_.path()},
           {"--proof", folder_.File("none")},
           {"--leaf", Write("l", "x"), folder_.File("e")}}) {
    EXPECT_EQ(Run(arguments), kVerifyLocalMistake);
    EXPECT_EQ(out_, "");
    EXPECT_THAT(err_, StartsWith("tokenvault-audit-verify: "));
    EXPECT_THAT(err_, HasSubstr("\nhint: "));
  }
}

TEST_F(VerifyProgramTest, CallsAFileOfAnotherKindAFault) {
  EXPECT_EQ(Run({Write("e", "not an export\n")}), kVerifyFailed);
  EXPECT_EQ(Run({Write("e", "")}), kVerifyFailed);
}

TEST_F(VerifyProgramTest, SeesALastLineThatWasCutOff) {
  std::string text = TextOfLines(log_.Export());
  text.pop_back();
  EXPECT_EQ(Run({Write("e", text)}), kVerifyFailed);
  EXPECT_THAT(out_, HasSubstr("has no line end"));
}

TEST_F(VerifyProgramTest, ChecksAProof) {
  const std::string proof = Write("p", log_.Proof(7, 10));
  EXPECT_EQ(Run({"--key", log_.key(), "--proof", proof}), kVerified);
  EXPECT_THAT(out_, HasSubstr("leaf 7 is in the log"));
  const std::string leaf = Write("l", log_.leaf(7) + "\n");
  EXPECT_EQ(Run({"--key", log_.key(), "--proof", proof, "--leaf", leaf}),
            kVerified);
  EXPECT_EQ(Run({"--key", log_.key(), "--proof", proof, "--format", "json"}),
            kVerified);
  EXPECT_THAT(out_, ::testing::StartsWith(R"({"ok":true,"leaf":7,"size":10,)"));
}

TEST_F(VerifyProgramTest, RefusesAProofOfAnythingElse) {
  const std::string proof = log_.Proof(7, 10);
  const std::string other_leaf = Write("l", log_.leaf(8));
  EXPECT_EQ(Run({"--key", log_.key(), "--proof", Write("p", proof), "--leaf",
                 other_leaf}),
            kVerifyFailed);
  const std::string other_index =
      absl::StrReplaceAll(proof, {{"index 6", "index 7"}});
  EXPECT_EQ(Run({"--key", log_.key(), "--proof", Write("p", other_index)}),
            kVerifyFailed);
  const NoteVerifier stranger{"tokenvault-test", NewNoteKeyPair().public_key};
  EXPECT_EQ(Run({"--key", stranger.ToString(), "--proof", Write("p", proof)}),
            kVerifyFailed);
  EXPECT_THAT(err_, HasSubstr("not signed by this key"));
}

TEST_F(VerifyProgramTest, ShowsHelpAndVersion) {
  EXPECT_EQ(Run({"--help"}), kVerified);
  EXPECT_THAT(out_, HasSubstr("usage: tokenvault-audit-verify"));
  EXPECT_EQ(Run({"--version"}), kVerified);
}

}  // namespace
}  // namespace tokenvault
