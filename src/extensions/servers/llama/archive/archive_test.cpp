#include "base/text.hpp"
#include "extensions/servers/llama/archive/archive.hpp"
#include "extensions/servers/llama/archive/made_archive.hpp"
#include <gtest/gtest.h>
#include <map>

namespace openclaw::llama::archive {
namespace {

using testing::make_tar;
using testing::make_tar_gz;
using testing::make_zip;

// Made by Python's zipfile: data/part00 (deflated), data/NOTICE.md (stored), ../../etc/evil.
constexpr std::string_view kZip =
    "UEsDBBQAAAAIAAAAIQCGwkOZCwAAAHgAAAALAAAAZGF0YS9wYXJ0MDBLzijNy1ZIpjsJAFBLAwQUAAAAAAAAACEASqj1RwcAAAAHAAAADgAAAGRhdG"
    "EvTk9USUNFLm1k"
    "bm90aWNlClBLAwQUAAAAAAAAACEAUjH7jQQAAAAEAAAADgAAAC4uLy4uL2V0Yy9ldmlsZXZpbFBLAQIUAxQAAAAIAAAAIQCGwkOZCwAAAHgAAAALAA"
    "AAAAAAAAAAAACA"
    "AQAAAABkYXRhL3BhcnQwMFBLAQIUAxQAAAAAAAAAIQBKqPVHBwAAAAcAAAAOAAAAAAAAAAAAAACAATQAAABkYXRhL05PVElDRS5tZFBLAQIUAxQAAA"
    "AAAAAAIQBSMfuN"
    "BAAAAAQAAAAOAAAAAAAAAAAAAACAAWcAAAAuLi8uLi9ldGMvZXZpbFBLBQYAAAAAAwADALEAAACXAAAAAAA=";
// Made by GNU tar: package/LICENSE, package/bins/lib.so, package/other, a link package/link to /etc/passwd.
constexpr std::string_view kTarGz =
    "H4sIAAAAAAAAA+3XSw6CMBAGYNaeghMIBQoHMC5I1I1eoGojRFIIxXh9K5GFNfERHfHxf5uyYkr/"
    "zKRUYrUVG+k5hHwj4bxdDXu9fGZ+bBaXU26qs9ONqE35Z99jf9yXqE75"
    "T9LReDYfk9Q4nkccRVfyj6z8GU8Sx33LIf55/tN0Meh7D9Cfrv+LXG2parTz3zT0/fM/5GHouIEnm5VXCa33a6q9/Xv/d/"
    "mXTSZroho35z+z82fxMX/Mf3o7tReqkXT9BR+t"
    "6/9lrjTVT0A7/x+6/7N2/uP+T+8s/yJfDnX58hq35z+38g/iyMf8f4dMFkXpSrXJlcSPAAAAAAAAAAAAAADAbzgAcdG17QAoAAA=";

std::string bytes_of(std::string_view base64) {
  const auto bytes = from_base64(base64).value();
  return {bytes.begin(), bytes.end()};
}

class Memory final : public Sink {
public:
  Result<> begin(std::size_t index) override {
    at_ = index;
    found[at_] = {};
    return {};
  }
  Result<> write(std::string_view piece) override {
    found[at_] += piece;
    return {};
  }
  Result<> finish() override {
    ++finished;
    return {};
  }
  std::map<std::size_t, std::string> found;
  int finished = 0;

private:
  std::size_t at_ = 0;
};

struct Unpacked {
  Result<> outcome;
  Memory memory;
};
Unpacked unzip(std::string_view bytes, std::vector<Wanted> wanted) {
  Unpacked all;
  all.outcome = read_zip(MemoryBytes(bytes), wanted, all.memory);
  return all;
}
Unpacked untar(std::string_view bytes, std::vector<Wanted> wanted, std::uint64_t most = 1 << 20) {
  Unpacked all;
  all.outcome = read_tar_gz(MemoryBytes(bytes), wanted, most, all.memory);
  return all;
}
std::string chunks() {
  std::string text;
  for (int i = 0; i < 20; ++i)
    text += "chunk ";
  return text;
}

TEST(ReadZip, ReadsDeflatedAndStoredMembersOfAnotherProgram) {
  const auto all = unzip(bytes_of(kZip), {{"data/NOTICE.md", 7}, {"data/part00", 120}});
  ASSERT_TRUE(all.outcome) << all.outcome.error().text();
  EXPECT_EQ(all.memory.found.at(0), "notice\n");
  EXPECT_EQ(all.memory.found.at(1), chunks());
  EXPECT_EQ(all.memory.finished, 2);
}

TEST(ReadZip, TouchesNoMemberThatIsNotNamed) {
  const auto all = unzip(bytes_of(kZip), {});
  EXPECT_TRUE(all.outcome);
  EXPECT_TRUE(all.memory.found.empty());
}

TEST(ReadZip, RefusesAMemberThatUnpacksToMoreThanAnnounced) {
  const auto bomb = make_zip({{"a", std::string(1 << 20, 'x'), '0', 100}});
  const auto all = unzip(bomb, {{"a", 100}});
  ASSERT_FALSE(all.outcome);
  EXPECT_EQ(all.outcome.error().kind, Kind::denied);
  EXPECT_LE(all.memory.found.at(0).size(), 100U);
}

TEST(ReadZip, RefusesAnotherSizeTwiceTheSameNameAndEncryption) {
  EXPECT_FALSE(unzip(bytes_of(kZip), {{"data/part00", 119}}).outcome);
  EXPECT_FALSE(unzip(bytes_of(kZip), {{"data/part01", 120}}).outcome);
  EXPECT_FALSE(unzip(make_zip({{"a", "x"}, {"a", "y"}}), {{"a", 1}}).outcome);
  EXPECT_FALSE(unzip(make_zip({{"a", "x"}}, 1), {{"a", 1}}).outcome);
}

TEST(ReadZip, RefusesEveryTruncation) {
  const auto whole = make_zip({{"a", chunks()}});
  ASSERT_TRUE(unzip(whole, {{"a", 120}}).outcome);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(unzip(std::string_view(whole).substr(0, length), {{"a", 120}}).outcome) << length;
}

TEST(ReadZip, NoticesAChangedByte) {
  const auto whole = make_zip({{"a", chunks()}});
  auto changed = whole;
  changed[34] ^= 4;
  EXPECT_FALSE(unzip(changed, {{"a", 120}}).outcome);
}

TEST(ReadTarGz, ReadsMembersOfAnotherProgram) {
  const auto all = untar(bytes_of(kTarGz), {{"package/LICENSE", 4}, {"package/bins/lib.so", 13}});
  ASSERT_TRUE(all.outcome) << all.outcome.error().text();
  EXPECT_EQ(all.memory.found.at(0), "MIT\n");
  EXPECT_EQ(all.memory.found.at(1), "hello engine\n");
}

TEST(ReadTarGz, TakesNoLinkForAFile) {
  EXPECT_FALSE(untar(bytes_of(kTarGz), {{"package/link", 0}}).outcome);
  EXPECT_FALSE(untar(make_tar_gz({{"a", "", '2'}}), {{"a", 0}}).outcome);
}

TEST(ReadTarGz, IgnoresNamesThatLeadOutside) {
  const auto all = untar(make_tar_gz({{"../../etc/passwd", "evil"}, {"/root/x", "evil"}, {"a", "good"}}), {{"a", 4}});
  ASSERT_TRUE(all.outcome);
  EXPECT_EQ(all.memory.found.size(), 1U);
  EXPECT_EQ(all.memory.found.at(0), "good");
}

TEST(ReadTarGz, RefusesABomb) {
  const auto all = untar(make_tar_gz({{"a", "good"}, {"bomb", std::string(2 << 20, '\0')}}), {{"a", 4}});
  ASSERT_FALSE(all.outcome);
  EXPECT_EQ(all.outcome.error().kind, Kind::denied);
}

TEST(ReadTarGz, RefusesAnotherSizeAndTwiceTheSameName) {
  EXPECT_FALSE(untar(make_tar_gz({{"a", "good"}}), {{"a", 5}}).outcome);
  EXPECT_FALSE(untar(make_tar_gz({{"a", "good"}, {"a", "evil"}}), {{"a", 4}}).outcome);
  EXPECT_FALSE(untar(make_tar_gz({{"a", "good", '0', 5000}}), {{"a", 5000}}).outcome);
}

TEST(ReadTarGz, RefusesAHeadWithAWrongChecksum) {
  auto tar = make_tar({{"a", "good"}});
  tar[0] = 'b';
  EXPECT_FALSE(untar(testing::deflated(tar, 15 + 16), {{"b", 4}}).outcome);
}

TEST(ReadTarGz, RefusesEveryTruncation) {
  const auto whole = make_tar_gz({{"a", chunks()}});
  ASSERT_TRUE(untar(whole, {{"a", 120}}).outcome);
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(untar(std::string_view(whole).substr(0, length), {{"a", 120}}).outcome) << length;
}

} // namespace
} // namespace openclaw::llama::archive
