#include "vault/root_sources.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "crypto/argon2_params.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kPassphrase[] = "correct horse";

class RootSourcesTest : public ::testing::Test {
 protected:
  RootSourcesTest()
      : sources_(*world_.store, *world_.arena,
                 {world_.FileSource("file"), Typed()}) {}

  static RootSourceSettings Typed() {
    RootSourceSettings settings;
    settings.id = "recovery";
    settings.kind = "passphrase";
    return settings;
  }
  // At the cheapest cost that is allowed.
  void AddPassphrase() {
    Argon2Params params = Argon2Params::New();
    params.ops = 1;
    params.mem_bytes = uint64_t{64} << 20;
    auto root = RootKey::FromPassphrase(*world_.arena,
                                        Secret::Copy(kPassphrase), params);
    ASSERT_TRUE(root.ok()) << root.status();
    auto wraps = (*world_.keys->ring())
                     ->WrapAll(*root, world_.keys->deployment_id(), "recovery");
    ASSERT_TRUE(wraps.ok());
    WriteBatch batch;
    batch.Insert(RootSource{"recovery", "passphrase", params.ToJson(),
                            world_.clock.Now()});
    for (const auto& [version, wrapped] : *wraps) {
      batch.Insert(KekWrap{version, "recovery", wrapped});
    }
    ASSERT_EQ(world_.store->Commit(std::move(batch)), absl::OkStatus());
  }

  VaultWorld world_;
  RootSources sources_;
};

TEST_F(RootSourcesTest, OpensAMasterKeyByEachSourceAlone) {
  AddPassphrase();
  ASSERT_EQ(sources_.Unlock("recovery", Secret::Copy(kPassphrase)),
            absl::OkStatus());
  for (const char* id : {"file", "recovery"}) {
    auto root = sources_.Open(id);
    ASSERT_TRUE(root.ok()) << root.status();
    EXPECT_TRUE(
        KeyKeeper::Open(*world_.store, *world_.arena, **root, id, world_.clock)
            .ok());
  }
}

TEST_F(RootSourcesTest, IsClosedUntilSomebodyGivesThePassphrase) {
  AddPassphrase();
  absl::Status closed = sources_.Open("recovery").status();
  EXPECT_EQ(ReasonOf(closed), "ROOT_SOURCE_CLOSED");
  EXPECT_THAT(std::string(closed.message()), HasSubstr("recovery"));
  ASSERT_EQ(sources_.Unlock("recovery", Secret::Copy(kPassphrase)),
            absl::OkStatus());
  EXPECT_TRUE(sources_.Open("recovery").ok());
  sources_.Forget();
  EXPECT_EQ(ReasonOf(sources_.Open("recovery").status()), "ROOT_SOURCE_CLOSED");
}

TEST_F(RootSourcesTest, KeepsNoPassphraseThatDoesNotOpenTheKeyInUse) {
  AddPassphrase();
  EXPECT_EQ(ReasonOf(sources_.Unlock("recovery", Secret::Copy("wrong horse"))),
            "ROOT_KEY_INVALID");
  EXPECT_EQ(ReasonOf(sources_.Open("recovery").status()), "ROOT_SOURCE_CLOSED");
}

TEST_F(RootSourcesTest, TakesAPassphraseOnlyWhereThereIsOne) {
  EXPECT_EQ(ReasonOf(sources_.Unlock("file", Secret::Copy("x"))),
            "FIELD_INVALID");
  EXPECT_EQ(ReasonOf(sources_.Unlock("recovery", Secret::Copy("x"))),
            "RESOURCE_DENIED");
}

TEST_F(RootSourcesTest, OpensOnlyWhatTheConfigurationNames) {
  RootSources none(*world_.store, *world_.arena, {});
  EXPECT_EQ(ReasonOf(none.Open("file").status()), "ROOT_SOURCE_CLOSED");
  RootSourceSettings other = Typed();
  other.id = "file";
  RootSources another(*world_.store, *world_.arena, {other});
  EXPECT_EQ(ReasonOf(another.Open("file").status()), "ROOT_KEY_INVALID");
  EXPECT_EQ(ReasonOf(sources_.Open("recovery").status()), "RESOURCE_DENIED");
}

// A master key that one source cannot open must not come into use.
TEST_F(RootSourcesTest, WrapsAndUnwrapsByEverySourceOrNot) {
  AddPassphrase();
  auto key = ArenaKey::Random(*world_.arena);
  EXPECT_EQ(ReasonOf(sources_.Wrap(2, *key).status()), "ROOT_SOURCE_CLOSED");
  EXPECT_EQ(ReasonOf(sources_.Unwrap(1).status()), "ROOT_SOURCE_CLOSED");
  ASSERT_EQ(sources_.Unlock("recovery", Secret::Copy(kPassphrase)),
            absl::OkStatus());
  auto wraps = sources_.Wrap(2, *key);
  ASSERT_TRUE(wraps.ok()) << wraps.status();
  EXPECT_THAT(*wraps, SizeIs(2));
  EXPECT_TRUE(sources_.Unwrap(1).ok());
}

}  // namespace
}  // namespace tokenvault
