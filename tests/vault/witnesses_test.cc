#include "vault/witnesses.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "storage/open_store.h"
#include "tests/support/seen_log.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr char kWitnessUrl[] = "https://witness.test/log";
// A vkey of https://c2sp.org/tlog-cosignature, whose owner signs nothing here.
constexpr char kWitnessKey[] =
    "witness.test+cc5fc7e3+BIRT3Gd1LugrFmAsX8GbSLDeomZiWUKEqGyd7BaN743R";

std::string TextOf(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class WitnessesTest : public ::testing::Test {
 protected:
  void Log(int leaves) {
    ASSERT_TRUE(AppendLeaves(*world_.store, world_.clock.Now(), leaves).ok());
  }
  void Sign() { ASSERT_TRUE(seen_.checkpoints.Make().ok()); }
  // Signs, and tells the file beside the database and the folder.
  void Publish() {
    Sign();
    seen_.witnesses.PublishBeside();
    seen_.witnesses.Publish();
  }
  // The database as it is now.
  std::unique_ptr<Store> Copy() {
    const std::string path =
        world_.folder.File("copy-" + std::to_string(++copies_));
    EXPECT_TRUE(
        world_.store
            ->CopyTo(path, [](int64_t, int64_t) { return absl::OkStatus(); })
            .ok());
    return *OpenStore({path, /*create=*/false});
  }
  std::string InFolder(const std::string& end) {
    return folder_ + "/" + seen_.signer.Verifier()->name + end;
  }
  absl::Status CheckOf(Store& store, std::vector<WitnessSettings> settings,
                       const std::string& beside) {
    return SeenLog(world_.clock, store, *world_.keys, world_.http,
                   *world_.operations, {std::move(settings), beside})
        .Check();
  }

  VaultWorld world_;
  int copies_ = 0;
  const std::string beside_ = world_.folder.File("vault.db.checkpoint");
  const std::string folder_ = [this] {
    const std::string path = world_.folder.File("witness");
    fs::create_directory(path);
    return path;
  }();
  const std::vector<WitnessSettings> in_folder_ = {{"nas", folder_, "", ""}};
  SeenLog seen_{world_.clock, *world_.store,      *world_.keys,
                world_.http,  *world_.operations, {in_folder_, beside_}};
};

TEST_F(WitnessesTest, AreContentWithALogThatNobodySaw) {
  Log(3);
  EXPECT_TRUE(seen_.Check().ok());
}

TEST_F(WitnessesTest, AreContentWithTheLogTheySawAndWithALaterOne) {
  Log(3);
  Publish();
  EXPECT_TRUE(seen_.Check().ok());
  Log(3);
  EXPECT_TRUE(seen_.Check().ok());
}

TEST_F(WitnessesTest, RefuseAnOlderCopy) {
  Log(3);
  Sign();
  auto older = Copy();
  Log(1);
  Publish();
  for (const auto& refused :
       {CheckOf(*older, {}, beside_), CheckOf(*older, in_folder_, "")}) {
    EXPECT_EQ(ReasonOf(refused), "DATABASE_ROLLED_BACK");
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr("ends with leaf 3, and had 4 already"));
  }
}

TEST_F(WitnessesTest, RefuseAnOlderCopyThatWentOnByItself) {
  Log(3);
  Sign();
  auto older = Copy();
  Log(1);
  Publish();
  world_.clock.Advance(absl::Seconds(1));
  ASSERT_TRUE(AppendLeaves(*older, world_.clock.Now(), 5).ok());
  const absl::Status refused = CheckOf(*older, in_folder_, "");
  EXPECT_EQ(ReasonOf(refused), "DATABASE_ROLLED_BACK");
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("first 4 leaves are others"));
}

TEST_F(WitnessesTest, RefuseACheckpointThatWasChanged) {
  Log(12);
  Publish();
  const std::string good = TextOf(beside_);
  // Of another name, it is another vault's.
  for (size_t i = good.find('\n'); i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    std::ofstream(beside_, std::ios::trunc) << changed;
    if (i == good.find('\n')) continue;
    EXPECT_EQ(ReasonOf(CheckOf(*world_.store, {}, beside_)),
              "DATABASE_ROLLED_BACK")
        << changed;
  }
}

TEST_F(WitnessesTest, TakeNoCheckpointOfAnotherVaultForItsOwn) {
  VaultWorld other;
  SeenLog theirs(other.clock, *other.store, *other.keys, other.http,
                 *other.operations, {{}, beside_});
  ASSERT_TRUE(AppendLeaves(*other.store, other.clock.Now(), 3).ok());
  ASSERT_TRUE(theirs.checkpoints.Make().ok());
  theirs.witnesses.PublishBeside();
  EXPECT_TRUE(seen_.Check().ok());
}

TEST_F(WitnessesTest, KeepEachCheckpointOfADayInAFolder) {
  Log(3);
  Publish();
  const std::string first = TextOf(InFolder(".checkpoint"));
  world_.clock.Advance(Witnesses::kEvery);
  Log(3);
  Publish();
  const std::string second = TextOf(InFolder(".checkpoint"));
  EXPECT_NE(first, second);
  EXPECT_EQ(second, TextOf(beside_));
  const std::string day =
      absl::FormatTime("%Y-%m-%d", world_.clock.Now(), absl::UTCTimeZone());
  EXPECT_EQ(TextOf(InFolder("." + day + ".checkpoints")), first + second);
  EXPECT_EQ(seen_.witnesses.List()->front().size, 6u);
}

TEST_F(WitnessesTest, TryAFolderAgainThatWasAway) {
  fs::remove_all(folder_);
  Log(1);
  Publish();
  EXPECT_EQ(seen_.witnesses.List()->front().problem, "STORAGE_FAILED");
  EXPECT_TRUE(seen_.Check().ok());
  fs::create_directory(folder_);
  world_.clock.Advance(Witnesses::kAgain);
  seen_.witnesses.Publish();
  EXPECT_EQ(seen_.witnesses.List()->front().problem, "");
  EXPECT_EQ(seen_.witnesses.List()->front().size, 1u);
}

TEST_F(WitnessesTest, TakeARolledBackLogWithAnOperatorsWord) {
  Log(3);
  Sign();
  auto older = Copy();
  Log(3);
  Publish();
  SeenLog accepted(world_.clock, *older, *world_.keys, world_.http,
                   *world_.operations, {in_folder_, beside_});
  ASSERT_EQ(ReasonOf(accepted.Check()), "DATABASE_ROLLED_BACK");
  ASSERT_TRUE(accepted.witnesses.Accept(*accepted.checkpoints.Make()).ok());
  EXPECT_TRUE(accepted.Check().ok());
}

// What is shown to a witness over the network; real ones are in tests/e2e.
class WitnessUrlTest : public WitnessesTest {
 protected:
  static HttpResponse Says(int status, const std::string& body) {
    return FakeHttpClient::Response(status, "text/x.tlog.size", body);
  }
  const std::vector<WitnessSettings> at_url_ = {
      {"w", "", kWitnessUrl, kWitnessKey}};
  SeenLog url_{world_.clock, *world_.store,      *world_.keys,
               world_.http,  *world_.operations, {at_url_}};
};

TEST_F(WitnessUrlTest, ShowsTheFirstCheckpointWithoutAProof) {
  Log(3);
  Sign();
  url_.witnesses.Publish();
  ASSERT_EQ(world_.http.requests().size(), 1u);
  const auto request = world_.http.requests().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, std::string(kWitnessUrl) + "/add-checkpoint");
  EXPECT_EQ(request.body,
            "old 0\n\n" + world_.store->GetNewestCheckpoint()->note);
  EXPECT_EQ(url_.witnesses.List()->front().problem, "PROVIDER_UNREACHABLE");
}

TEST_F(WitnessUrlTest, ProvesThatItGrewOutOfWhatTheWitnessSaw) {
  Log(3);
  Sign();
  world_.http.Answer(Says(409, "2\n"));
  url_.witnesses.Publish();
  ASSERT_EQ(world_.http.requests().size(), 2u);
  EXPECT_THAT(world_.http.requests().back().body,
              ::testing::StartsWith("old 2\n"));
}

TEST_F(WitnessUrlTest, RefusesToOpenWhenTheWitnessSawMore) {
  Log(3);
  Sign();
  world_.http.Answer(Says(409, "4\n"));
  EXPECT_EQ(ReasonOf(url_.Check()), "DATABASE_ROLLED_BACK");
}

TEST_F(WitnessUrlTest, RefusesToOpenWhenTheWitnessSawAnother) {
  Log(3);
  Sign();
  world_.http.Answer(Says(422, ""));
  EXPECT_EQ(ReasonOf(url_.Check()), "DATABASE_ROLLED_BACK");
  world_.http.Answer(Says(409, "3\n"));
  world_.http.Answer(Says(409, "3\n"));
  EXPECT_EQ(ReasonOf(url_.Check()), "DATABASE_ROLLED_BACK");
}

TEST_F(WitnessUrlTest, OpensWhileTheWitnessIsAway) {
  Log(3);
  Sign();
  EXPECT_TRUE(url_.Check().ok());
  world_.http.Answer(Says(500, "no"));
  EXPECT_TRUE(url_.Check().ok());
}

TEST_F(WitnessUrlTest, TakesNoAnswerThatIsNotSigned) {
  Log(3);
  Sign();
  world_.http.Answer(Says(200, "fine\n"));
  url_.witnesses.Publish();
  EXPECT_EQ(url_.witnesses.List()->front().problem, "FIELD_INVALID");
  world_.clock.Advance(Witnesses::kAgain);
  // A line of somebody else.
  world_.http.Answer(Says(200, "\u2014 other.test AAAAAAAAAAAAAAAA\n"));
  url_.witnesses.Publish();
  EXPECT_EQ(url_.witnesses.List()->front().problem, "PROVIDER_ANSWER_INVALID");
  EXPECT_EQ(url_.witnesses.List()->front().size, 0u);
}

}  // namespace
}  // namespace tokenvault
