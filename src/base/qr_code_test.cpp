#include "base/qr_code.hpp"

#include "base/hash.hpp"
#include <gtest/gtest.h>

namespace openclaw {
namespace {

TEST(QrCode, HasItsFindersAndGrowsWithTheText) {
  const auto small = QrCode::of("hello");
  ASSERT_TRUE(small);
  EXPECT_EQ(small->size(), 21);
  for (const auto& [x, y] : {std::pair{0, 0}, {14, 0}, {0, 14}}) {
    EXPECT_TRUE(small->dark(x, y));
    EXPECT_FALSE(small->dark(x + 1, y + 1));
    EXPECT_TRUE(small->dark(x + 3, y + 3));
  }
  EXPECT_EQ(QrCode::of(std::string(2953, 'x'))->size(), 177);
  EXPECT_FALSE(QrCode::of(std::string(2954, 'x')));
}

// The picture of this hash was read back by zbarimg, as were longer texts, when it was written.
TEST(QrCode, IsTheCodeThatAReaderRead) {
  EXPECT_EQ(sha256_hex(QrCode::of("2@aB/+,=x9")->terminal_text()),
            "b01aade37732f361622ec2ca120823ff55696ee272b76065c7e024acdc243381");
}

} // namespace
} // namespace openclaw
