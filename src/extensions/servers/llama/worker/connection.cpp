#include "connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace openclaw::llama_worker {
namespace {

constexpr int longest_write_wait_ms = 10'000;

int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) : 0;
}

void end_with_parent(short events) {
  if (events == 0) return;
  std::array<char, 256> ignored{};
  const auto count = read(STDIN_FILENO, ignored.data(), ignored.size());
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) _exit(0);
}

bool wait_watching_parent(int socket, int timeout_ms) {
  std::array<pollfd, 2> watched{{{socket, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
  if (poll(watched.data(), watched.size(), timeout_ms) <= 0) return false;
  end_with_parent(watched[1].revents);
  return watched[0].revents != 0;
}

}  // namespace

bool wait_readable(int socket, Deadline deadline) {
  while (std::chrono::steady_clock::now() < deadline) {
    if (wait_watching_parent(socket, milliseconds_until(deadline))) return true;
  }
  return false;
}

void wait_for_client(int listener) {
  while (!wait_watching_parent(listener, -1)) {
  }
}

Connection::Connection(int socket) : socket_(socket) {
  fcntl(socket_, F_SETFL, fcntl(socket_, F_GETFL) | O_NONBLOCK);
}

Connection::~Connection() {
  if (socket_ < 0) return;
  // Unread bytes would make the close a reset that can destroy the answer.
  shutdown(socket_, SHUT_WR);
  std::array<char, 4096> ignored{};
  for (int i = 0; i < 1024 && recv(socket_, ignored.data(), ignored.size(), 0) > 0; ++i) {
  }
  close(socket_);
}

Connection::Connection(Connection&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), broken_(other.broken_) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  // The other one closes what this one had.
  std::swap(socket_, other.socket_);
  std::swap(broken_, other.broken_);
  return *this;
}

std::expected<Connection::Request, ApiError> Connection::read_request(Deadline deadline) {
  std::string received;
  std::array<char, 16384> buffer;
  std::optional<HttpHead> head;
  while (true) {
    if (!head) {
      auto parsed = parse_http_head(received);
      if (!parsed) return std::unexpected(parsed.error());
      head = std::move(*parsed);
      if (head && head->expects_continue) write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (head && received.size() - head->head_bytes >= head->content_length) {
      auto body = received.substr(head->head_bytes, head->content_length);
      return Request{std::move(*head), std::move(body)};
    }
    if (!wait_readable(socket_, deadline)) return std::unexpected(ApiError{408, "the request came too slowly"});
    const auto count = recv(socket_, buffer.data(), buffer.size(), 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
      broken_ = true;
      return std::unexpected(ApiError{400, "the request is cut off"});
    }
    if (count > 0) received.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty() && !broken_) {
    const auto count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd watched{socket_, POLLOUT, 0};
      if (poll(&watched, 1, longest_write_wait_ms) <= 0) broken_ = true;
    } else if (errno != EINTR) {
      broken_ = true;
    }
  }
  return !broken_;
}

bool Connection::client_is_gone() const {
  if (broken_) return true;
  pollfd watched{socket_, POLLRDHUP, 0};
  return poll(&watched, 1, 0) > 0 && (watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

}  // namespace openclaw::llama_worker
