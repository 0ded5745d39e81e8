// Accepts clients and reads their requests side by side, so that a slow one holds up nobody. It ends when the parent
// does: when the descriptor that the parent holds open closes.
#pragma once

#include "extensions/servers/llama/worker/connection.hpp"

#include <functional>
#include <vector>

namespace openclaw::llama_worker {

class Reception {
public:
  // With more clients than this in the middle of a request the oldest one is dropped.
  static constexpr std::size_t kMaxReading = 64;

  using Handle = std::function<void(Connection, Request)>;
  // `parent` must have its key already read from it; whatever still comes there is ignored.
  Reception(int listener, int parent, Admit admit, Handle handle)
      : listener_(listener), parent_(parent), admit_(std::move(admit)), handle_(std::move(handle)) {}

  // Returns when the parent is gone.
  void run();

private:
  bool parent_is_gone() const;
  void accept_client();
  // False when the connection is done with here.
  bool read(Connection& connection);
  int milliseconds_to_wait() const;

  int listener_;
  int parent_;
  Admit admit_;
  Handle handle_;
  std::vector<Connection> reading_; // oldest first
};

} // namespace openclaw::llama_worker
