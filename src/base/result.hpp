// Result and Error: an outcome as a value. The kind decides behaviour (retry, status code, exit code); the text is for
// people.
#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace openclaw {

enum class Kind : std::uint8_t {
  invalid,   // the caller sent something wrong; asking again the same way cannot help
  denied,    // understood, and refused by policy
  missing,   // the thing named does not exist
  conflict,  // it exists in another state or version than the caller believed
  busy,      // try again later: a limit is reached
  transient, // a passing fault of the surroundings (network, disk): a retry may help
  timeout,   // no answer in time; whether it took effect is unknown
  cancelled, // somebody asked to stop
  remote,    // another program answered with an error that is not ours to interpret further
  bug,       // a condition that this program believed impossible
};

std::string_view kind_name(Kind kind);
constexpr bool is_retryable(Kind kind) {
  return kind == Kind::busy || kind == Kind::transient || kind == Kind::timeout;
}

// `message` is a sentence that says what happened and why; `hint` says what to do next, often a command.
struct [[nodiscard]] Error {
  Kind kind = Kind::bug;
  std::string message;
  std::string hint;
  // A machine-readable name where a protocol has one (for instance AUTH_TOKEN_MISMATCH); otherwise empty.
  std::string code;

  // "message hint" in one line, for logs and for terminals.
  std::string text() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Kind kind, std::string message, std::string hint = {}, std::string code = {}) {
  return std::unexpected(Error{kind, std::move(message), std::move(hint), std::move(code)});
}

// The exit status of the command line and the HTTP status that a kind maps to: one table for the whole program.
int exit_status(Kind kind);
int http_status(Kind kind);

} // namespace openclaw

#define OPENCLAW_JOIN_INNER(a, b) a##b
#define OPENCLAW_JOIN(a, b) OPENCLAW_JOIN_INNER(a, b)

// Statements, never expressions: TRY(auto value, function()); returns the error to the caller.
#define TRY(declaration, ...)                                                                                          \
  auto OPENCLAW_JOIN(try_result_, __LINE__) = (__VA_ARGS__);                                                           \
  if (!OPENCLAW_JOIN(try_result_, __LINE__))                                                                           \
    return std::unexpected(std::move(OPENCLAW_JOIN(try_result_, __LINE__)).error());                                   \
  declaration = std::move(*OPENCLAW_JOIN(try_result_, __LINE__))
#define TRY_VOID(...)                                                                                                  \
  do {                                                                                                                 \
    if (auto try_void_result = (__VA_ARGS__); !try_void_result)                                                        \
      return std::unexpected(std::move(try_void_result).error());                                                      \
  } while (false)

// The same inside coroutines: CO_TRY(auto value, co_await function());
#define CO_TRY(declaration, ...)                                                                                       \
  auto OPENCLAW_JOIN(try_result_, __LINE__) = (__VA_ARGS__);                                                           \
  if (!OPENCLAW_JOIN(try_result_, __LINE__))                                                                           \
    co_return std::unexpected(std::move(OPENCLAW_JOIN(try_result_, __LINE__)).error());                                \
  declaration = std::move(*OPENCLAW_JOIN(try_result_, __LINE__))
#define CO_TRY_VOID(...)                                                                                               \
  do {                                                                                                                 \
    auto try_void_result = (__VA_ARGS__);                                                                              \
    if (!try_void_result) co_return std::unexpected(std::move(try_void_result).error());                               \
  } while (false)
