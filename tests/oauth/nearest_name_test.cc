#include "oauth/nearest_name.h"

#include <gtest/gtest.h>

namespace tokenvault {
namespace {

TEST(NearestNameTest, FindsASlipOfThePen) {
  const std::vector<std::string> known = {"client_id", "token_url", "issuer"};
  EXPECT_EQ(NearestName("clientid", known), "client_id");
  EXPECT_EQ(NearestName("tokenurl", known), "token_url");
  EXPECT_EQ(NearestName("isuer", known), "issuer");
}

TEST(NearestNameTest, SaysNothingWhenNoneIsNear) {
  EXPECT_EQ(NearestName("banana", {"client_id"}), "");
  EXPECT_EQ(NearestName("", {"client_id"}), "");
  EXPECT_EQ(NearestName("x", {}), "");
  EXPECT_EQ(NearestName(std::string(5000, 'a'), {"a"}), "");
}

}  // namespace
}  // namespace tokenvault
