#include "async/task.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/core.h>

namespace openclaw::async {

Task<> check_cancelled() {
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none)
    co_return fail(Kind::cancelled, "The work was stopped before it was done.");
  co_return Result<>{};
}

Error error_from(const boost::system::error_code& code, std::string_view what) {
  if (code == asio::error::operation_aborted) return {Kind::cancelled, fmt::format("{} was stopped.", what), {}, {}};
  if (code == asio::error::timed_out) return {Kind::timeout, fmt::format("{} took too long.", what), {}, {}};
  return {Kind::transient, fmt::format("{} failed: {}.", what, code.message()), {}, {}};
}

} // namespace openclaw::async
