#include "cli/moving/old_transcript.hpp"

#include "base/json.hpp"
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace openclaw::cli {
namespace {

std::string entry(std::string_view id, std::string_view parent, std::string_view text) {
  return fmt::format(R"({{"type":"message","id":"{}",{}"message":{{"role":"user","content":"{}"}}}})", id, parent,
                     text) +
         "\n";
}
constexpr std::string_view kHeader =
    "{\"type\":\"session\",\"version\":3,\"id\":\"s\",\"timestamp\":\"2026-11-20T10:00:00.000Z\"}\n";

std::string ids(const OldTranscript& transcript) {
  std::string out;
  for (const auto& line : transcript.branch)
    out += line.id + " ";
  return out;
}

TEST(OldTranscript, TornAtAnyByteItIsReadUpToTheLastWholeLine) {
  const auto whole =
      std::string(kHeader) + entry("a1", R"("parentId":null,)", "one") + entry("a2", R"("parentId":"a1",)", "two");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    const auto text = whole.substr(0, cut);
    const auto read = read_old_transcript(text, "s");
    // A line is whole once its last brace is there; the line end may be missing.
    std::size_t expected = 0;
    for (std::size_t end = whole.find('\n', kHeader.size()); end != std::string::npos; end = whole.find('\n', end + 1))
      if (cut >= end) ++expected;
    EXPECT_EQ(read.messages, expected) << cut;
    EXPECT_EQ(read.damaged, 0U) << cut;
    const auto last = text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1;
    if (read.torn_bytes > 0) EXPECT_EQ(read.torn_bytes, cut - last);
    // What is written for other programs can be read again, and loses nothing.
    const auto again = read_old_transcript(read.text, "s");
    EXPECT_EQ(again.text, read.text);
    EXPECT_EQ(ids(again), ids(read));
  }
}

TEST(OldTranscript, TheCurrentBranchIsThatOfTheLastEntry) {
  const auto text = std::string(kHeader) + entry("a1", R"("parentId":null,)", "root") +
                    entry("a2", R"("parentId":"a1",)", "left") + entry("a3", R"("parentId":"a1",)", "stayed") +
                    entry("a4", "", "injected");
  const auto read = read_old_transcript(text, "s");
  EXPECT_EQ(ids(read), "a1 a3 a4 ");
  EXPECT_EQ(read.elsewhere, 1U);
  EXPECT_NE(read.text.find("\"left\""), std::string::npos);
  EXPECT_FALSE(read.converted);
  EXPECT_EQ(read.branch[0].body + "\n", entry("a1", R"("parentId":null,)", "root"));
  EXPECT_EQ(read.created_ms, 1'795'168'800'000);
}

TEST(OldTranscript, VersionOneGetsIdsThatAreTheSameEachTime) {
  const std::string text = "{\"type\":\"session\",\"id\":\"s\"}\n"
                           "{\"type\":\"message\",\"message\":{\"role\":\"user\",\"content\":\"a\"}}\n"
                           "{\"type\":\"compaction\",\"summary\":\"x\",\"firstKeptEntryIndex\":1}\n"
                           "{\"type\":\"message\",\"message\":{\"role\":\"hookMessage\",\"content\":\"b\"}}\n";
  const auto read = read_old_transcript(text, "s");
  ASSERT_EQ(read.branch.size(), 3U);
  EXPECT_TRUE(read.converted);
  EXPECT_TRUE(read.compacted);
  EXPECT_EQ(ids(read), ids(read_old_transcript(text, "s")));
  const auto compaction = parse_json(read.branch[1].body, "line").value();
  EXPECT_EQ(string_or(compaction, "firstKeptEntryId"), read.branch[0].id);
  EXPECT_EQ(string_or(compaction, "parentId"), read.branch[0].id);
  EXPECT_NE(read.branch[2].body.find("\"custom\""), std::string::npos);
}

TEST(OldTranscript, DamagedLinesInTheMiddleAreCountedAndPassedOver) {
  const auto read =
      read_old_transcript(std::string(kHeader) + "not json\n[1]\n" + entry("a1", R"("parentId":"gone",)", "x"), "s");
  EXPECT_EQ(read.damaged, 2U);
  EXPECT_EQ(ids(read), "a1 ");
}

} // namespace
} // namespace openclaw::cli
