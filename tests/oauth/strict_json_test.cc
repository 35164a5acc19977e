#include "oauth/strict_json.h"

#include <gtest/gtest.h>

namespace tokenvault {
namespace {

std::string Outcome(const std::string& text) {
  auto parsed = ParseStrictJson(text);
  if (auto* problem = std::get_if<JsonProblem>(&parsed)) {
    return std::string(JsonProblemName(*problem));
  }
  return std::get<JsonDocument>(parsed).root().dump();
}

std::string Nested(int depth) {
  std::string text = "{\"a\":";
  for (int i = 1; i < depth; ++i) text += "[";
  text += "1";
  for (int i = 1; i < depth; ++i) text += "]";
  return text + "}";
}

TEST(StrictJsonTest, ReadsAnObject) {
  EXPECT_EQ(Outcome(R"( {"a":[1,{"b":null}],"c":"d"} )"),
            R"({"a":[1,{"b":null}],"c":"d"})");
}

TEST(StrictJsonTest, RefusesWhatIsNoObject) {
  for (const char* text : {"",
                           " ",
                           "null",
                           "[]",
                           "1",
                           "\"x\"",
                           "{",
                           "{}}",
                           "{'a':1}",
                           "{a:1}",
                           "{\"a\":1,}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":.5}",
                           "{\"a\":NaN}",
                           "{\"a\":Infinity}",
                           "{\"a\":1}{\"b\":2}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\xc0\x80\"}",
                           "// x\n{}",
                           "{\"a\":tru}"}) {
    EXPECT_EQ(Outcome(text), "not_json") << text;
  }
}

TEST(StrictJsonTest, RefusesANameThatComesTwice) {
  EXPECT_EQ(Outcome(R"({"a":1,"b":2,"a":3})"), "duplicate_key");
  EXPECT_EQ(Outcome(R"({"a":1,"\u0061":3})"), "duplicate_key");
  EXPECT_EQ(Outcome(R"({"x":[{"a":1,"a":1}]})"), "duplicate_key");
  EXPECT_EQ(Outcome(R"({"a":{"a":{"a":1}}})"), R"({"a":{"a":{"a":1}}})");
}

TEST(StrictJsonTest, RefusesDeepNesting) {
  EXPECT_NE(Outcome(Nested(16)), "too_deep");
  EXPECT_EQ(Outcome(Nested(17)), "too_deep");
  EXPECT_EQ(Outcome(std::string(200000, '[')), "too_deep");
}

TEST(StrictJsonTest, ReadsANumberBeyondADoubleAsNull) {
  EXPECT_EQ(Outcome(R"({"a":1e400,"b":"1e400 \" 1e999","c":[-1E+999,2]})"),
            R"({"a":null,"b":"1e400 \" 1e999","c":[null,2]})");
  EXPECT_EQ(Outcome(R"({"a":1e400,"b":})"), "not_json");
}

TEST(StrictJsonTest, FindsByDottedPath) {
  auto parsed = ParseStrictJson(R"({"user":{"id":"7","n":1},"s":"t"})");
  auto& root = std::get<JsonDocument>(parsed).root();
  EXPECT_EQ(FindJsonString(root, "user.id"), "7");
  EXPECT_EQ(FindJsonString(root, "s"), "t");
  EXPECT_EQ(FindJsonString(root, "user.n"), std::nullopt);
  EXPECT_EQ(FindJson(root, "user.id.x"), nullptr);
  EXPECT_EQ(FindJson(root, "nobody"), nullptr);
}

}  // namespace
}  // namespace tokenvault
