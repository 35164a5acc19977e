#include "crypto/log_proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/errors.h"

namespace tokenvault {
namespace {

constexpr char kProof[] =
    "c2sp.org/tlog-proof@v1\n"
    "extra bGVhZg==\n"
    "index 73894\n"
    "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n"
    "B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n"
    "\n"
    "example.com/fancylog\n109482\n"
    "sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n"
    "\n"
    "\xe2\x80\x94 example.com/fancylog hI2DJw==\n";

TEST(LogProofTest, ReadsAndWritesTheForm) {
  auto proof = LogProof::Parse(kProof);
  ASSERT_TRUE(proof.ok()) << proof.status();
  EXPECT_EQ(proof->extra, "leaf");
  EXPECT_EQ(proof->index, 73894);
  EXPECT_THAT(proof->hashes, ::testing::Each(::testing::SizeIs(32)));
  EXPECT_THAT(proof->hashes, ::testing::SizeIs(2));
  EXPECT_THAT(proof->checkpoint,
              ::testing::StartsWith("example.com/fancylog\n109482\n"));
  EXPECT_EQ(proof->ToText(), kProof);
}

TEST(LogProofTest, CarriesALeafOfAnyLength) {
  LogProof proof = *LogProof::Parse(kProof);
  proof.extra = std::string(5000, 'x');
  auto read = LogProof::Parse(proof.ToText());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->extra, proof.extra);
}

TEST(LogProofTest, NeedsNeitherExtraDataNorHashes) {
  const LogProof proof{std::nullopt, 0, {}, "log\n1\nroot\n\nlines\n"};
  EXPECT_EQ(proof.ToText(),
            "c2sp.org/tlog-proof@v1\nindex 0\n\nlog\n1\nroot\n\nlines\n");
  auto read = LogProof::Parse(proof.ToText());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->extra, std::nullopt);
}

TEST(LogProofTest, RefusesEveryOtherWayOfWritingIt) {
  std::string many;
  for (int i = 0; i < 64; ++i) {
    absl::StrAppend(&many, "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n");
  }
  for (const std::string& text :
       {std::string(), std::string("\n\n"),
        std::string("c2sp.org/tlog-proof@v1\n\nlog\n"),
        absl::StrReplaceAll(kProof, {{"@v1", "@v2"}}),
        absl::StrReplaceAll(kProof, {{"bGVhZg==", "bGVhZg"}}),
        absl::StrReplaceAll(kProof, {{"bGVhZg==", "bGVhZh=="}}),
        absl::StrReplaceAll(kProof, {{"index 7", "index 07"}}),
        absl::StrReplaceAll(kProof, {{"index 7", "index -7"}}),
        absl::StrReplaceAll(kProof, {{"index 73894\n", ""}}),
        absl::StrReplaceAll(kProof, {{"gSKy", ""}}),
        absl::StrReplaceAll(kProof, {{"PlQ=\n", "PlR=\n"}}),
        absl::StrReplaceAll(kProof, {{"894\n", absl::StrCat("894\n", many)}}),
        absl::StrReplaceAll(kProof, {{"\n", "\r\n"}})}) {
    EXPECT_EQ(ReasonOf(LogProof::Parse(text).status()), "FIELD_INVALID")
        << text;
  }
}

}  // namespace
}  // namespace tokenvault
