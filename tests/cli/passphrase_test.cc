#include "cli/passphrase.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.h"

namespace tokenvault {
namespace {

absl::StatusOr<Secret> ReadFrom(const std::string& text) {
  int ends[2];
  if (pipe(ends) != 0) return absl::InternalError("pipe");
  const bool written = write(ends[1], text.data(), text.size()) ==
                       static_cast<ssize_t>(text.size());
  close(ends[1]);
  auto passphrase = ReadPassphrase("--passphrase-fd", ends[0]);
  close(ends[0]);
  if (!written) return absl::InternalError("write");
  return passphrase;
}

TEST(Passphrase, TakesOffOneLineBreak) {
  EXPECT_TRUE(ReadFrom("open sesame\n")->Equals(Secret::Copy("open sesame")));
  EXPECT_TRUE(ReadFrom("open \r\n")->Equals(Secret::Copy("open ")));
  EXPECT_TRUE(ReadFrom("two\n\n")->Equals(Secret::Copy("two\n")));
}

TEST(Passphrase, RefusesNothingAndTooMuch) {
  EXPECT_TRUE(HasReason(ReadFrom("\n").status(), "FIELD_INVALID"));
  EXPECT_TRUE(HasReason(ReadFrom("").status(), "FIELD_INVALID"));
  EXPECT_TRUE(
      HasReason(ReadFrom(std::string(1025, 'x')).status(), "FIELD_INVALID"));
  EXPECT_TRUE(ReadFrom(std::string(1024, 'x') + "\n").ok());
}

TEST(Passphrase, AsksNobodyWhoIsNotThere) {
  Terminal terminal{Terminal::Streams()};
  EXPECT_TRUE(HasReason(AskNewPassphrase(terminal).status(), "FIELD_INVALID"));
}

}  // namespace
}  // namespace tokenvault
