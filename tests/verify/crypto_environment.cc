// What each main does once: the tests of this folder do it here.
#include "crypto/random.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

class CryptoEnvironment : public ::testing::Environment {
  void SetUp() override { ASSERT_TRUE(InitCrypto().ok()); }
};

const ::testing::Environment* const kEnvironment =
    ::testing::AddGlobalTestEnvironment(new CryptoEnvironment);

}  // namespace
}  // namespace tokenvault
