#include "crypto/argon2_params.h"

#include <string>

#include "base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

TEST(Argon2ParamsTest, StartsWithTheDefaultsAndANewSalt) {
  const Argon2Params params = Argon2Params::New();
  EXPECT_EQ(params.ops, 3u);
  EXPECT_EQ(params.mem_bytes, 268435456u);
  EXPECT_THAT(params.salt, SizeIs(16));
  EXPECT_NE(params.salt, Argon2Params::New().salt);
}

TEST(Argon2ParamsTest, ReadsWhatItWrote) {
  const Argon2Params params = Argon2Params::New();
  const auto read = Argon2Params::FromJson(params.ToJson());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->salt, params.salt);
  EXPECT_EQ(read->ops, params.ops);
  EXPECT_EQ(read->mem_bytes, params.mem_bytes);
}

// The text is in databases: it must not change.
TEST(Argon2ParamsTest, ReadsTheFormThatIsOnDisk) {
  const auto read = Argon2Params::FromJson(
      R"({"algorithm":"argon2id13","mem_bytes":67108864,"ops":2,)"
      R"("salt":"30313233343536373839616263646566"})");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->salt, "0123456789abcdef");
  EXPECT_EQ(read->ops, 2u);
  EXPECT_EQ(read->mem_bytes, 67108864u);
}

class BadArgon2ParamsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(BadArgon2ParamsTest, IsRefused) {
  EXPECT_EQ(ReasonOf(Argon2Params::FromJson(GetParam()).status()),
            "ROOT_KEY_INVALID");
}

#define SALT "\"salt\":\"30313233343536373839616263646566\""
#define ALGORITHM "\"algorithm\":\"argon2id13\""
INSTANTIATE_TEST_SUITE_P(
    Json, BadArgon2ParamsTest,
    ::testing::Values(
        "", "null", "[]", "{}", "{", "\xff",
        // missing, added or of another kind
        "{" ALGORITHM ",\"ops\":3,\"mem_bytes\":67108864}",
        "{" SALT ",\"ops\":3,\"mem_bytes\":67108864}",
        "{" ALGORITHM "," SALT ",\"ops\":3}",
        "{" ALGORITHM "," SALT ",\"mem_bytes\":67108864}",
        "{" ALGORITHM "," SALT ",\"ops\":3,\"mem_bytes\":67108864,\"x\":1}",
        "{" ALGORITHM "," SALT ",\"ops\":\"3\",\"mem_bytes\":67108864}",
        "{" ALGORITHM "," SALT ",\"ops\":3.5,\"mem_bytes\":67108864}",
        "{" ALGORITHM "," SALT ",\"ops\":3,\"mem_bytes\":true}",
        "{\"algorithm\":\"argon2i\"," SALT ",\"ops\":3,\"mem_bytes\":67108864}",
        "{" ALGORITHM ",\"salt\":7,\"ops\":3,\"mem_bytes\":67108864}",
        "{" ALGORITHM ",\"salt\":\"zz\",\"ops\":3,\"mem_bytes\":67108864}",
        "{" ALGORITHM ",\"salt\":\"30\",\"ops\":3,\"mem_bytes\":67108864}",
        // out of bounds
        "{" ALGORITHM "," SALT ",\"ops\":0,\"mem_bytes\":67108864}",
        "{" ALGORITHM "," SALT ",\"ops\":17,\"mem_bytes\":67108864}",
        "{" ALGORITHM "," SALT ",\"ops\":-1,\"mem_bytes\":67108864}",
        "{" ALGORITHM "," SALT ",\"ops\":3,\"mem_bytes\":67108863}",
        "{" ALGORITHM "," SALT ",\"ops\":3,\"mem_bytes\":4294967297}",
        "{" ALGORITHM "," SALT
        ",\"ops\":3,\"mem_bytes\":99999999999999999999}"));
#undef SALT
#undef ALGORITHM

}  // namespace
}  // namespace tokenvault
