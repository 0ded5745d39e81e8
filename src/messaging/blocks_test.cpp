#include "messaging/blocks.hpp"

#include "messaging/intake.hpp"
#include "ports/channel.hpp"
#include <gtest/gtest.h>
#include <set>

namespace openclaw::messaging {
namespace {

TEST(Blocks, AFenceThatIsCutIsClosedAndOpenedAgain) {
  const std::string before = "Look:\n```cpp\nint a;\n";
  EXPECT_EQ(open_fence(before), "```cpp");
  EXPECT_EQ(open_fence(before + "```\n"), "");
  EXPECT_EQ(whole_block("", before), before + "```");
  EXPECT_EQ(whole_block(before, "int b;\n```\nDone."), "```cpp\nint b;\n```\nDone.");
  EXPECT_EQ(whole_block(before, "int b;"), "```cpp\nint b;\n```");
}

TEST(Blocks, TheRestIsWhatComesAfterThem) {
  EXPECT_EQ(rest_after("one\n\ntwo three", "one\n\n"), "two three");
  EXPECT_EQ(rest_after("one two", "one two\n"), "");
  EXPECT_EQ(rest_after("one", ""), "one");
  EXPECT_EQ(rest_after("another text", "one"), std::nullopt);
  EXPECT_EQ(rest_after("on", "one"), std::nullopt);
}

// What is not known here is neither admitted nor handled: a new type of event needs a place.
TEST(Intake, EveryTypeOfEventHasItsHandling) {
  using enum ports::EventType;
  const std::map<ports::EventType, Handling> expected{{message, Handling::converse}, {edit, Handling::correct},
                                                      {removal, Handling::forget},   {reaction, Handling::note},
                                                      {command, Handling::converse}, {callback, Handling::converse},
                                                      {membership, Handling::record}};
  std::size_t types = 0;
  for (int value = 0; !ports::event_type_name(static_cast<ports::EventType>(value)).empty(); ++value, ++types) {
    const auto type = static_cast<ports::EventType>(value);
    ASSERT_TRUE(expected.contains(type)) << ports::event_type_name(type);
    EXPECT_EQ(handling_of(type), expected.at(type)) << ports::event_type_name(type);
  }
  EXPECT_EQ(types, expected.size());
}

} // namespace
} // namespace openclaw::messaging
