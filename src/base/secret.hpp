// A secret string that cannot be printed, logged or compared by accident, and is wiped when it goes.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace openclaw {

class Secret {
public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(Secret&&) = default;
  Secret(const Secret&) = default;
  Secret& operator=(Secret&& other) noexcept {
    wipe();
    value_ = std::move(other.value_);
    return *this;
  }
  Secret& operator=(const Secret& other) {
    if (this != &other) {
      wipe();
      value_ = other.value_;
    }
    return *this;
  }
  ~Secret() { wipe(); }

  bool empty() const { return value_.empty(); }
  bool matches(std::string_view candidate) const; // constant time
  // The only way out. Call it at the place where the value leaves the program, and nowhere else.
  const std::string& reveal() const { return value_; }

private:
  void wipe();
  std::string value_;
};

} // namespace openclaw
