// Counts the connections that have not shown a credential yet: they cost memory, so they are few in all, and few from
// any one address outside this machine. A place is held from before the upgrade to the end of the handshake.
#pragma once
#include "gateway/remote.hpp"
#include <map>
#include <memory>
#include <string>

namespace openclaw::gateway {

class Greetings {
public:
  static constexpr std::size_t kMost = 256;
  static constexpr std::size_t kMostFromOneAddress = 32;
  using Place = std::shared_ptr<const void>;

  // Null when there is no room.
  Place enter(const Remote& remote) {
    auto& counts = *counts_;
    if (counts.all >= kMost) return nullptr;
    const auto address = remote.loopback ? std::string() : remote.address;
    if (!address.empty()) {
      auto& from_there = counts.by_address[address];
      if (from_there >= kMostFromOneAddress) return nullptr;
      ++from_there;
    }
    ++counts.all;
    return Place(this, [held = counts_, address](const void*) {
      --held->all;
      if (const auto at = held->by_address.find(address); at != held->by_address.end() && --at->second == 0)
        held->by_address.erase(at);
    });
  }
  std::size_t size() const { return counts_->all; }

private:
  struct Counts {
    std::size_t all = 0;
    std::map<std::string, std::size_t> by_address;
  };
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

} // namespace openclaw::gateway
