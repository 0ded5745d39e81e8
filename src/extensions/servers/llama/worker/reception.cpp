#include "extensions/servers/llama/worker/reception.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

namespace openclaw::llama_worker {
namespace {

constexpr auto kLongestRequest = std::chrono::seconds(10);

} // namespace

bool Reception::parent_is_gone() const {
  std::array<char, 256> ignored{};
  const auto count = ::read(parent_, ignored.data(), ignored.size());
  return count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN);
}

int Reception::milliseconds_to_wait() const {
  if (reading_.empty()) return -1;
  // All have the same time, so the oldest is the first to run out of it.
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(reading_.front().deadline() - std::chrono::steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

void Reception::accept_client() {
  const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket >= 0) {
    if (reading_.size() >= kMaxReading) reading_.erase(reading_.begin());
    reading_.emplace_back(socket, std::chrono::steady_clock::now() + kLongestRequest);
  } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
    // Without file descriptors the listener stays readable: no busy loop.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool Reception::read(Connection& connection) {
  auto received = connection.receive(admit_);
  if (!received) {
    connection.write_at_once(error_response(received.error()));
    return false;
  }
  if (!*received) return true;
  handle_(std::move(connection), std::move(**received));
  return false;
}

void Reception::run() {
  // A client may be gone again between poll() and accept4().
  fcntl(listener_, F_SETFL, fcntl(listener_, F_GETFL) | O_NONBLOCK);
  while (true) {
    std::vector<pollfd> watched{{parent_, POLLIN, 0}, {listener_, POLLIN, 0}};
    for (const auto& connection : reading_)
      watched.push_back({connection.socket(), POLLIN, 0});
    if (poll(watched.data(), watched.size(), milliseconds_to_wait()) < 0) continue;
    if (watched[0].revents != 0 && parent_is_gone()) return;
    std::vector<Connection> kept;
    for (std::size_t i = 0; i < reading_.size(); ++i) {
      auto& connection = reading_[i];
      if (watched[i + 2].revents != 0) {
        if (read(connection)) kept.push_back(std::move(connection));
      } else if (std::chrono::steady_clock::now() >= connection.deadline()) {
        connection.write_at_once(error_response({408, "the request came too slowly"}));
      } else {
        kept.push_back(std::move(connection));
      }
    }
    reading_ = std::move(kept);
    if (watched[1].revents != 0) accept_client();
  }
}

} // namespace openclaw::llama_worker
