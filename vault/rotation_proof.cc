#include "vault/rotation_proof.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "base/hash.h"

namespace tokenvault {
namespace {

constexpr absl::string_view kTitle = "tokenvault rotation proof v1";
constexpr size_t kLines = 8;
constexpr size_t kDeploymentIdSize = 16;

// Takes "NAME VALUE" apart; false for another name.
template <typename Number>
bool TakeNumber(absl::string_view line, absl::string_view name,
                Number& number) {
  return absl::ConsumePrefix(&line, name) && absl::ConsumePrefix(&line, " ") &&
         absl::SimpleAtoi(line, &number);
}

}  // namespace

std::string RotationProof::ToText() const {
  return absl::StrCat(
      kTitle, "\ndeployment ", HexEncode(deployment_id), "\ntime ",
      absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone()),
      "\nmaster-key ", key_version, "\ndata-keys ", data_keys,
      "\ndata-keys-under-older-keys ", data_keys_older, "\nrecords-opened ",
      records, "\nroot ", absl::Base64Escape(root), "\n");
}

absl::StatusOr<RotationProof> RotationProof::Parse(absl::string_view text) {
  const absl::Status refused =
      errors::FieldInvalid("note", "is signed, but is no proof of a rotation");
  if (!absl::ConsumeSuffix(&text, "\n")) return refused;
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (lines.size() != kLines || lines[0] != kTitle) return refused;
  RotationProof proof;
  absl::string_view deployment = lines[1];
  absl::string_view time = lines[2];
  absl::string_view root = lines[7];
  std::string error;
  if (!absl::ConsumePrefix(&deployment, "deployment ") ||
      !absl::ConsumePrefix(&time, "time ") ||
      !absl::ConsumePrefix(&root, "root ") ||
      !absl::ParseTime(absl::RFC3339_sec, time, &proof.time, &error) ||
      !TakeNumber(lines[3], "master-key", proof.key_version) ||
      !TakeNumber(lines[4], "data-keys", proof.data_keys) ||
      !TakeNumber(lines[5], "data-keys-under-older-keys",
                  proof.data_keys_older) ||
      !TakeNumber(lines[6], "records-opened", proof.records) ||
      !absl::Base64Unescape(root, &proof.root) ||
      proof.root.size() != kSha256Size) {
    return refused;
  }
  proof.deployment_id = HexDecode(deployment).value_or("");
  // The only text that says this is the one that we write.
  if (proof.deployment_id.size() != kDeploymentIdSize || proof.data_keys < 0 ||
      proof.data_keys_older < 0 || proof.records < 0 ||
      proof.ToText() != absl::StrCat(text, "\n")) {
    return refused;
  }
  return proof;
}

}  // namespace tokenvault
