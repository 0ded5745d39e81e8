#include "extensions/servers/llama/worker/text_stream.hpp"

#include <gtest/gtest.h>

namespace openclaw::llama_worker {
namespace {

TEST(TextStream, HoldsBackACutOffCodePoint) {
  TextStream stream({});
  EXPECT_EQ(stream.push("a\xF0\x9F"), "a");
  EXPECT_EQ(stream.push("\xA6"), "");
  EXPECT_EQ(stream.push("\x9E"
                        "b"),
            "\xF0\x9F\xA6\x9E"
            "b");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(valid_utf8("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(valid_utf8("\xC0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(valid_utf8("\xED\xA0\x80").find('\xED'), std::string::npos);
  TextStream stream({});
  EXPECT_EQ(stream.push("x\xE2\x82"), "x");
  EXPECT_EQ(stream.finish(), "\xEF\xBF\xBD");
}

TEST(TextStream, NeverSendsAStopSequence) {
  TextStream stream({"\nUser:", "END"});
  EXPECT_EQ(stream.push("Hello\nUs"), "Hello");
  EXPECT_EQ(stream.push("eful"), "\nUseful");
  EXPECT_FALSE(stream.stopped());
  EXPECT_EQ(stream.push(" E"), " ");
  EXPECT_EQ(stream.push("ND more"), "");
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.push("more"), "");
  EXPECT_EQ(stream.finish(), "");
}

TEST(TextStream, AnEarlierStopSequenceWins) {
  TextStream stream({"cd", "b"});
  EXPECT_EQ(stream.push("abcd"), "a");
  EXPECT_TRUE(stream.stopped());
}

TEST(TextStream, GivesBackWhatWasHeldAtTheEnd) {
  TextStream stream({"END"});
  EXPECT_EQ(stream.push("xEN"), "x");
  EXPECT_EQ(stream.finish(), "EN");
}

} // namespace
} // namespace openclaw::llama_worker
