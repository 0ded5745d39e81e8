#include "extensions/tools/exec/terminal.hpp"

#include <gtest/gtest.h>

namespace openclaw::tools {
namespace {

TEST(Terminal, OutputKeepsItsTextAndLosesWhatDraws) {
  TerminalText text;
  EXPECT_EQ(text.take("\x1b[1;31mred\x1b[0m\r\n"), "red\n");
  EXPECT_EQ(text.take("\x1b]0;title\x07shown\x1b(B\x1b]8;;http://x\x1b\\link"), "shownlink");
  EXPECT_EQ(text.take("a\bb\x07\tc\x01"), "ab\tc");
  EXPECT_EQ(text.take("10%\r20%\r\nend\r"), "10%\n20%\nend");
  EXPECT_EQ(text.take("more"), "\nmore");
  EXPECT_EQ(text.take("caf\xc3\xa9\x7f"), "caf\xc3\xa9");
}

TEST(Terminal, ASequenceMayComeInPieces) {
  const std::string_view all = "x\x1b[38;5;12my\x1bP1;2|data\x1b\\z\r\n";
  for (std::size_t cut = 0; cut <= all.size(); ++cut) {
    TerminalText text;
    auto shown = text.take(all.substr(0, cut));
    shown += text.take(all.substr(cut));
    EXPECT_EQ(shown, "xyz\n") << cut;
  }
}

TEST(Terminal, KeysHaveTheirUsualBytes) {
  const std::pair<std::string_view, std::string_view> known[] = {
      {"Enter", "\r"},     {"C-c", "\x03"},          {"^C", "\x03"},   {"ctrl+d", "\x04"},
      {"Up", "\x1b[A"},    {"F5", "\x1b[15~"},       {"M-x", "\x1bx"}, {"a", "a"},
      {"S-Tab", "\x1b[Z"}, {"BSpace", "\x7f"},       {"-", "-"},       {"^", "^"},
      {"C-[", "\x1b"},     {"\xc3\xa9", "\xc3\xa9"}, {"S-a", "A"},     {"M-C-a", "\x1b\x01"}};
  for (const auto& [name, bytes] : known) {
    const auto key = key_bytes(name);
    ASSERT_TRUE(key) << name;
    EXPECT_EQ(*key, bytes) << name;
  }
  EXPECT_EQ(key_bytes("C-Space")->size(), 1U);
  for (const auto* wrong : {"", "F13", "Entre", "C-Up", "ab", "\xff", "\xc3\xa9\xc3\xa9"})
    EXPECT_FALSE(key_bytes(wrong)) << wrong;
}

} // namespace
} // namespace openclaw::tools
