#include "server/user_code.h"

#include <string>

#include "absl/strings/ascii.h"
#include "base/hash.h"

namespace tokenvault {
namespace {

// Case and separators are not what a code is about.
std::string LettersOf(absl::string_view code) {
  std::string letters;
  for (char c : code) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      letters += absl::ascii_toupper(static_cast<unsigned char>(c));
    }
  }
  return letters;
}

}  // namespace

bool IsSameUserCode(absl::string_view typed, absl::string_view code) {
  const std::string letters = LettersOf(code);
  return !letters.empty() && EqualInConstantTime(LettersOf(typed), letters);
}

}  // namespace tokenvault
