#include "crypto/log_proof.h"

#include <cstddef>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/errors.h"
#include "crypto/base64.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kProofForm = "c2sp.org/tlog-proof@v1";
constexpr absl::string_view kExtra = "extra ";
constexpr absl::string_view kIndex = "index ";
constexpr size_t kMostHashes = 64;
// A checkpoint, and a leaf in base64.
constexpr size_t kLongestProof = size_t{4} << 20;

absl::Status NotAProof(absl::string_view problem) {
  return errors::FieldInvalid("proof", problem);
}

}  // namespace

std::string LogProof::ToText() const {
  std::string text = absl::StrCat(kProofForm, "\n");
  if (extra.has_value()) {
    absl::StrAppend(&text, kExtra, absl::Base64Escape(*extra), "\n");
  }
  absl::StrAppend(&text, kIndex, index, "\n");
  for (const std::string& hash : hashes) {
    absl::StrAppend(&text, absl::Base64Escape(hash), "\n");
  }
  absl::StrAppend(&text, "\n", checkpoint);
  return text;
}

absl::StatusOr<LogProof> LogProof::Parse(absl::string_view text) {
  if (text.size() > kLongestProof) return NotAProof("is too long");
  const size_t split = text.find("\n\n");
  if (split == absl::string_view::npos) {
    return NotAProof("has no checkpoint");
  }
  const std::vector<std::string> lines =
      absl::StrSplit(text.substr(0, split), '\n');
  const auto line_at = [&](size_t at) {
    return at < lines.size() ? absl::string_view(lines[at])
                             : absl::string_view();
  };
  size_t at = 0;
  if (line_at(at++) != kProofForm) {
    return NotAProof("does not begin as one of c2sp.org/tlog-proof@v1");
  }
  LogProof proof;
  proof.checkpoint = std::string(text.substr(split + 2));
  absl::string_view line = line_at(at);
  if (absl::ConsumePrefix(&line, kExtra)) {
    proof.extra = Base64Decode(line);
    if (!proof.extra.has_value()) {
      return NotAProof("has extra data that is not base64");
    }
    line = line_at(++at);
  }
  if (!absl::ConsumePrefix(&line, kIndex) ||
      !absl::SimpleAtoi(line, &proof.index)) {
    return NotAProof("has no index");
  }
  ++at;
  auto hashes = Base64DecodeHashes({lines.begin() + at, lines.end()});
  if (!hashes.has_value() || hashes->size() > kMostHashes) {
    return NotAProof("has hashes that are none, or too many");
  }
  proof.hashes = *std::move(hashes);
  if (proof.ToText() != text) return NotAProof("is not written as such");
  return proof;
}

}  // namespace tokenvault
