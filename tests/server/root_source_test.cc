#include "server/root_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "base/errors.h"
#include "crypto/random.h"
#include "storage/open_store.h"
#include "tests/support/temp_folder.h"
#include "vault/init_vault.h"

namespace tokenvault {
namespace {

class RootSourceTest : public ::testing::Test {
 protected:
  RootSourceTest() {
    EXPECT_TRUE(InitCrypto().ok());
    arena_ = *SecretArena::Create(4096);
    store_ = *OpenStore({folder_.File("vault.db"), /*create=*/true});
  }

  // The cheapest cost that is allowed.
  void InitWithPassphrase(const std::string& passphrase) {
    Argon2Params params = Argon2Params::New();
    params.ops = 1;
    params.mem_bytes = uint64_t{64} << 20;
    auto key =
        RootKey::FromPassphrase(*arena_, Secret::Copy(passphrase), params);
    ASSERT_TRUE(key.ok()) << key.status();
    RootSource source;
    source.id = "passphrase";
    source.kind = "passphrase";
    source.params = params.ToJson();
    source.create_time = absl::UnixEpoch();
    ASSERT_TRUE(
        InitVault(*store_, *arena_, *key, source, absl::UnixEpoch()).ok());
  }
  SealSettings SealWithFile(const std::string& content, mode_t mode) {
    const std::string path = folder_.File("passphrase");
    std::ofstream(path) << content;
    chmod(path.c_str(), mode);
    SealSettings seal;
    seal.type = "passphrase";
    seal.passphrase_file = path;
    return seal;
  }

  TempFolder folder_;
  std::unique_ptr<SecretArena> arena_;
  std::unique_ptr<Store> store_;
};

TEST_F(RootSourceTest, ReadsAPassphraseFile) {
  InitWithPassphrase("correct horse");
  auto root = OpenRoot(SealWithFile("correct horse\n", 0400), *store_, *arena_);
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->source_id, "passphrase");
  auto deployment = store_->GetDeployment();
  auto wraps = store_->ListKekWraps();
  EXPECT_TRUE(root->key
                  ->UnwrapMasterKey(*arena_, deployment->id,
                                    wraps->at(0).kek_version, root->source_id,
                                    wraps->at(0).wrapped)
                  .ok());
}

TEST_F(RootSourceTest, RefusesAPassphraseFileThatOthersMayRead) {
  InitWithPassphrase("correct horse");
  EXPECT_EQ(
      ReasonOf(OpenRoot(SealWithFile("correct horse\n", 0440), *store_, *arena_)
                   .status()),
      "ROOT_KEY_INVALID");
}

TEST_F(RootSourceTest, RefusesAPassphraseBeyondReason) {
  InitWithPassphrase("correct horse");
  EXPECT_EQ(ReasonOf(OpenRoot(SealWithFile(std::string(5000, 'a'), 0400),
                              *store_, *arena_)
                         .status()),
            "ROOT_KEY_INVALID");
}

TEST_F(RootSourceTest, OpensOnlyByTheKindThatIsConfigured) {
  InitWithPassphrase("correct horse");
  SealSettings seal;
  seal.type = "file";
  seal.key_file = folder_.File("none");
  EXPECT_EQ(ReasonOf(OpenRoot(seal, *store_, *arena_).status()),
            "ROOT_KEY_INVALID");
}

TEST_F(RootSourceTest, KnowsAStoreThatIsNoVaultYet) {
  EXPECT_EQ(ReasonOf(OpenRoot(SealSettings{.type = "file",
                                           .key_file = "",
                                           .passphrase_file = ""},
                              *store_, *arena_)
                         .status()),
            "STORAGE_NOT_INITIALIZED");
}

}  // namespace
}  // namespace tokenvault
