#include "vault/root_source_admin.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class RootSourceAdminTest : public ::testing::Test {
 protected:
  absl::Status Add(const std::string& id, bool renews = false) {
    return world_.source_admin->Add(id, Secret(), renews, "");
  }
  absl::Status Remove(const std::string& id) {
    return world_.source_admin->Remove(id, "");
  }
  bool OpensAlone(const std::string& id) {
    auto root = world_.sources->Open(id);
    return root.ok() && KeyKeeper::Open(*world_.store, *world_.arena, **root,
                                        id, world_.clock)
                            .ok();
  }
  std::vector<KekWrap> WrapsOf(const std::string& id) {
    std::vector<KekWrap> wraps = *world_.store->ListKekWraps();
    std::erase_if(wraps,
                  [&id](const KekWrap& wrap) { return wrap.source_id != id; });
    return wraps;
  }
  bool IsInAFile(const std::string& bytes) {
    for (const auto& entry :
         std::filesystem::directory_iterator(world_.folder.path())) {
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string content{std::istreambuf_iterator<char>(file),
                                std::istreambuf_iterator<char>()};
      if (content.find(bytes) != std::string::npos) return true;
    }
    return false;
  }
  absl::Status Rotate() {
    auto started = world_.rotation->Start(0, "");
    if (!started.ok()) return started.status();
    while (!world_.operations->Get(started->id)->done) {
      std::this_thread::yield();
    }
    return world_.operations->Get(started->id)->result;
  }

  VaultWorld world_;
};

TEST_F(RootSourceAdminTest, AddsAWayInThatOpensOnItsOwn) {
  ASSERT_EQ(Add("second"), absl::OkStatus());
  EXPECT_TRUE(OpensAlone("second"));
  EXPECT_TRUE(OpensAlone("file"));
  EXPECT_THAT(world_.Audit("key.source_added"), SizeIs(1));
  EXPECT_EQ(ReasonOf(Add("second")), "ALREADY_EXISTS");
}

TEST_F(RootSourceAdminTest, AddsOnlyWhatTheConfigurationNames) {
  EXPECT_EQ(ReasonOf(Add("third")), "RESOURCE_DENIED");
  EXPECT_EQ(ReasonOf(Add("second", /*renews=*/true)), "RESOURCE_DENIED");
}

TEST_F(RootSourceAdminTest, AddsNothingWhileTheVaultIsSealed) {
  ASSERT_TRUE(world_.seal->Seal().ok());
  EXPECT_EQ(ReasonOf(Add("second")), "VAULT_SEALED");
  EXPECT_THAT(*world_.store->ListRootSources(), SizeIs(1));
}

TEST_F(RootSourceAdminTest, ListsWhatIsConfiguredAndWhatOpens) {
  std::filesystem::remove(world_.folder.File("root.key"));
  auto listed = world_.source_admin->List();
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_THAT(*listed, SizeIs(2));
  EXPECT_EQ(listed->at(0).id, "file");
  EXPECT_THAT(listed->at(0).key_versions, ElementsAre(1));
  EXPECT_EQ(ReasonOf(listed->at(0).opens), "ROOT_KEY_INVALID");
  EXPECT_EQ(listed->at(1).id, "second");
  EXPECT_EQ(ReasonOf(listed->at(1).opens), "ROOT_SOURCE_CLOSED");
}

TEST_F(RootSourceAdminTest, RenewsASourceUnderItsNewSecret) {
  std::filesystem::rename(world_.folder.File("root.key"),
                          world_.folder.File("old.key"));
  ASSERT_EQ(Add("file", /*renews=*/true), absl::OkStatus());
  EXPECT_TRUE(OpensAlone("file"));
  // What the old file opened is no more.
  std::filesystem::remove(world_.folder.File("root.key"));
  std::filesystem::rename(world_.folder.File("old.key"),
                          world_.folder.File("root.key"));
  EXPECT_FALSE(OpensAlone("file"));
}

TEST_F(RootSourceAdminTest, NeverRemovesTheLastThatOpens) {
  EXPECT_EQ(ReasonOf(Remove("file")), "ROOT_SOURCE_NEEDED");
  ASSERT_EQ(Add("second"), absl::OkStatus());
  std::filesystem::remove(world_.folder.File("second.key"));
  EXPECT_EQ(ReasonOf(Remove("file")), "ROOT_SOURCE_NEEDED");
  EXPECT_TRUE(OpensAlone("file"));
}

// A backup of its time would else be lost without a word.
TEST_F(RootSourceAdminTest, KeepsTheOnlyWayToARetiredKey) {
  ASSERT_EQ(Rotate(), absl::OkStatus());
  ASSERT_EQ(Add("second"), absl::OkStatus());
  absl::Status needed = Remove("file");
  EXPECT_EQ(ReasonOf(needed), "ROOT_SOURCE_NEEDED");
  EXPECT_THAT(std::string(needed.message()), HasSubstr("master key 1"));
}

TEST_F(RootSourceAdminTest, RemovesASourceFromTheFilesToo) {
  ASSERT_EQ(Add("second"), absl::OkStatus());
  const std::string wrapped = WrapsOf("second").at(0).wrapped;
  ASSERT_TRUE(IsInAFile(wrapped));
  ASSERT_EQ(Remove("second"), absl::OkStatus());
  EXPECT_FALSE(IsInAFile(wrapped));
  EXPECT_FALSE(OpensAlone("second"));
  EXPECT_THAT(world_.Audit("key.source_removed"), SizeIs(1));
  EXPECT_EQ(ReasonOf(Remove("second")), "RESOURCE_DENIED");
}

TEST_F(RootSourceAdminTest, RotatesUnderEverySource) {
  ASSERT_EQ(Add("second"), absl::OkStatus());
  ASSERT_EQ(Rotate(), absl::OkStatus());
  EXPECT_THAT(WrapsOf("second"), SizeIs(2));
  EXPECT_TRUE(OpensAlone("second"));
  EXPECT_TRUE(OpensAlone("file"));
}

TEST_F(RootSourceAdminTest, RotatesNothingWhileASourceIsClosed) {
  ASSERT_EQ(Add("second"), absl::OkStatus());
  std::filesystem::remove(world_.folder.File("second.key"));
  EXPECT_EQ(ReasonOf(Rotate()), "ROOT_KEY_INVALID");
  EXPECT_THAT(*world_.store->ListKeks(), SizeIs(1));
  EXPECT_TRUE(OpensAlone("file"));
}

TEST_F(RootSourceAdminTest, WaitsForNobodyElse) {
  auto held = world_.operations->Start([](Operation& operation) {
    while (!operation.stopping()) operation.Pause(absl::Seconds(10));
    return absl::OkStatus();
  });
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(ReasonOf(Add("second")), "OPERATION_RUNNING");
  EXPECT_EQ(ReasonOf(Remove("file")), "OPERATION_RUNNING");
}

}  // namespace
}  // namespace tokenvault
