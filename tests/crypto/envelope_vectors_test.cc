// What must open and what must not, from tests/testdata/tkv1-vectors.json: made
// by another implementation, tests/crypto/make_vectors.mjs.
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/encoding.h"
#include "base/errors.h"
#include "crypto/envelope.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/crypto/known_answer.h"

namespace tokenvault {
namespace {

using nlohmann::json;

std::string HexIn(const json& of, const char* field) {
  return HexDecode(of.at(field).get<std::string>()).value();
}

Binding PlaceIn(const json& place) {
  Binding binding;
  binding.deployment_id = HexIn(place, "deployment");
  binding.tenant = TenantId(place.at("tenant").get<std::string>());
  binding.subject = place.at("subject").get<std::string>();
  binding.connection = place.at("connection").get<std::string>();
  binding.issuer = place.at("issuer").get<std::string>();
  binding.purpose = place.at("purpose").get<std::string>();
  EXPECT_TRUE(absl::SimpleAtoi(place.at("rowVersion").get<std::string>(),
                               &binding.row_version));
  binding.schema = place.at("schema").get<uint32_t>();
  return binding;
}

TEST(EnvelopeVectorsTest, OpensWhatIsValidAndNothingElse) {
  const json vectors = json::parse(ReadTestData("tkv1-vectors.json"));
  const std::unique_ptr<SecretArena> arena = NewTestArena();
  int valid = 0;
  int invalid = 0;
  for (const json& group : vectors.at("testGroups")) {
    const ArenaKey key = KeyOf(*arena, HexIn(group, "key"));
    const ParentKey parent = {
        .key = &key,
        .key_id = HexIn(group, "keyId"),
        .version = group.at("keyVersion").get<uint32_t>()};
    const SealContext context =
        SealContext::ForRecord(PlaceIn(group.at("place")));
    for (const json& test : group.at("tests")) {
      SCOPED_TRACE(absl::StrCat(group.at("comment").get<std::string>(), ", ",
                                test.at("tcId").get<int>(), ": ",
                                test.at("comment").get<std::string>()));
      const auto opened = OpenEnvelope(SealedObject::kRecord, parent, context,
                                       HexIn(test, "envelope"));
      if (test.at("result") == "valid") {
        ++valid;
        ASSERT_TRUE(opened.ok()) << opened.status();
        EXPECT_TRUE(opened->Equals(Secret::Copy(HexIn(test, "msg"))));
      } else {
        ++invalid;
        EXPECT_EQ(ReasonOf(opened.status()), "SEAL_BROKEN");
      }
    }
  }
  EXPECT_EQ(valid + invalid, vectors.at("numberOfTests").get<int>());
  EXPECT_GE(valid, 70);
  EXPECT_GE(invalid, 230);
}

}  // namespace
}  // namespace tokenvault
