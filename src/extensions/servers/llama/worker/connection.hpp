// One accepted client socket, and the waiting on sockets with time limits.
#pragma once

#include "http.hpp"

#include <chrono>
#include <expected>
#include <string>
#include <string_view>

namespace openclaw::llama_worker {

using Deadline = std::chrono::steady_clock::time_point;

// Waits until `socket` can be read. While it waits it watches standard input:
// when that closes, the parent is gone and the process ends at once.
bool wait_readable(int socket, Deadline deadline);

// The same without end: returns when `listener` has a client.
void wait_for_client(int listener);

class Connection {
 public:
  explicit Connection(int socket);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  struct Request {
    HttpHead head;
    std::string body;
  };

  std::expected<Request, ApiError> read_request(Deadline deadline);

  // False when the client is gone or does not read for too long.
  bool write(std::string_view bytes);

  // A client that half-closes counts as gone too.
  bool client_is_gone() const;

 private:
  int socket_;
  bool broken_ = false;
};

}  // namespace openclaw::llama_worker
