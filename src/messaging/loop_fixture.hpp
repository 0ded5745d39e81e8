// For tests of messaging: a loop that is driven by hand.
#pragma once
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <gtest/gtest.h>

namespace openclaw::messaging {

class LoopTest : public ::testing::Test {
protected:
  // Turns the loop until it is so; the writer's thread answers in real time, everything else in that of the test.
  template <class Condition>
  bool until(Condition condition) {
    for (int turn = 0; turn < 2000; ++turn) {
      loop_.restart();
      loop_.run_for(std::chrono::milliseconds(condition() ? 0 : 2));
      if (condition()) return true;
    }
    return false;
  }
  // Whatever could happen now has happened.
  void settle() {
    int turns = 0;
    until([&turns] { return ++turns > 50; });
  }

  boost::asio::io_context loop_;
};

} // namespace openclaw::messaging
