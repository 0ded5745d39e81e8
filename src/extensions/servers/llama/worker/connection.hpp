// One accepted client socket: reads one request as it comes, never waiting, and writes the answer.
#pragma once

#include "extensions/servers/llama/worker/http.hpp"

#include <chrono>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::llama_worker {

using Deadline = std::chrono::steady_clock::time_point;

struct Request {
  HttpHead head;
  std::string body;
};

// Judges a head before a byte of the body is taken; an error refuses the request.
using Admit = std::function<std::optional<ApiError>(const HttpHead&)>;

class Connection {
public:
  Connection(int socket, Deadline deadline);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  int socket() const { return socket_; }
  // Until when the request must be complete.
  Deadline deadline() const { return deadline_; }

  // Takes what has arrived. No value: more has to come.
  std::expected<std::optional<Request>, ApiError> receive(const Admit& admit);

  // False when the client is gone or does not read for too long.
  bool write(std::string_view bytes);
  // The same without waiting, for answers that fit into the socket's buffer.
  bool write_at_once(std::string_view bytes);

  // A client that half-closes counts as gone too.
  bool client_is_gone() const;

private:
  bool write_within(std::string_view bytes, int wait_ms);

  int socket_;
  Deadline deadline_;
  std::string received_;
  std::optional<HttpHead> head_;
  bool broken_ = false;
};

} // namespace openclaw::llama_worker
