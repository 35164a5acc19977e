#include "base/secret.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

namespace tokenvault {
namespace {

template <typename T, typename = void>
struct IsPrintable : std::false_type {};
template <typename T>
struct IsPrintable<T, std::void_t<decltype(std::declval<std::ostream&>()
                                           << std::declval<const T&>())>>
    : std::true_type {};

template <typename T, typename = void>
struct IsComparable : std::false_type {};
template <typename T>
struct IsComparable<T, std::void_t<decltype(std::declval<const T&>() ==
                                            std::declval<const T&>())>>
    : std::true_type {};

static_assert(!std::is_copy_constructible_v<Secret>);
static_assert(!std::is_copy_assignable_v<Secret>);
static_assert(std::is_nothrow_move_constructible_v<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);
static_assert(!std::is_convertible_v<Secret, absl::string_view>);
static_assert(!IsPrintable<Secret>::value);
static_assert(!IsComparable<Secret>::value);

TEST(SecretTest, HoldsTheBytesItWasGiven) {
  Secret secret = Secret::Copy(absl::string_view("a\0b", 3));
  EXPECT_EQ(secret.Reveal(), absl::string_view("a\0b", 3));
  EXPECT_EQ(secret.size(), 3u);
}

TEST(SecretTest, WipesTheStringItCameIn) {
  std::string text = "refresh-token-long-enough-for-the-heap";
  Secret secret(std::move(text));
  // What is left behind is the point.
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(secret.Reveal(), "refresh-token-long-enough-for-the-heap");
}

TEST(SecretTest, LeavesNothingInTheWipedBuffer) {
  std::string text = "a short word";
  text.reserve(100);
  const char* buffer = text.data();
  WipeString(text);
  ASSERT_EQ(text.data(), buffer);
  EXPECT_EQ(absl::string_view(buffer, text.capacity()),
            std::string(text.capacity(), '\0'));
}

TEST(SecretTest, LeavesNothingBehindWhenMoved) {
  Secret from = Secret::Copy("token");
  Secret to = std::move(from);
  // What is left behind is the point.
  EXPECT_TRUE(from.empty());
  EXPECT_EQ(to.Reveal(), "token");
}

TEST(SecretTest, TakesTheNewBytesWhenOverwritten) {
  Secret secret = Secret::Copy("old");
  secret = Secret::Copy("newer");
  EXPECT_EQ(secret.Reveal(), "newer");
}

TEST(SecretTest, SurvivesBeingAssignedToItself) {
  Secret secret = Secret::Copy("token");
  Secret& alias = secret;
  secret = std::move(alias);
  EXPECT_EQ(secret.Reveal(), "token");
}

TEST(SecretTest, ClonesIntoMemoryOfItsOwn) {
  Secret secret = Secret::Copy("token");
  Secret clone = secret.Clone();
  clone.mutable_data()[0] = 'T';
  EXPECT_EQ(secret.Reveal(), "token");
  EXPECT_EQ(clone.Reveal(), "Token");
}

TEST(SecretTest, BeginsAsZeroesWhenMadeBySize) {
  EXPECT_EQ(Secret::OfSize(4).Reveal(), absl::string_view("\0\0\0\0", 4));
  EXPECT_TRUE(Secret::OfSize(0).empty());
}

TEST(SecretTest, EqualsOnlyTheSameBytes) {
  Secret token = Secret::Copy("token");
  EXPECT_TRUE(token.Equals(Secret::Copy("token")));
  EXPECT_FALSE(token.Equals(Secret::Copy("tokem")));
  EXPECT_FALSE(token.Equals(Secret::Copy("tokens")));
  EXPECT_FALSE(token.Equals(Secret()));
  EXPECT_TRUE(Secret().Equals(Secret::OfSize(0)));
}

}  // namespace
}  // namespace tokenvault
