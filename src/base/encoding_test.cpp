#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace openclaw {
namespace {

TEST(Encoding, WordsStayWordsInHtml) {
  EXPECT_EQ(escape_html("a < b && \"c\" > 'd' é"), "a &lt; b &amp;&amp; &quot;c&quot; &gt; 'd' é");
}

TEST(Encoding, WhatAUrlGivesAMeaningToIsEncodedByteByByte) {
  EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encoded("!r:x/y é%"), "%21r%3Ax%2Fy%20%C3%A9%25");
}

} // namespace
} // namespace openclaw
