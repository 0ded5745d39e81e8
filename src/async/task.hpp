// Task: a coroutine that yields a Result. One event loop runs them all; parameters go by value; name it before you
// await it.
#pragma once
#include "base/result.hpp"
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>

namespace openclaw::async {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;
template <class T = void>
using Task = asio::awaitable<Result<T>, Executor>;

// The one completion token: no asio operation throws.
inline constexpr auto use_task = asio::as_tuple(asio::use_awaitable_t<Executor>());

// Succeeds until the surrounding Scope child was asked to stop; then Kind::cancelled. Loops call it once per round.
Task<> check_cancelled();

// An asio error as ours; `what` is a sentence start such as "Reading from the model server".
Error error_from(const boost::system::error_code& code, std::string_view what);

} // namespace openclaw::async

namespace openclaw {
using async::Task;
}
