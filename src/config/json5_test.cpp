#include "config/json5.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace openclaw::config {
namespace {

json::value parsed(std::string_view text) {
  const auto document = parse_json5(text, "test");
  EXPECT_TRUE(document) << document.error().text();
  return document ? document->root.value() : json::value();
}

Error problem(std::string_view text) {
  const auto document = parse_json5(text, "openclaw.json");
  EXPECT_FALSE(document) << text;
  return document ? Error{} : document.error();
}

// parity: 1.1-config
TEST(Json5, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parsed(R"(
    // a comment
    { bare: 'single', "double": "x", $a_1: [1, 2, 3,], /* inline */ nested: { deep: null, }, }
  )"),
            json::parse(R"({"bare":"single","double":"x","$a_1":[1,2,3],"nested":{"deep":null}})"));
}

TEST(Json5, ReadsEverySpellingOfANumber) {
  EXPECT_EQ(parsed("[0x1F, +1, -0x10, .5, 5., 1e3, 18446744073709551615, -9223372036854775808]"),
            (json::array{31, 1, -16, 0.5, 5.0, 1000.0, 18446744073709551615ULL, INT64_MIN}));
}

TEST(Json5, ReadsEscapesAndLineContinuations) {
  EXPECT_EQ(parsed("'a\\\nb\\x41\\u00e9\\ud83d\\ude00\\'\\0'"),
            json::value(json::string("ab\x41\xc3\xa9\xf0\x9f\x98\x80'\0", 11)));
}

TEST(Json5, RefusesInfinityWithASentence) {
  EXPECT_NE(problem("{ a: -Infinity }").message.find("write a number"), std::string::npos);
  EXPECT_NE(problem("{ a: NaN }").message.find("write a number"), std::string::npos);
}

TEST(Json5, NamesLineColumnExpectationAndFinding) {
  const auto error = problem("{\n  \"gateway\": {\n    \"mode\": \"local\",\n    \"port\": }\n}\n");
  EXPECT_EQ(error.message, "openclaw.json, line 4, column 13: expected a value, and found }.");
  EXPECT_EQ(error.hint, "\n  4 |     \"port\": }\n    |             ^");
}

TEST(Json5, EveryErrorIsASentence) {
  for (const auto* text : {"{",    "{a",     "{a:",    "{a:1",     "{a:1,,}", "[1 2]",   "{a:'x",
                           "/* x", "{a:01}", "{a:1x}", "{a-b:1}",  "{}{}",    "'\\u12'", "'\\ud800'",
                           "[0x]", "[.]",    "[1e]",   "\"a\nb\"", "{a:foo}", "[1e999]", "[0xfffffffffffffffff]"})
    EXPECT_TRUE(problem(text).message.ends_with('.')) << text << " -> " << problem(text).message;
}

TEST(Json5, AnErrorNeverShowsASecret) {
  const auto error = problem("{ token: \"abc-def-secret }");
  EXPECT_EQ(error.text().find("abc"), std::string::npos) << error.text();
  EXPECT_NE(error.hint.find("token"), std::string::npos);
}

TEST(Json5, BoundsDepthAndSize) {
  EXPECT_TRUE(parse_json5(std::string(64, '[') + std::string(64, ']'), "test"));
  EXPECT_NE(problem(std::string(65, '[')).message.find("64 levels"), std::string::npos);
  EXPECT_NE(problem(std::string(kTextLimit + 1, ' ')).message.find("4 MB"), std::string::npos);
}

TEST(Json5, ReportsDuplicateKeysAndTheLastOneCounts) {
  const auto document = parse_json5("{ a: { b: 1, 'b': 2 } }", "test");
  ASSERT_TRUE(document);
  ASSERT_EQ(document->duplicates.size(), 1U);
  EXPECT_EQ(document->duplicates[0].path, "a.b");
  EXPECT_EQ(document->root.value(), json::parse(R"({"a":{"b":2}})"));
}

TEST(Json5, KnowsWhereEachPathStands) {
  constexpr std::string_view text = "{\n  é: [ {\n    'my.host': 1 } ] }";
  const auto document = parse_json5(text, "test");
  ASSERT_TRUE(document);
  const auto offset = offset_of(*document, "é[0][\"my.host\"]");
  ASSERT_TRUE(offset);
  EXPECT_EQ(position_at(text, *offset).line, 3);
  EXPECT_EQ(position_at(text, *offset).column, 5);
  EXPECT_FALSE(offset_of(*document, "nothing"));
}

TEST(Json5, AnEmptyFileIsAnEmptyObject) {
  EXPECT_EQ(parsed("// nothing yet\n"), json::value(json::object()));
  EXPECT_EQ(parsed(""), json::value(json::object()));
}

TEST(Json5, RefusesTextThatIsNotUtf8) {
  EXPECT_NE(problem("{ a: '\xff' }").message.find("UTF-8"), std::string::npos);
}

} // namespace
} // namespace openclaw::config
