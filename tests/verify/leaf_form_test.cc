#include "verify/leaf_form.h"

#include <gtest/gtest.h>

#include <string>

namespace tokenvault {
namespace {

TEST(LeafFormTest, KnowsALeaf) {
  for (const char* line :
       {R"({"action":"token.granted"})",
        R"({"action":"a","scopes":["b","c"],"time":"d"})",
        R"({"action":"","purpose":"\"\\\b\f\n\r\t\u0001\u001f\u000b/é日😀"})"}) {
    EXPECT_TRUE(IsLeaf(line)) << line;
  }
}

TEST(LeafFormTest, RefusesEveryOtherForm) {
  for (const char* line : {
           "",
           "{}",
           "[]",
           R"({"actor":"a"})",
           R"({"action":1})",
           R"({"action":null})",
           R"({"action":{}})",
           R"({"action":[]})",
           R"({"action":["a",1]})",
           R"({"action":"a",})",
           R"({"action":"a"} )",
           R"( {"action":"a"})",
           R"({"action": "a"})",
           R"({"action":"a","action":"a"})",
           R"({"time":"a","action":"a"})",
           R"({"action":"a","Time":"a"})",
           R"({"action":"a)",
           R"({"action":"a"}})",
           R"({"action":"\/"})",
           R"({"action":"\u0041"})",
           R"({"action":"\u001F"})",
           R"({"action":"\u000a"})",
           R"({"action":"\u0008"})",
           R"({"action":"\u00e9"})",
           R"({"action":"\)",
           R"({"action":"\u00)",
           R"({"action":"\u000)",
           "{\"action\":\"\t\"}",
           "{\"action\":\"\xff\"}",
           "{\"action\":\"\xc0\xaf\"}",
           R"({"checkpoint":"a","edge":[]})",
       }) {
    EXPECT_FALSE(IsLeaf(line)) << line;
  }
  EXPECT_FALSE(IsLeaf(absl::string_view("{\"action\":\"\0\"}", 14)));
}

}  // namespace
}  // namespace tokenvault
