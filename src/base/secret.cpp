#include "base/secret.hpp"

#include "base/text.hpp"
#include <cstring>

namespace openclaw {

bool Secret::matches(std::string_view candidate) const {
  return !value_.empty() && constant_time_equal(candidate, value_);
}

void Secret::wipe() {
  if (!value_.empty()) explicit_bzero(value_.data(), value_.size());
}

} // namespace openclaw
