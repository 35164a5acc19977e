#include "vault/rotation_proof.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"
#include "gtest/gtest.h"

namespace tokenvault {
namespace {

RotationProof Sample() {
  RotationProof proof;
  proof.deployment_id = std::string(16, 'd');
  proof.key_version = 5;
  proof.data_keys = 1204;
  proof.records = 1198;
  proof.root = std::string(32, 'r');
  proof.time = absl::FromUnixSeconds(1'800'000'000);
  return proof;
}

// Notes of this form are kept by others: the text never changes.
TEST(RotationProofTest, IsThisText) {
  EXPECT_EQ(Sample().ToText(),
            "tokenvault rotation proof v1\n"
            "deployment 64646464646464646464646464646464\n"
            "time 2027-01-15T08:00:00+00:00\n"
            "master-key 5\n"
            "data-keys 1204\n"
            "data-keys-under-older-keys 0\n"
            "records-opened 1198\n"
            "root cnJycnJycnJycnJycnJycnJycnJycnJycnJycnJycnI=\n");
}

TEST(RotationProofTest, IsReadAsItWasWritten) {
  const std::string text = Sample().ToText();
  auto proof = RotationProof::Parse(text);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_EQ(proof->ToText(), text);
  EXPECT_EQ(proof->data_keys, 1204);
  EXPECT_EQ(proof->records, 1198);
  EXPECT_EQ(proof->time, Sample().time);
}

TEST(RotationProofTest, IsReadInOneFormOnly) {
  const std::string text = Sample().ToText();
  for (const std::string& other :
       {std::string(), text.substr(1), text.substr(0, text.size() - 1),
        absl::StrCat(text, "\n"),
        absl::StrReplaceAll(text, {{"proof v1", "proof v2"}}),
        absl::StrReplaceAll(text, {{"keys 1204", "keys 01204"}}),
        absl::StrReplaceAll(text, {{"keys 1204", "keys -1"}}),
        absl::StrReplaceAll(text, {{"keys 1204", "keys 1204 "}}),
        absl::StrReplaceAll(text, {{"master-key 5", "master-key 4294967296"}}),
        absl::StrReplaceAll(text, {{"deployment 64", "deployment "}}),
        absl::StrReplaceAll(text, {{"+00:00", "+01:00"}}),
        absl::StrReplaceAll(text, {{"root cnJy", "root "}})}) {
    EXPECT_EQ(ReasonOf(RotationProof::Parse(other).status()), "FIELD_INVALID")
        << other;
  }
}

}  // namespace
}  // namespace tokenvault
