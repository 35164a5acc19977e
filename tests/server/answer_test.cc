#include "server/answer.h"

#include <gtest/gtest.h>

#include <vector>

namespace tokenvault {
namespace {

TEST(AnswerTest, TakesTheFirstAndDropsTheRest) {
  std::vector<absl::StatusOr<int>> got;
  Answer<int> answer([&](absl::StatusOr<int> n) { got.push_back(n); });
  Answer<int> copy = answer;
  EXPECT_FALSE(answer.given());
  copy(1);
  answer(errors::UpstreamSlow("x"));
  EXPECT_TRUE(answer.given());
  ASSERT_EQ(got.size(), 1);
  EXPECT_EQ(*got[0], 1);
}

TEST(AnswerTest, NeverLeavesACallerWaiting) {
  std::vector<absl::StatusOr<int>> got;
  {
    Answer<int> dropped([&](absl::StatusOr<int> n) { got.push_back(n); });
  }
  ASSERT_EQ(got.size(), 1);
  EXPECT_EQ(ReasonOf(got[0].status()), "INTERNAL");
}

}  // namespace
}  // namespace tokenvault
