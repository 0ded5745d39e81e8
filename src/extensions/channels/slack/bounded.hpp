// A map that forgets its oldest entries: what was looked up or seen lately.
#pragma once
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace openclaw::extensions::slack {

template <class V>
class Bounded {
public:
  explicit Bounded(std::size_t limit) : limit_(limit) {}
  V* find(std::string_view key) {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }
  const V* find(std::string_view key) const { return const_cast<Bounded*>(this)->find(key); }
  // Puts a new value at the end of the line; false when the key was there, whose value is replaced in its place.
  bool put(std::string key, V value) {
    const auto [at, fresh] = values_.insert_or_assign(key, std::move(value));
    if (!fresh) return false;
    order_.push_back(std::move(key));
    if (order_.size() > limit_) {
      values_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  void erase(std::string_view key) {
    if (const auto found = values_.find(key); found != values_.end()) {
      std::erase(order_, found->first);
      values_.erase(found);
    }
  }

private:
  std::size_t limit_;
  std::map<std::string, V, std::less<>> values_;
  std::deque<std::string> order_;
};

} // namespace openclaw::extensions::slack
