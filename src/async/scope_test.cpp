#include "async/offload.hpp"
#include "async/scope.hpp"
#include "async/time.hpp"
#include <gtest/gtest.h>

namespace openclaw::async {
namespace {

Task<> count_up(int* value, Time* time) {
  while (true) {
    CO_TRY_VOID(co_await time->sleep_ms(10));
    ++*value;
  }
}

Task<> cancel_and_join(Scope* scope) {
  scope->cancel();
  co_return co_await scope->join();
}

Task<> advance_three_times(FakeTime* time, Scope* scope, Event* tick) {
  for (int i = 0; i < 3; ++i) {
    auto waited = co_await tick->wait_for(1);
    EXPECT_FALSE(waited);
    time->advance(10);
    waited = co_await tick->wait_for(1);
  }
  co_return co_await cancel_and_join(scope);
}

TEST(Scope, CancelStopsAChildThatSleepsAndJoinReturns) {
  asio::io_context loop;
  FakeTime time(loop.get_executor());
  Scope scope(loop.get_executor());
  Event tick(loop.get_executor());
  int value = 0;
  auto child = scope.spawn("counter", count_up(&value, &time));
  EXPECT_TRUE(run(loop, advance_three_times(&time, &scope, &tick)));
  EXPECT_EQ(value, 3);
  EXPECT_FALSE(child.running());
}

TEST(Scope, ACancelledScopeRefusesNewChildren) {
  asio::io_context loop;
  SystemTime time;
  Scope scope(loop.get_executor());
  int value = 0;
  EXPECT_TRUE(run(loop, cancel_and_join(&scope)));
  EXPECT_FALSE(scope.spawn("late", count_up(&value, &time)).running());
}

Task<int> work_elsewhere() {
  std::function<Result<int>()> work = [] { return Result<int>(42); };
  auto answer = co_await offload<int>(std::move(work));
  co_return answer;
}

TEST(Offload, BringsTheResultBackToTheLoop) {
  static asio::io_context loop; // the pool's thread may still be leaving its last post
  auto answer = run(loop, work_elsewhere());
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, 42);
}

Task<int> pop_two(Queue<int>* queue) {
  CO_TRY(auto first, co_await queue->pop());
  CO_TRY(auto second, co_await queue->pop());
  co_return first.value_or(0) * 10 + second.value_or(0);
}

Task<> push_two(Queue<int>* queue) {
  CO_TRY_VOID(co_await queue->push(1));
  CO_TRY_VOID(co_await queue->push(2));
  co_return Result<>{};
}

TEST(Queue, WaitsForRoomAndKeepsTheOrder) {
  asio::io_context loop;
  Scope scope(loop.get_executor());
  Queue<int> queue(loop.get_executor(), 1);
  scope.spawn("producer", push_two(&queue));
  auto sum = run(loop, pop_two(&queue));
  ASSERT_TRUE(sum);
  EXPECT_EQ(*sum, 12);
  EXPECT_TRUE(run(loop, scope.join()));
}

} // namespace
} // namespace openclaw::async
