#include "oauth/callback_signature.h"

#include <gtest/gtest.h>

#include "base/errors.h"
#include "oauth/callback_capture.h"

namespace tokenvault {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

Provider Signing() {
  Provider provider;
  provider.callback_hmac = "hmac";
  provider.client_secret = std::make_shared<Secret>(Secret::Copy("hush"));
  return provider;
}

// The example of Shopify's documentation, which other tools confirm:
//   printf %s "$QUERY_WITHOUT_HMAC" | openssl dgst -sha256 -hmac hush
Query Good() {
  return {{"timestamp", "1337178173"},
          {"state", "0.6784241404160823"},
          {"hmac",
           "700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"},
          {"code", "0907a61c0c8d55e99db179b68161bc00"},
          {"shop", "some-shop.myshopify.com"}};
}

std::string CheckOf(const Provider& provider, const Query& query) {
  return MetadataOf(CheckCallbackSignature(provider, query), "check");
}

TEST(CallbackSignatureTest, TakesWhatTheProviderSigned) {
  EXPECT_EQ(CheckOf(Signing(), Good()), "");
}

TEST(CallbackSignatureTest, TellsDelimitersFromWhatTheyWouldDelimit) {
  // Signed as it stands, without the escapes: another query reads the same.
  Query query = {
      {"a=b", "1&2%"},
      {"code", "x"},
      {"hmac",
       "c5478efb49963532e632c93b1cba0897a411810bdc2fa21992d128df065c87fd"}};
  EXPECT_EQ(CheckOf(Signing(), query), "hmac");
  // a%3Db=1%262%25&code=x
  query[2].second =
      "2da3d251ad45cc5dd206b05c9a00147ccbcd99649d65e51d89dc97d0e2c7df47";
  EXPECT_EQ(CheckOf(Signing(), query), "");
}

TEST(CallbackSignatureTest, RefusesAChangeOfAnyParameter) {
  for (size_t i = 0; i < Good().size(); ++i) {
    Query changed = Good();
    changed[i].second.back() ^= 1;
    EXPECT_EQ(CheckOf(Signing(), changed), "hmac") << changed[i].first;
    Query without = Good();
    without.erase(without.begin() + static_cast<long>(i));
    EXPECT_EQ(CheckOf(Signing(), without), "hmac") << Good()[i].first;
  }
  Query more = Good();
  more.emplace_back("host", "evil");
  EXPECT_EQ(CheckOf(Signing(), more), "hmac");
}

TEST(CallbackSignatureTest, RefusesWhatIsNoSignature) {
  for (const std::string& given :
       {std::string(), std::string(64, '0'), Good()[2].second.substr(0, 63),
        Good()[2].second + "0", std::string("hmac")}) {
    Query query = Good();
    query[2].second = given;
    EXPECT_EQ(CheckOf(Signing(), query), "hmac") << given;
  }
}

TEST(CallbackSignatureTest, RefusesWhatAnotherSecretSigned) {
  Provider other = Signing();
  other.client_secret = std::make_shared<Secret>(Secret::Copy("hush2"));
  EXPECT_EQ(CheckOf(other, Good()), "hmac");
  other.client_secret = nullptr;
  EXPECT_EQ(CheckOf(other, Good()), "hmac");
}

TEST(CallbackSignatureTest, LooksForNoneWhereThePresetNamesNone) {
  Query query = Good();
  query[2].second = "wrong";
  EXPECT_EQ(CheckOf(Provider(), query), "");
}

TEST(CallbackSignatureTest, IsCheckedBeforeAnythingIsCaptured) {
  Provider provider = Signing();
  provider.callback_capture = {"shop"};
  Query query = Good();
  EXPECT_TRUE(CaptureCallback(provider, query).ok());
  query[2].second = "wrong";
  EXPECT_EQ(MetadataOf(CaptureCallback(provider, query).status(), "check"),
            "hmac");
}

}  // namespace
}  // namespace tokenvault
