#include "server/request_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/errors.h"
#include "server/limits.h"
#include "server/resource_names.h"

namespace tokenvault {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bool IsInvalid(const absl::Status& status) {
  return HasReason(status, "FIELD_INVALID");
}

TEST(ResourceNamesTest, ReadWhatTheyWrite) {
  EXPECT_EQ(ReadProviderName("f", ProviderName(ProviderId("google")))->value,
            "google");
  EXPECT_EQ(ReadAgentName("f", AgentName(AgentId("bot-1")))->value, "bot-1");
  auto ref = ReadConnectionName(
      "f", ConnectionName(UserId("u-4k3v"), ConnectionId("01jd9")));
  EXPECT_EQ(ref->user.value, "u-4k3v");
  EXPECT_EQ(ref->connection.value, "01jd9");
  EXPECT_EQ(
      ReadInteractionName("f", InteractionName(InteractionId("01x")))->value,
      "01x");
  EXPECT_EQ(*ReadOperationName("f", "operations/7"), "7");
}

TEST(ResourceNamesTest, ReadADashAsEveryPerson) {
  EXPECT_TRUE(ReadUserName("parent", "users/-")->empty());
}

TEST(ResourceNamesTest, RefuseEveryOtherForm) {
  for (const char* name :
       {"", "google", "providers/", "/google", "providers/Google",
        "providers/goo gle", "providers/google/", "agents/google",
        "providers/a/b", "providers/\xC3\xA4", "providers/..",
        "Providers/google"}) {
    EXPECT_TRUE(IsInvalid(ReadProviderName("f", name).status())) << name;
  }
  EXPECT_TRUE(IsInvalid(
      ReadProviderName("f", "providers/" + std::string(65, 'a')).status()));
}

TEST(ResourceNamesTest, QuoteNothingOfWhatTheyRefuse) {
  absl::Status status = ReadAgentName("agent", "evil\nname").status();
  EXPECT_THAT(status.ToString(), Not(HasSubstr("evil")));
}

TEST(RequestFieldsTest, NamesTheListOfScopesThatItRefuses) {
  v1::GetScopedTokenRequest request;
  for (int i = 0; i < 33; ++i) request.add_optional_scopes("calendar.read");
  absl::Status status =
      ReadScopes(request.optional_scopes(), "optional_scopes").status();
  EXPECT_TRUE(IsInvalid(status));
  EXPECT_EQ(MetadataOf(status, "field"), "optional_scopes");
  EXPECT_EQ(MetadataOf(ReadScopes(request.scopes()).status(), "field"),
            "scopes");
}

TEST(RequestFieldsTest, TakesAUuidOrNothing) {
  EXPECT_TRUE(CheckRequestId("").ok());
  EXPECT_TRUE(CheckRequestId("1b4e28ba-2fa1-11d2-883f-0016d3cca427").ok());
  EXPECT_TRUE(IsInvalid(CheckRequestId("1b4e28ba2fa111d2883f0016d3cca427")));
  EXPECT_TRUE(
      IsInvalid(CheckRequestId("1b4e28ba-2fa1-11d2-883f-0016d3cca42g")));
  EXPECT_TRUE(IsInvalid(CheckRequestId("x")));
}

TEST(RequestFieldsTest, WantsAFewScopes) {
  google::protobuf::RepeatedPtrField<std::string> scopes;
  EXPECT_TRUE(IsInvalid(ReadScopes(scopes).status()));
  scopes.Add("a");
  scopes.Add("b");
  EXPECT_EQ(*ReadScopes(scopes), (ScopeSet{"a", "b"}));
  scopes.Add("");
  EXPECT_TRUE(IsInvalid(ReadScopes(scopes).status()));
  scopes.Clear();
  scopes.Add(std::string(kMaxScopeSize + 1, 'a'));
  EXPECT_TRUE(IsInvalid(ReadScopes(scopes).status()));
  scopes.Clear();
  for (int i = 0; i <= kMaxScopes; ++i) scopes.Add(std::to_string(i));
  EXPECT_TRUE(IsInvalid(ReadScopes(scopes).status()));
}

TEST(RequestFieldsTest, BoundsMinTtl) {
  v1::GetScopedTokenRequest request;
  request.mutable_min_ttl()->set_seconds(90);
  EXPECT_EQ(*ReadMinTtl(request), absl::Seconds(90));
  request.mutable_min_ttl()->set_seconds(30 * 60 + 1);
  EXPECT_TRUE(IsInvalid(ReadMinTtl(request).status()));
  request.mutable_min_ttl()->set_seconds(-1);
  EXPECT_TRUE(IsInvalid(ReadMinTtl(request).status()));
}

TEST(RequestFieldsTest, TakesAbsoluteUrisAsResources) {
  for (const char* good : {"", "https://api.test/x?y", "urn:box:folder:1"}) {
    EXPECT_TRUE(CheckResource(good).ok()) << good;
  }
  for (const char* bad :
       {"api.test/x", "https://a/#f", ":x", "ht tp:x", "https://a b"}) {
    EXPECT_TRUE(IsInvalid(CheckResource(bad))) << bad;
  }
}

TEST(RequestFieldsTest, ComparesReturnUrisByteByByte) {
  const std::vector<std::string> allowed = {"https://app.test/back"};
  EXPECT_TRUE(CheckReturnUri("", allowed).ok());
  EXPECT_TRUE(CheckReturnUri("https://app.test/back", allowed).ok());
  for (const char* bad : {"https://app.test/back/", "https://app.test/back?x",
                          "HTTPS://app.test/back", "https://app.test.evil/back",
                          "//app.test/back", "https://app.test/back\n"}) {
    EXPECT_TRUE(IsInvalid(CheckReturnUri(bad, allowed))) << bad;
  }
}

TEST(RequestFieldsTest, WritesAPurposeAsOneLine) {
  v1::Purpose purpose;
  EXPECT_EQ(*ReadPurpose(purpose), "");
  purpose.set_summary("Plan the offsite");
  purpose.set_task_id("t-1");
  v1::ActionDetail* detail = purpose.add_details();
  detail->set_type("email.send");
  (*detail->mutable_fields())["to"] = "ben@acme.test";
  (*detail->mutable_fields())["subject"] = "Hello";
  EXPECT_EQ(*ReadPurpose(purpose),
            "Plan the offsite; email.send (subject: Hello, to: ben@acme.test); "
            "task t-1");
}

TEST(RequestFieldsTest, RefusesAPurposeThatIsNotPlainText) {
  v1::Purpose purpose;
  purpose.set_summary("two\nlines");
  EXPECT_TRUE(IsInvalid(ReadPurpose(purpose).status()));
  purpose.set_summary(std::string(201, 'a'));
  EXPECT_TRUE(IsInvalid(ReadPurpose(purpose).status()));
  purpose.set_summary("");
  purpose.set_task_id("spaces no");
  EXPECT_TRUE(IsInvalid(ReadPurpose(purpose).status()));
  purpose.set_task_id("");
  purpose.add_details()->set_type("Email.Send");
  EXPECT_TRUE(IsInvalid(ReadPurpose(purpose).status()));
}

TEST(RequestFieldsTest, CountsCharactersNotBytes) {
  v1::Purpose purpose;
  std::string text;
  for (int i = 0; i < 200; ++i) text += "ß";
  purpose.set_summary(text);
  EXPECT_TRUE(ReadPurpose(purpose).ok());
}

TEST(RequestFieldsTest, ReadsThePageTokensItMakes) {
  EXPECT_EQ(*ReadPageToken(""), "");
  EXPECT_EQ(*ReadPageToken(MakePageToken("acme/01jd9")), "acme/01jd9");
  for (const char* bad : {"!", "YQ", "MTo=", "MTox\n"}) {
    EXPECT_TRUE(IsInvalid(ReadPageToken(bad).status())) << bad;
  }
}

TEST(RequestFieldsTest, BoundsPageSizes) {
  EXPECT_EQ(*ReadPageSize(0), kDefaultPageSize);
  EXPECT_EQ(*ReadPageSize(7), 7);
  EXPECT_EQ(*ReadPageSize(1'000'000), kMaxPageSize);
  EXPECT_TRUE(IsInvalid(ReadPageSize(-1).status()));
}

TEST(RequestFieldsTest, ReadsAFilter) {
  auto conditions =
      ReadFilter(" provider = \"providers/google\" AND state=ACTIVE ",
                 {"provider", "state"});
  ASSERT_EQ(conditions->size(), 2);
  EXPECT_EQ(conditions->at(0).field, "provider");
  EXPECT_EQ(conditions->at(0).value, "providers/google");
  EXPECT_EQ(conditions->at(1).field, "state");
  EXPECT_EQ(conditions->at(1).value, "ACTIVE");
  EXPECT_TRUE(ReadFilter("", {"a"})->empty());
}

TEST(RequestFieldsTest, RefusesAFilterItDoesNotUnderstand) {
  for (const char* bad :
       {"a", "a =", "= \"x\"", "a = \"x", "a = \"x\" b = \"y\"",
        "a = \"x\" OR a = \"y\"", "a = \"x\" AND", "c = \"x\"",
        "a = \"1\" AND a = \"2\"", "a > 1", "a = (x)"}) {
    EXPECT_TRUE(IsInvalid(ReadFilter(bad, {"a", "b"}).status())) << bad;
  }
  EXPECT_TRUE(IsInvalid(
      ReadFilter(std::string(kMaxFilterSize + 1, 'a'), {"a"}).status()));
}

}  // namespace
}  // namespace tokenvault
