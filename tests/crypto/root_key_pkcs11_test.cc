#include <memory>
#include <string>

#include "base/errors.h"
#include "crypto/root_key.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/soft_token.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;

class RootKeyPkcs11Test : public ::testing::Test {
 protected:
  absl::StatusOr<RootKey> Open(const std::string& params,
                               const std::string& source = "hsm") {
    return RootKey::FromToken(*arena_, token_.Key(), source, params);
  }
  void ExpectRefused(const absl::Status& status, const std::string& reason,
                     const std::string& words) {
    EXPECT_EQ(ReasonOf(status), reason);
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }

  std::unique_ptr<SecretArena> arena_ = *SecretArena::Create(4096);
  SoftToken token_;
};

TEST_F(RootKeyPkcs11Test, OpensWhatItWrappedEachTimeItIsAsked) {
  auto params = RootKey::CreateOnToken(token_.Key(), "hsm");
  ASSERT_TRUE(params.ok()) << params.status();
  auto root = Open(*params);
  ASSERT_TRUE(root.ok()) << root.status();
  auto kek = ArenaKey::Random(*arena_);
  auto wrapped = root->WrapMasterKey("deployment", 3, "hsm", *kek);
  ASSERT_TRUE(wrapped.ok());
  auto again = Open(*params);
  ASSERT_TRUE(again.ok()) << again.status();
  auto opened =
      again->UnwrapMasterKey(*arena_, "deployment", 3, "hsm", *wrapped);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->view(), kek->view());
}

// The key on the token serves several sources, and each has its own root key.
TEST_F(RootKeyPkcs11Test, OpensForItsOwnSourceOnly) {
  auto params = RootKey::CreateOnToken(token_.Key(), "hsm");
  ASSERT_TRUE(params.ok());
  ExpectRefused(Open(*params, "other").status(), "ROOT_KEY_INVALID",
                "does not open");
}

TEST_F(RootKeyPkcs11Test, IsClosedWhileTheTokenIsAway) {
  auto params = RootKey::CreateOnToken(token_.Key(), "hsm");
  ASSERT_TRUE(params.ok());
  token_.Remove();
  ExpectRefused(Open(*params).status(), "ROOT_SOURCE_CLOSED",
                "its token is not there");
  token_.PutBack();
  EXPECT_TRUE(Open(*params).ok());
}

TEST_F(RootKeyPkcs11Test, IsClosedWithoutItsLibrary) {
  Pkcs11Key key = token_.Key();
  key.module = "/nowhere/p11.so";
  ExpectRefused(RootKey::CreateOnToken(key, "hsm").status(),
                "ROOT_SOURCE_CLOSED", "library cannot be loaded");
}

TEST_F(RootKeyPkcs11Test, RefusesAWrongPin) {
  token_.WritePin("999999");
  ExpectRefused(RootKey::CreateOnToken(token_.Key(), "hsm").status(),
                "ROOT_KEY_INVALID", "PIN is wrong");
}

TEST_F(RootKeyPkcs11Test, RefusesAKeyThatMayLeaveTheToken) {
  token_.Tool(
      {"--keygen", "--key-type", "AES:32", "--label", "root", "--extractable"});
  ExpectRefused(RootKey::CreateOnToken(token_.Key(), "hsm").status(),
                "ROOT_KEY_INVALID", "can be extracted");
}

TEST_F(RootKeyPkcs11Test, RefusesAUriThatNamesTwoKeys) {
  for (const char* id : {"01", "02"}) {
    token_.Tool(
        {"--keygen", "--key-type", "AES:32", "--label", "root", "--id", id});
  }
  ExpectRefused(RootKey::CreateOnToken(token_.Key(), "hsm").status(),
                "ROOT_KEY_INVALID", "more than one");
  Pkcs11Key first = token_.Key();
  first.uri = "pkcs11:token=vault;id=%01";
  EXPECT_TRUE(RootKey::CreateOnToken(first, "hsm").ok());
}

TEST_F(RootKeyPkcs11Test, RefusesParametersThatAreNotItsOwn) {
  auto params = RootKey::CreateOnToken(token_.Key(), "hsm");
  ASSERT_TRUE(params.ok());
  for (const std::string& broken :
       {std::string(), std::string("{}"), std::string("[1]"),
        std::string(R"({"mechanism":"AES-GCM","root_key":"00"})"),
        std::string(R"({"mechanism":"AES-CBC","root_key":"00"})"),
        std::string(R"({"mechanism":"AES-GCM","root_key":7})")}) {
    EXPECT_EQ(ReasonOf(Open(broken).status()), "ROOT_KEY_INVALID") << broken;
  }
  std::string flipped = *params;
  char& digit = flipped[flipped.size() - 3];
  digit = digit == '0' ? '1' : '0';
  EXPECT_EQ(ReasonOf(Open(flipped).status()), "ROOT_KEY_INVALID");
}

}  // namespace
}  // namespace tokenvault
