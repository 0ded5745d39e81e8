#include "config/seal.hpp"

#include <gtest/gtest.h>

namespace openclaw::config {
namespace {

const Secret kKey(std::string(kSealKeyBytes, 'k'));

TEST(Seal, OpensWithItsKeyAndWhatStandsBesideItAndWithNothingElse) {
  const auto sealed = seal(kKey, "canary", "header");
  EXPECT_EQ(sealed.find("canary"), std::string::npos);
  ASSERT_TRUE(open_seal(kKey, sealed, "header"));
  EXPECT_EQ(open_seal(kKey, sealed, "header")->reveal(), "canary");
  EXPECT_FALSE(open_seal(kKey, sealed, "another header"));
  EXPECT_FALSE(open_seal(Secret(std::string(kSealKeyBytes, 'x')), sealed, "header"));
  EXPECT_FALSE(open_seal(Secret("short"), sealed, "header"));
}

TEST(Seal, EachChangedOrMissingByteIsNoticed) {
  const auto sealed = seal(kKey, "words", "");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(open_seal(kKey, changed, "")) << i;
    EXPECT_FALSE(open_seal(kKey, std::string_view(sealed).substr(0, i), "")) << i;
  }
}

TEST(Seal, TheSameWordsAreNeverTheSameBytes) {
  EXPECT_NE(seal(kKey, "words", ""), seal(kKey, "words", ""));
  EXPECT_EQ(open_seal(kKey, seal(kKey, "", ""), "")->reveal(), "");
}

} // namespace
} // namespace openclaw::config
