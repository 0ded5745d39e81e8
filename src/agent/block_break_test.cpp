#include "agent/block_break.hpp"

#include <gtest/gtest.h>
#include <string>

namespace openclaw::agent {
namespace {

constexpr BlockSize kSmall{20, 40};

TEST(BlockBreak, WaitsUntilAPieceIsWorthShowing) {
  EXPECT_EQ(block_end("short\n\n", kSmall), 0U);
}

// parity: 1.6-block-streaming
TEST(BlockBreak, PrefersTheEndOfAParagraph) {
  const std::string text = "A first paragraph, long.\n\nA second. And";
  EXPECT_EQ(block_end(text, kSmall), std::string("A first paragraph, long.\n\n").size());
}

TEST(BlockBreak, ThenTakesALineASentenceOrAWord) {
  EXPECT_EQ(block_end("one two three four five\nsix seven eight nine ten", kSmall), 24U);
  EXPECT_EQ(block_end("One two three four five. Six seven eight nine ten", kSmall), 25U);
  EXPECT_EQ(block_end("one two three four five six seven eight nine ten eleven", kSmall), 40U);
}

// parity: 1.6-block-streaming
TEST(BlockBreak, DoesNotBreakInsideACodeFence) {
  const std::string text = "Look at this code here:\n```\nint a;\n\nint b;\n\nint c;\n```\n\nDone.";
  EXPECT_EQ(block_end(text, kSmall), std::string("Look at this code here:\n").size());
}

TEST(BlockBreak, NeverSplitsACodePoint) {
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += "é";
  EXPECT_EQ(block_end(text, {20, 41}), 40U);
}

} // namespace
} // namespace openclaw::agent
