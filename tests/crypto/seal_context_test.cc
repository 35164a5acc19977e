#include "crypto/seal_context.h"

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using ::testing::SizeIs;

TEST(SealContextTest, EncodesARecordsPlaceAsTheKnownAnswerDoes) {
  const KnownAnswer answer = RecordKnownAnswer();
  const SealContext context = SealContext::ForRecord(KnownBinding());
  EXPECT_EQ(context.bytes(), answer.context);
  EXPECT_EQ(context.Digest(), answer.ad_digest);
}

TEST(SealContextTest, EncodesTheWrapsPlacesAsTheirKnownAnswersDo) {
  const std::vector<KnownAnswer> answers = WrapKnownAnswers();
  ASSERT_THAT(answers, SizeIs(2));
  const std::string deployment = KnownBinding().deployment_id;
  const SealContext data_key =
      SealContext::ForDataKey(KnownDataKeyBinding(), 5);
  EXPECT_EQ(data_key.bytes(), answers[0].context);
  EXPECT_EQ(data_key.Digest(), answers[0].ad_digest);
  const SealContext master_key =
      SealContext::ForMasterKey(deployment, 5, "file");
  EXPECT_EQ(master_key.bytes(), answers[1].context);
  EXPECT_EQ(master_key.Digest(), answers[1].ad_digest);
}

TEST(SealContextTest, KnowsItsObject) {
  EXPECT_EQ(SealContext::ForRecord({}).object(), SealedObject::kRecord);
  EXPECT_EQ(SealContext::ForDataKey({}, 1).object(), SealedObject::kWrappedDek);
  EXPECT_EQ(SealContext::ForMasterKey("", 1, "").object(),
            SealedObject::kWrappedKek);
  EXPECT_EQ(SealContext::ForBackup("", 1, "").object(),
            SealedObject::kBackupKey);
}

TEST(SealContextTest, EncodesABackupsPlaceAsItIsDocumented) {
  const std::string bytes = SealContext::ForBackup("dd", 5, "b1").bytes();
  EXPECT_EQ(bytes, std::string("TKV1ctx\0"
                               "\0\3"
                               "\0\1\0\0\0\2"
                               "dd"
                               "\0\12\0\0\0\4\0\0\0\5"
                               "\0\14\0\0\0\2"
                               "b1",
                               36));
}

// Where one field ends and the next begins is part of what is bound.
TEST(SealContextTest, TellsFieldsApartThatRunTogether) {
  std::set<std::string> seen;
  const std::vector<std::vector<std::string>> splits = {
      {"abc", "", ""}, {"ab", "c", ""}, {"a", "bc", ""}, {"", "abc", ""},
      {"", "ab", "c"}, {"a", "b", "c"}, {"", "", "abc"}};
  for (const std::vector<std::string>& split : splits) {
    Binding binding;
    binding.subject = split[0];
    binding.connection = split[1];
    binding.issuer = split[2];
    seen.insert(SealContext::ForRecord(binding).bytes());
  }
  EXPECT_THAT(seen, SizeIs(splits.size()));
}

}  // namespace
}  // namespace tokenvault
