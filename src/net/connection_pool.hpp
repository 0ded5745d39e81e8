// Connections kept for another request: 4 a host, 30 s, judged when they are taken, so that no timer runs for them.
#pragma once
#include "net/stream.hpp"
#include <chrono>
#include <map>

namespace openclaw::net {

class ConnectionPool {
public:
  void put(const std::string& key, std::unique_ptr<Stream> stream);
  // The youngest one that is still quiet, or nothing.
  std::unique_ptr<Stream> take(const std::string& key);
  std::size_t size() const { return idle_.size(); }

private:
  struct Idle {
    std::unique_ptr<Stream> stream;
    std::chrono::steady_clock::time_point since;
  };
  void drop_old();
  std::multimap<std::string, Idle> idle_;
};

} // namespace openclaw::net
