#include "messaging/chunks.hpp"
#include "messaging/markdown.hpp"
#include <algorithm>
#include <gtest/gtest.h>

namespace openclaw::messaging {
namespace {

using ports::rich_text::Marks;
using ports::rich_text::Node;
using ports::rich_text::render;
using ports::rich_text::utf16_length;

std::string fence(std::string_view info, std::string_view code) {
  return "```" + std::string(info) + "\n" + std::string(code) + "\n```";
}
Marks marks() {
  Marks marks;
  marks.bold = {"*", "*"};
  marks.italic = {"_", "_"};
  marks.strike = {"~", "~"};
  marks.code = {"`", "`"};
  marks.code_block = fence;
  return marks;
}
std::string shown(const Node& node) {
  return render(node, marks());
}
std::vector<std::string> split(std::string_view markdown, std::size_t limit) {
  std::vector<std::string> texts;
  const std::function<std::size_t(const Node&)> measure = [](const Node& node) { return utf16_length(shown(node)); };
  for (const auto& piece : split_document(parse_markdown(markdown), limit, measure))
    texts.push_back(shown(piece));
  return texts;
}
std::string without_spaces(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
  return text;
}

TEST(RichText, RendersWhatModelsWrite) {
  EXPECT_EQ(shown(parse_markdown("# Title\n\nSome **bold**, *slanted*, ~~gone~~ and `code`.")),
            "*Title*\n\nSome *bold*, _slanted_, ~gone~ and `code`.");
  EXPECT_EQ(shown(parse_markdown("- one\n- two\n  - inner\n3. x")), "- one\n- two\n  - inner\n\n3. x");
  EXPECT_EQ(shown(parse_markdown("> said\n> twice")), "> said\n> twice");
  EXPECT_EQ(shown(parse_markdown("| a | b |\n|---|---|\n| 1 | long cell |")),
            "```\na | b\n--+----------\n1 | long cell\n```");
  EXPECT_EQ(shown(parse_markdown("[here](https://x.example/)")), "here (https://x.example/)");
  EXPECT_EQ(shown(parse_markdown("<script>alert(1)</script>")), "<script>alert(1)</script>");
}

TEST(RichText, CountsUtf16Units) {
  EXPECT_EQ(utf16_length("aé😀"), 4U);
}

TEST(RichText, GivesRangesInUtf16Units) {
  const auto styled = ports::rich_text::render_ranges(parse_markdown("😀 **fat** and `mono`"));
  EXPECT_EQ(styled.text, "😀 fat and mono");
  ASSERT_EQ(styled.ranges.size(), 2U);
  EXPECT_EQ(styled.ranges[0].start, 3U);
  EXPECT_EQ(styled.ranges[0].length, 3U);
  EXPECT_EQ(styled.ranges[1].start, 11U);
}

TEST(RichText, CannotBeStyledByPrivateCharacters) {
  const auto styled = ports::rich_text::render_ranges(parse_markdown("a \uE000b\uE008 c"));
  EXPECT_EQ(styled.text, "a b c");
  EXPECT_TRUE(styled.ranges.empty());
}

TEST(Chunks, LeaveAShortTextWhole) {
  EXPECT_EQ(split("hello", 100), std::vector<std::string>{"hello"});
  EXPECT_TRUE(split("", 100).empty());
}

TEST(Chunks, CutBetweenParagraphsFirst) {
  const auto parts = split("first paragraph\n\nsecond paragraph\n\nthird", 35);
  EXPECT_EQ(parts, (std::vector<std::string>{"first paragraph\n\nsecond paragraph", "third"}));
}

TEST(Chunks, CloseAndReopenACodeFenceWithItsLanguage) {
  std::string code;
  for (int line = 0; line < 400; ++line)
    code += "int line_" + std::to_string(line) + " = 0;\n";
  const auto markdown = "Look:\n\n```cpp\n" + code + "```\n\nDone.";
  const auto parts = split(markdown, 1000);
  ASSERT_GT(parts.size(), 5U);
  std::string together;
  for (const auto& part : parts) {
    EXPECT_LE(utf16_length(part), 1000U);
    const auto fences = std::count(part.begin(), part.end(), '`');
    EXPECT_EQ(fences % 6, 0) << part;
    auto body = part;
    for (auto at = body.find("```cpp\n"); at != std::string::npos; at = body.find("```cpp\n"))
      body.erase(at, 7);
    for (auto at = body.find("\n```"); at != std::string::npos; at = body.find("\n```"))
      body.erase(at, 4);
    together += body + "\n";
  }
  EXPECT_EQ(without_spaces(together), without_spaces("Look:" + code + "Done."));
}

TEST(Chunks, NeverBreakACharacterOrACluster) {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += "👩‍👩‍👧é漢";
  const auto parts = split(text, 100);
  std::string together;
  for (const auto& part : parts) {
    EXPECT_LE(utf16_length(part), 100U);
    EXPECT_FALSE(part.starts_with("\u200D")) << part;
    EXPECT_FALSE(part.ends_with("\u200D")) << part;
    together += part;
  }
  EXPECT_EQ(together, text);
}

TEST(Chunks, KeepEveryWordOfALongText) {
  std::string text;
  for (int i = 0; i < 5000; ++i)
    text += "word" + std::to_string(i) + (i % 17 == 0 ? ". " : " ") + (i % 301 == 0 ? "**bold words here** " : "");
  for (const std::size_t limit : {50U, 333U, 4096U}) {
    std::string together;
    for (const auto& part : split(text, limit)) {
      EXPECT_LE(utf16_length(part), limit);
      together += part + " ";
    }
    EXPECT_EQ(without_spaces(together), without_spaces(shown(parse_markdown(text))));
  }
}

TEST(Chunks, CutListsTablesAndQuotes) {
  std::string list;
  for (int i = 0; i < 50; ++i)
    list += std::to_string(i + 1) + ". item number " + std::to_string(i + 1) + "\n";
  const auto parts = split(list, 200);
  ASSERT_GT(parts.size(), 2U);
  EXPECT_TRUE(parts[1].find(". item") != std::string::npos && !parts[1].starts_with("1. ")) << parts[1];
  std::string table = "| key | value |\n|---|---|\n";
  for (int i = 0; i < 60; ++i)
    table += "| k" + std::to_string(i) + " | v |\n";
  for (const auto& part : split(table, 150)) {
    EXPECT_LE(part.size(), 150U);
    EXPECT_TRUE(part.find("key") != std::string::npos) << "each piece has the table's head: " << part;
  }
  EXPECT_GT(split("> " + std::string(500, 'x'), 100).size(), 4U);
}

TEST(Chunks, EndWithAnyLimit) {
  for (const std::size_t limit : {1U, 2U, 3U, 7U})
    EXPECT_FALSE(split("ab **cd** `e` 😀\n\n- f\n\n```x\ny\n```", limit).empty());
}

} // namespace
} // namespace openclaw::messaging
