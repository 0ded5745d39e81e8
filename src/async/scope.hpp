// Structured concurrency: a Scope owns its children, and can cancel and join them. The only place that starts
// coroutines. A Scope must be joined (or never used) before it is destroyed; children may not outlive what they refer
// to.
#pragma once
#include "async/task.hpp"
#include <functional>
#include <memory>
#include <string>

namespace openclaw::async {

class Scope {
public:
  explicit Scope(Executor executor);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  // A handle that cancels one child; copies are cheap, and it does nothing once the child is done.
  class Child {
  public:
    Child() = default;
    void cancel() const;
    bool running() const;

  private:
    friend class Scope;
    struct State;
    explicit Child(std::weak_ptr<State> state) : state_(std::move(state)) {}
    std::weak_ptr<State> state_;
  };

  // Starts the child on a later turn of the loop. An error other than cancelled is logged under `name`.
  Child spawn(std::string name, Task<> task);
  // Asks each child to stop; new children are refused from now on.
  void cancel();
  // Returns when the last child is done. Never fails.
  Task<> join();
  std::size_t size() const;
  Executor executor() const;

private:
  struct State;
  std::shared_ptr<State> state_;
};

// Runs a task to its end on a fresh loop and returns its result: for main() and for tests.
template <class T>
Result<T> run(asio::io_context& loop, Task<T> task);

} // namespace openclaw::async

#include "async/scope_run.hpp"
