#include "base/schema.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace openclaw {
namespace {

std::vector<std::string> problems_of(std::string_view value, std::string_view schema) {
  std::vector<std::string> out;
  for (const auto& problem : check_schema(json::parse(value), json::parse(schema)))
    out.push_back(problem.path + (problem.unknown_key ? "? " : ": ") + problem.message);
  return out;
}
using Texts = std::vector<std::string>;

TEST(Schema, NamesTheExpectedAndTheActualType) {
  EXPECT_EQ(problems_of("5", R"({"type":"string"})"), Texts{": must be a string, and is a whole number"});
  EXPECT_EQ(problems_of(R"({"a":{"b":true}})", R"({"properties":{"a":{"properties":{"b":{"type":"integer"}}}}})"),
            Texts{"a.b: must be a whole number, and is true"});
  EXPECT_EQ(problems_of("null", R"({"type":["string","number"]})"),
            Texts{": must be a string or a number, and is null"});
}

TEST(Schema, AWholeNumberMayBeWrittenWithAPoint) {
  EXPECT_EQ(problems_of("3.0", R"({"type":"integer"})"), Texts{});
  EXPECT_EQ(problems_of("3.5", R"({"type":"integer"})"), Texts{": must be a whole number, and is a number"});
}

TEST(Schema, SuggestsTheNearestKnownKeyAndChoice) {
  EXPECT_EQ(problems_of(R"({"prot":1})", R"({"properties":{"port":{}},"additionalProperties":false})"),
            Texts{"prot? is not a known key; did you mean \"port\"?"});
  EXPECT_EQ(problems_of(R"("lopback")", R"({"enum":["loopback","lan"]})"),
            Texts{": must be one of \"loopback\", \"lan\"; did you mean \"loopback\"?"});
}

TEST(Schema, WritesPathsAsPeopleTypeThem) {
  EXPECT_EQ(problems_of(R"({"list":[1,{"a b":"x"}]})",
                        R"({"properties":{"list":{"items":{"anyOf":[{"type":"integer"},
                           {"type":"object","properties":{"a b":{"type":"integer"}}}]}}}})"),
            Texts{"list[1][\"a b\"]: must be a whole number, and is a string"});
}

TEST(Schema, AnyOfExplainsTheAlternativeOfTheSameType) {
  constexpr auto schema = R"({"anyOf":[{"type":"string"},{"type":"object","required":["primary"],
    "properties":{"primary":{"type":"string"}},"additionalProperties":false}]})";
  EXPECT_EQ(problems_of(R"("x/y")", schema), Texts{});
  EXPECT_EQ(problems_of("{}", schema), Texts{"primary: is required and missing"});
  EXPECT_EQ(problems_of("[]", schema), Texts{": must be a string or an object, and is an array"});
  EXPECT_EQ(problems_of(R"({"primary":"x","primry":1})", schema),
            Texts{"primry? is not a known key; did you mean \"primary\"?"});
}

TEST(Schema, ChecksBoundsLengthsAndPatterns) {
  EXPECT_EQ(problems_of("70000", R"({"minimum":0,"maximum":65535})"), Texts{": must be at most 65535, and is 70000"});
  EXPECT_EQ(problems_of(R"("")", R"({"minLength":1})"), Texts{": must not be empty"});
  EXPECT_EQ(problems_of("\"\u00e9\u00e9\u00e9\"", R"({"maxLength":2})"),
            Texts{": must have at most 2 characters, and has 3"});
  EXPECT_EQ(problems_of(R"("a1")", R"({"pattern":"^[a-z]+$"})"), Texts{": must match the pattern ^[a-z]+$"});
  EXPECT_EQ(problems_of("[1]", R"({"minItems":2})"), Texts{": must have at least 2 items, and has 1"});
}

TEST(Schema, ReportsAtMostTwentyProblems) {
  std::string many = "[";
  for (int i = 0; i < 50; ++i)
    many += i ? ",1" : "1";
  EXPECT_EQ(problems_of(many + "]", R"({"items":{"type":"string"}})").size(), 20U);
}

TEST(Schema, ABrokenPatternIsSaidAndDoesNotThrow) {
  EXPECT_EQ(problems_of(R"("x")", R"({"pattern":"("})").size(), 1U);
}

} // namespace
} // namespace openclaw
