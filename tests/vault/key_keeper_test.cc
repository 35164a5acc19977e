#include "vault/key_keeper.h"

#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/vault/vault_world.h"
#include "vault/bindings.h"

namespace tokenvault {
namespace {

using ::testing::MatchesRegex;
using ::testing::SizeIs;

class KeyKeeperTest : public ::testing::Test {
 protected:
  std::shared_ptr<const RootKey> Root(const std::string& file) {
    auto root = RootKey::FromFile(*world_.arena, world_.folder.File(file));
    EXPECT_TRUE(root.ok()) << root.status();
    return std::make_shared<const RootKey>(*std::move(root));
  }
  absl::StatusOr<std::unique_ptr<KeyKeeper>> Open(
      std::shared_ptr<const RootKey> root, const std::string& source = "file") {
    return KeyKeeper::Open(*world_.store, *world_.arena, *root, source,
                           world_.clock);
  }

  VaultWorld world_;
};

TEST_F(KeyKeeperTest, KnowsAPersonAgainAfterARotationAndARestart) {
  const UserId ana = world_.UserOf("acme", "ana");
  EXPECT_THAT(ana.value, MatchesRegex("u-[a-z2-7]{32}"));
  auto started = world_.rotation->Start(0, "");
  ASSERT_TRUE(started.ok());
  while (!world_.operations->Get(started->id)->done) std::this_thread::yield();
  EXPECT_EQ(world_.UserOf("acme", "ana"), ana);
  auto reopened = Open(Root("root.key"));
  ASSERT_TRUE(reopened.ok()) << reopened.status();
  EXPECT_EQ(
      *(*reopened)->UserOf(TenantId("acme"), "https://idp.acme.test", "ana"),
      ana);
}

TEST_F(KeyKeeperTest, TellsPeopleApartByTenantIssuerAndSubject) {
  auto user = [&](const char* tenant, const char* issuer, const char* subject) {
    return world_.keys->UserOf(TenantId(tenant), issuer, subject)->value;
  };
  EXPECT_THAT((std::set<std::string>{user("a", "b", "c"), user("ab", "", "c"),
                                     user("a", "bc", ""), user("a", "b", "d"),
                                     user("a", "d", "c"), user("d", "b", "c")}),
              SizeIs(6));
}

TEST_F(KeyKeeperTest, DoesNotOpenWithAnotherRootKey) {
  ASSERT_TRUE(RootKey::CreateFile(world_.folder.File("other.key")).ok());
  auto opened = Open(Root("other.key"));
  EXPECT_EQ(ReasonOf(opened.status()), "ROOT_KEY_INVALID");
}

TEST_F(KeyKeeperTest, DoesNotOpenWithAnotherSource) {
  EXPECT_EQ(ReasonOf(Open(Root("root.key"), "passphrase").status()),
            "ROOT_KEY_INVALID");
}

TEST_F(KeyKeeperTest, GivesTwoFirstCallersTheSameKey) {
  Connection row;
  row.tenant = TenantId("acme");
  row.id = ConnectionId("c");
  row.user = UserId("newcomer");
  const Binding binding =
      RefreshTokenBinding(world_.keys->deployment_id(), row);
  std::vector<absl::StatusOr<std::string>> sealed(8);
  std::vector<std::thread> threads;
  for (auto& one : sealed) {
    threads.emplace_back([&] {
      auto sealer = world_.keys->SealerFor(row.tenant, row.user.value);
      if (!sealer.ok()) {
        one = sealer.status();
        return;
      }
      one = sealer->Seal(Secret::Copy("token"), binding);
    });
  }
  for (std::thread& thread : threads) thread.join();
  // Past the minute for which an opened key is kept.
  world_.clock.Advance(absl::Minutes(2));
  auto sealer = world_.keys->SealerFor(row.tenant, row.user.value);
  ASSERT_TRUE(sealer.ok());
  for (const auto& one : sealed) {
    ASSERT_TRUE(one.ok()) << one.status();
    EXPECT_TRUE(sealer->Open(*one, binding).ok());
  }
}

TEST_F(KeyKeeperTest, OpensNothingOfAnotherPerson) {
  Connection row = world_.ConnectCalendar();
  auto sealer =
      world_.keys->SealerFor(row.tenant, world_.UserOf("acme", "ben").value);
  ASSERT_TRUE(sealer.ok());
  EXPECT_EQ(ReasonOf(sealer
                         ->Open(row.sealed_refresh_token,
                                RefreshTokenBinding(
                                    world_.keys->deployment_id(), row))
                         .status()),
            "KEY_UNKNOWN");
}

TEST_F(KeyKeeperTest, KeepsItsPurposesApart) {
  EXPECT_NE(*world_.keys->Lookup("state", "x"),
            *world_.keys->Lookup("session", "x"));
  EXPECT_NE(*world_.keys->Derive("state", "x"),
            *world_.keys->Derive("nonce", "x"));
  EXPECT_EQ(*world_.keys->Derive("state", "x"),
            *world_.keys->Derive("state", "x"));
}

}  // namespace
}  // namespace tokenvault
