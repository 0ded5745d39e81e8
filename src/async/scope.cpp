#include "async/scope.hpp"

#include "async/event.hpp"
#include "base/log.hpp"
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <cstdlib>
#include <exception>
#include <list>

namespace openclaw::async {

struct Scope::Child::State {
  std::string name;
  asio::cancellation_signal signal;
  bool done = false;
};

struct Scope::State {
  explicit State(Executor ex) : executor(ex), emptied(ex, Timer::time_point::max()) {}
  Executor executor;
  std::list<std::shared_ptr<Child::State>> children;
  // Not an Event: whoever joins while being cancelled itself still waits, and an Event would return at once.
  Timer emptied;
  bool closed = false;
};

namespace {

// Runs with cancellation as a value: operations report operation_aborted, nothing throws at an await.
asio::awaitable<Result<>, Executor> guard(Task<> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto result = co_await std::move(task);
  co_return result;
}

} // namespace

void Scope::Child::cancel() const {
  if (const auto state = state_.lock(); state && !state->done) state->signal.emit(asio::cancellation_type::all);
}

bool Scope::Child::running() const {
  const auto state = state_.lock();
  return state && !state->done;
}

Scope::Scope(Executor executor) : state_(std::make_shared<State>(executor)) {}

Scope::~Scope() {
  if (state_->children.empty()) return;
  log::error("async", "A scope was destroyed while children were running; this is a bug.",
             {{"child", state_->children.front()->name}});
  std::abort();
}

Scope::Child Scope::spawn(std::string name, Task<> task) {
  auto child = std::make_shared<Child::State>();
  child->name = std::move(name);
  if (state_->closed) {
    child->done = true;
    return Child(child);
  }
  state_->children.push_back(child);
  const auto at = std::prev(state_->children.end());
  auto finished = [scope = state_, child, at](std::exception_ptr problem, Result<> result) {
    child->done = true;
    if (problem) {
      try {
        std::rethrow_exception(problem);
      } catch (const std::exception& exception) {
        log::error("async", "A task ended by an exception; this is a bug.",
                   {{"task", child->name}, {"what", exception.what()}});
      } catch (...) {
        log::error("async", "A task ended by an unknown exception; this is a bug.", {{"task", child->name}});
      }
    } else if (!result && result.error().kind != Kind::cancelled) {
      log::warn("async", result.error().text(), {{"task", child->name}});
    }
    scope->children.erase(at);
    if (scope->children.empty()) scope->emptied.cancel();
  };
  asio::co_spawn(state_->executor, guard(std::move(task)),
                 asio::bind_cancellation_slot(child->signal.slot(), std::move(finished)));
  return Child(child);
}

void Scope::cancel() {
  state_->closed = true;
  // A child that ends while we iterate erases itself: work on a copy.
  const std::vector<std::shared_ptr<Child::State>> children(state_->children.begin(), state_->children.end());
  for (const auto& child : children)
    if (!child->done) child->signal.emit(asio::cancellation_type::all);
}

Task<> Scope::join() {
  while (!state_->children.empty()) {
    co_await state_->emptied.async_wait(use_task);
  }
  co_return Result<>{};
}

std::size_t Scope::size() const {
  return state_->children.size();
}
Executor Scope::executor() const {
  return state_->executor;
}

} // namespace openclaw::async
