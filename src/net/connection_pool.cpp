#include "net/connection_pool.hpp"

namespace openclaw::net {
namespace {
constexpr std::size_t kPerHost = 4;
constexpr std::size_t kInAll = 64;
constexpr std::chrono::seconds kKept{30};
} // namespace

void ConnectionPool::drop_old() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(idle_, [&](const auto& entry) { return now - entry.second.since > kKept; });
}

void ConnectionPool::put(const std::string& key, std::unique_ptr<Stream> stream) {
  drop_old();
  if (idle_.count(key) >= kPerHost || idle_.size() >= kInAll) return;
  idle_.emplace(key, Idle{std::move(stream), std::chrono::steady_clock::now()});
}

std::unique_ptr<Stream> ConnectionPool::take(const std::string& key) {
  drop_old();
  while (true) {
    const auto [first, last] = idle_.equal_range(key);
    if (first == last) return nullptr;
    const auto youngest = std::prev(last);
    auto stream = std::move(youngest->second.stream);
    idle_.erase(youngest);
    if (stream->quiet()) return stream;
  }
}

} // namespace openclaw::net
