#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>
#include <type_traits>

#include "absl/container/flat_hash_set.h"

namespace tokenvault {
namespace {

static_assert(!std::is_convertible_v<AgentId, ConnectionId>);
static_assert(!std::is_constructible_v<ConnectionId, AgentId>);
static_assert(!std::is_convertible_v<std::string, AgentId>);

TEST(IdTest, IsEqualByteByByte) {
  EXPECT_EQ(AgentId("calendar-bot"), AgentId("calendar-bot"));
  EXPECT_NE(AgentId("calendar-bot"), AgentId("Calendar-bot"));
}

TEST(IdTest, IsEmptyUntilNamed) {
  EXPECT_TRUE(TenantId().empty());
  EXPECT_FALSE(TenantId("default").empty());
}

TEST(IdTest, IsAKeyOfOrderedAndHashedSets) {
  std::set<UserId> ordered = {UserId("u-b"), UserId("u-a"), UserId("u-a")};
  EXPECT_EQ(ordered.size(), 2u);
  EXPECT_EQ(ordered.begin()->value, "u-a");

  absl::flat_hash_set<UserId> hashed = {UserId("u-a"), UserId("u-a")};
  EXPECT_EQ(hashed.size(), 1u);
  EXPECT_TRUE(hashed.contains(UserId("u-a")));
}

}  // namespace
}  // namespace tokenvault
