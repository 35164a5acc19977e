#include "base/status_macros.h"

#include <gtest/gtest.h>

#include <memory>

#include "base/errors.h"

namespace tokenvault {
namespace {

absl::Status PassOn(const absl::Status& status) {
  RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

absl::StatusOr<int> AddOne(absl::StatusOr<int> number) {
  ASSIGN_OR_RETURN(int value, std::move(number));
  return value + 1;
}

TEST(StatusMacrosTest, PassAStatusOnUntouched) {
  absl::Status denied = errors::PolicyDenied("no-weekends");
  EXPECT_EQ(PassOn(denied), denied);
  EXPECT_EQ(AddOne(denied).status(), denied);
  EXPECT_EQ(MetadataOf(AddOne(denied).status(), "rule"), "no-weekends");
}

TEST(StatusMacrosTest, GoOnWhenAllIsWell) {
  EXPECT_TRUE(PassOn(absl::OkStatus()).ok());
  EXPECT_EQ(*AddOne(1), 2);
}

absl::StatusOr<std::unique_ptr<int>> Moved() {
  ASSIGN_OR_RETURN(
      std::unique_ptr<int> value,
      absl::StatusOr<std::unique_ptr<int>>(std::make_unique<int>(7)));
  return value;
}

TEST(StatusMacrosTest, MoveValuesThatCannotBeCopied) {
  EXPECT_EQ(**Moved(), 7);
}

}  // namespace
}  // namespace tokenvault
