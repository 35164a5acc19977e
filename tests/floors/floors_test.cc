#include "tests/floors/floors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tokenvault {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(HouseTest, KeepsItsRules) {
  for (const std::string& breach : FindBreaches(TOKENVAULT_SOURCE_DIR)) {
    ADD_FAILURE() << breach;
  }
}

TEST(HouseTest, HasEveryFloor) {
  for (const char* floor : {"base", "crypto", "storage", "oauth", "vault",
                            "server", "cli", "verify"}) {
    EXPECT_TRUE(fs::exists(fs::path(TOKENVAULT_SOURCE_DIR) / floor)) << floor;
  }
}

// A small house of its own, in which breaches are planted.
class PlantedTest : public ::testing::Test {
 protected:
  PlantedTest() {
    std::string name = (fs::temp_directory_path() / "floors-XXXXXX").string();
    root_ = mkdtemp(name.data());
    Plant("tests/reveal.txt", "# files that may say it\n");
  }
  ~PlantedTest() override { fs::remove_all(root_); }

  void Plant(const std::string& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }

  // What is found when `file` has one line with this include.
  std::vector<std::string> Including(const std::string& file,
                                     const std::string& included) {
    Plant(file, "#include " + included + "\n");
    std::vector<std::string> found = FindBreaches(root_.string());
    fs::remove(root_ / file);
    return found;
  }

  std::vector<std::string> Find() { return FindBreaches(root_.string()); }

  fs::path root_;
};

TEST_F(PlantedTest, FindsNothingInAnEmptyHouse) {
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(PlantedTest, LetsAFloorStandOnThoseBelow) {
  EXPECT_THAT(Including("vault/a.cc", "\"storage/store.h\""), IsEmpty());
  EXPECT_THAT(Including("server/a.cc", "\"vault/broker.h\""), IsEmpty());
  EXPECT_THAT(Including("cli/a.cc", "\"tokenvault/v1/a.grpc.pb.h\""),
              IsEmpty());
  EXPECT_THAT(Including("base/a.cc", "\"google/rpc/status.pb.h\""), IsEmpty());
  EXPECT_THAT(Including("storage/a.cc", "\"absl/time/time.h\""), IsEmpty());
  EXPECT_THAT(Including("storage/a.cc", "<sys/stat.h>"), IsEmpty());
}

TEST_F(PlantedTest, FindsNeighboursThatMeet) {
  EXPECT_THAT(Including("crypto/a.cc", "\"storage/store.h\""),
              ElementsAre("crypto/a.cc:1: includes storage/store.h: not a "
                          "floor below crypto"));
  EXPECT_THAT(Including("oauth/a.h", "\"crypto/sealer.h\""),
              ::testing::SizeIs(1));
  EXPECT_THAT(Including("cli/a.cc", "\"server/web_server.h\""),
              ::testing::SizeIs(1));
}

TEST_F(PlantedTest, FindsALookUpwards) {
  EXPECT_THAT(Including("base/deep/a.cc", "\"vault/broker.h\""),
              ElementsAre("base/deep/a.cc:1: includes vault/broker.h: not a "
                          "floor below base"));
  EXPECT_THAT(Including("vault/a.cc", "\"tokenvault/v1/token_service.pb.h\""),
              ::testing::SizeIs(1));
}

TEST_F(PlantedTest, FindsAThirdPartyOnAnotherFloor) {
  EXPECT_THAT(Including("vault/a.cc", "<sqlite3.h>"),
              ElementsAre("vault/a.cc:1: includes sqlite3.h: sqlite3.h lives "
                          "elsewhere"));
  for (const char* header : {"<grpcpp/grpcpp.h>", "<curl/curl.h>",
                             "<boost/beast.hpp>", "<openssl/evp.h>"}) {
    EXPECT_THAT(Including("vault/a.cc", header), ::testing::SizeIs(1))
        << header;
  }
}

TEST_F(PlantedTest, FindsAThirdPartyHoweverItIsQuoted) {
  EXPECT_THAT(Including("vault/a.cc", "\"grpcpp/grpcpp.h\""),
              ::testing::SizeIs(1));
  EXPECT_THAT(Including("server/a.cc", "\"grpcpp/grpcpp.h\""), IsEmpty());
}

TEST_F(PlantedTest, FindsAThirdPartyThatNobodyLetIn) {
  EXPECT_THAT(Including("server/a.cc", "<microhttp/server.h>"),
              ElementsAre("server/a.cc:1: includes microhttp/server.h: "
                          "microhttp has not been let in"));
}

TEST_F(PlantedTest, FindsWhatAFloorMustNotKnow) {
  EXPECT_THAT(Including("storage/a.h", "\"base/secret.h\""),
              ::testing::SizeIs(1));
  EXPECT_THAT(Including("oauth/a.h", "\"base/clock.h\""), ::testing::SizeIs(1));
  EXPECT_THAT(Including("crypto/a.h", "\"absl/synchronization/mutex.h\""),
              ::testing::SizeIs(1));
}

TEST_F(PlantedTest, KeepsTheVerifierApartFromWhatItJudges) {
  EXPECT_THAT(Including("verify/a.cc", "\"crypto/checkpoint.h\""), IsEmpty());
  EXPECT_THAT(Including("verify/a.cc", "\"base/merkle_tree.h\""), IsEmpty());
  EXPECT_THAT(Including("verify/a.cc", "<nlohmann/json.hpp>"), IsEmpty());
  for (const char* included :
       {"\"storage/store.h\"", "\"vault/broker.h\"", "\"server/config.h\"",
        "\"cli/plain_text.h\"", "\"oauth/url.h\"", "\"google/rpc/status.pb.h\"",
        "<grpcpp/grpcpp.h>", "<sqlite3.h>", "<sodium.h>"}) {
    EXPECT_THAT(Including("verify/a.cc", included), ::testing::SizeIs(1))
        << included;
  }
  for (const char* floor : {"crypto/a.cc", "vault/a.cc", "server/a.cc"}) {
    EXPECT_THAT(Including(floor, "\"verify/report.h\""), ::testing::SizeIs(1));
  }
}

TEST_F(PlantedTest, FindsProductionThatIncludesTests) {
  EXPECT_THAT(Including("server/a.cc", "\"tests/support/fake_clock.h\""),
              ::testing::SizeIs(1));
}

TEST_F(PlantedTest, ReadsIncludesHoweverTheyAreSpaced) {
  Plant("base/a.cc", "\n  #  include\t<sqlite3.h> // why\n");
  EXPECT_THAT(Find(), ::testing::SizeIs(1));
}

TEST_F(PlantedTest, FindsCallsPastTheDoors) {
  Plant("vault/a.cc",
        "auto a = SystemClock().Now();\n"
        "auto b = absl::Now();\n"
        "auto c = std::getenv(\"HOME\");\n");
  EXPECT_THAT(Find(), ElementsAre("vault/a.cc:1: calls SystemClock()",
                                  "vault/a.cc:2: calls absl::Now()",
                                  "vault/a.cc:3: calls getenv()"));
}

TEST_F(PlantedTest, LetsTheWiringCallThem) {
  Plant("server/main.cc", "auto& a = SystemClock();\n");
  Plant("crypto/root_key.cc", "auto c = std::getenv(\"HOME\");\n");
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(PlantedTest, FindsAnUnlistedReveal) {
  Plant("oauth/a.cc", "\nuse(token.Reveal());\n");
  EXPECT_THAT(Find(), ElementsAre("oauth/a.cc:2: calls Reveal() and is not in "
                                  "tests/reveal.txt"));
}

TEST_F(PlantedTest, LetsAListedFileReveal) {
  Plant("tests/reveal.txt", "oauth/a.cc\n");
  Plant("oauth/a.cc", "use(token.Reveal());\n");
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(PlantedTest, FindsAListedFileThatNoLongerReveals) {
  Plant("tests/reveal.txt", "oauth/a.cc\n");
  EXPECT_THAT(Find(), ElementsAre("tests/reveal.txt: oauth/a.cc does not call "
                                  "Reveal()"));
}

TEST_F(PlantedTest, TakesNeitherCommentsNorLiteralsForCode) {
  Plant("vault/a.cc",
        "// #include <sqlite3.h> and SystemClock()\n"
        "/* token.Reveal()\n#include <curl/curl.h>\n */\n"
        "const char* a = \"\\\"Reveal()\";\n"
        "const char* b = R\"x(\" Reveal() absl::Now()\n)x\";\n"
        "int thousand = 1'000; char q = '\"';\n");
  EXPECT_THAT(Find(), IsEmpty());
}

TEST_F(PlantedTest, SeesCodeBehindALiteral) {
  Plant("vault/a.cc", "f(\"// not a comment\", '\\'', token.Reveal());\n");
  EXPECT_THAT(Find(), ::testing::SizeIs(1));
}

}  // namespace
}  // namespace tokenvault
