#include "extensions/channels/signal/event_file.hpp"
#include <gtest/gtest.h>

namespace openclaw::extensions::signal {
namespace {

using What = EventLine::What;

TEST(SignalEventFile, ItsHeadSaysWhoseItIsAndWhoWrites) {
  const auto line = head_line({"a1b2", "http://127.0.0.1:8080", "+15550009999", 4711});
  ASSERT_TRUE(line.ends_with('\n'));
  const auto head = head_from(std::string_view(line).substr(0, line.size() - 1));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->id, "a1b2");
  EXPECT_EQ(head->root, "http://127.0.0.1:8080");
  EXPECT_EQ(head->account, "+15550009999");
  EXPECT_EQ(head->pid, 4711);
  for (const auto* other : {"", "e{}", "=", "={}", "={\"id\":1}", "=[]", "{\"id\":\"a\"}"})
    EXPECT_FALSE(head_from(other)) << other;
  EXPECT_EQ(head_from(R"(={"id":"a","pid":-5})")->pid, 0) << "no process group is ever meant";
}

TEST(SignalEventFile, ALineIsAnEventARefusalOrASignOfLife) {
  EXPECT_EQ(line_from("").what, What::alive);
  EXPECT_EQ(line_from("={}").what, What::alive);
  EXPECT_EQ(line_from("x").what, What::unreadable);
  const auto event = line_from(R"(e{"envelope":{}})");
  EXPECT_EQ(event.what, What::event);
  EXPECT_EQ(event.text, R"({"envelope":{}})");
  const auto refused = line_from("s400");
  EXPECT_EQ(refused.what, What::refused);
  EXPECT_EQ(refused.text, "400");
}

TEST(SignalEventFile, ACheckpointCountsInItsOwnFileOnly) {
  EXPECT_EQ(offset_in("a1b2:77", "a1b2"), 77);
  for (const auto* other :
       {"", "77", "a1b2", "a1b2:", "a1b2:-1", "a1b2:7x", "a1b:77", "a1b2c:77", "a1b2:99999999999999999999"})
    EXPECT_FALSE(offset_in(other, "a1b2")) << other;
  EXPECT_FALSE(offset_in(":77", "")) << "a file without a head has no checkpoints";
}

} // namespace
} // namespace openclaw::extensions::signal
