#include "ports/unreachable.hpp"

#include "net/http_client.hpp"
#include <fmt/core.h>

namespace openclaw::ports {

Error unreachable(const Error& error, std::string_view platform, std::string_view setting) {
  if (error.code == net::kNotSent)
    return {error.kind, fmt::format("{} cannot be reached. {}", platform, error.message), error.hint, error.code};
  const auto* what = error.kind == Kind::timeout ? "did not answer in time" : "gave no answer that can be read";
  return {error.kind, fmt::format("{} {}.", platform, what), fmt::format("Check the network and {}.", setting),
          error.code};
}

} // namespace openclaw::ports
