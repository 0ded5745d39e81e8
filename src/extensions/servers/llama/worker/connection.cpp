#include "extensions/servers/llama/worker/connection.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace openclaw::llama_worker {
namespace {

constexpr int kLongestWriteWaitMs = 10'000;

} // namespace

Connection::Connection(int socket, Deadline deadline) : socket_(socket), deadline_(deadline) {
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
    : socket_(std::exchange(other.socket_, -1)), deadline_(other.deadline_), received_(std::move(other.received_)),
      head_(std::move(other.head_)), broken_(other.broken_) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  // The other one closes what this one had.
  std::swap(socket_, other.socket_);
  std::swap(deadline_, other.deadline_);
  std::swap(received_, other.received_);
  std::swap(head_, other.head_);
  std::swap(broken_, other.broken_);
  return *this;
}

std::expected<std::optional<Request>, ApiError> Connection::receive(const Admit& admit) {
  std::array<char, 16384> buffer;
  const auto count = recv(socket_, buffer.data(), buffer.size(), 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
    broken_ = true;
    return std::unexpected(ApiError{400, "the request is cut off"});
  }
  if (count > 0) received_.append(buffer.data(), static_cast<std::size_t>(count));
  if (!head_) {
    auto parsed = parse_http_head(received_);
    if (!parsed) return std::unexpected(parsed.error());
    if (!*parsed) return std::nullopt;
    head_ = std::move(*parsed);
    if (auto refusal = admit(*head_)) return std::unexpected(std::move(*refusal));
    if (head_->expects_continue) write_at_once("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (received_.size() - head_->head_bytes < head_->content_length) return std::nullopt;
  auto body = received_.substr(head_->head_bytes, head_->content_length);
  received_.clear();
  return Request{std::move(*head_), std::move(body)};
}

bool Connection::write(std::string_view bytes) {
  return write_within(bytes, kLongestWriteWaitMs);
}

bool Connection::write_at_once(std::string_view bytes) {
  return write_within(bytes, 0);
}

bool Connection::write_within(std::string_view bytes, int wait_ms) {
  while (!bytes.empty() && !broken_) {
    const auto count = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      pollfd watched{socket_, POLLOUT, 0};
      if (poll(&watched, 1, wait_ms) <= 0) broken_ = true;
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

} // namespace openclaw::llama_worker
