// The process that reads signal-cli's stream of events into the file (event_file.hpp). It does nothing else and knows
// no secret, so that nothing but the end of the stream ends it.
#include "async/scope.hpp"
#include "extensions/channels/signal/daemon_api.hpp"
#include "extensions/channels/signal/event_file.hpp"
#include "net/sse.hpp"
#include <algorithm>
#include <csignal>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::extensions::signal {
namespace {

constexpr int kFile = 3;
constexpr std::size_t kLargestEvent = 4 * 1024 * 1024;
constexpr std::int64_t kMostWaiting = 64 * 1024 * 1024; // that no gateway fetched; the rest stays at Signal

Result<> write_line(std::string line) {
  line += '\n';
  for (std::string_view rest = line; !rest.empty();) {
    const auto put = ::write(kFile, rest.data(), rest.size());
    if (put <= 0) return fail(Kind::transient, "The file of events cannot be written.");
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

bool full() {
  struct stat info{};
  return ::fstat(kFile, &info) != 0 || info.st_blocks * 512 > kMostWaiting;
}

Task<> copy(DaemonApi* api, std::string account) {
  CO_TRY(const auto stream, co_await api->events(account));
  if (stream->status() != 200) co_return write_line(fmt::format("s{}", stream->status()));
  net::SseParser parser(kLargestEvent);
  while (!full()) {
    CO_TRY(const auto piece, co_await stream->next());
    if (!piece) break;
    bool silent = true;
    if (!parser.feed(*piece)) {
      // Ending the stream would lose what comes behind the one that is too large.
      CO_TRY_VOID(write_line("x"));
      parser = net::SseParser(kLargestEvent);
      (void)parser.feed(*piece);
    }
    while (auto event = parser.next()) {
      if (event->event != "receive") continue;
      std::ranges::replace(event->data, '\n', ' '); // between the tokens of its JSON
      CO_TRY_VOID(write_line("e" + event->data));
      silent = false;
    }
    if (silent)
      CO_TRY_VOID(write_line(""));
    else if (::fdatasync(kFile) != 0)
      co_return fail(Kind::transient, "The file of events cannot be written.");
  }
  co_return Result<>{};
}

} // namespace

int run_events_worker(int argc, char** argv) {
  if (argc != 4) return 2; // its own name comes first
  std::signal(SIGPIPE, SIG_IGN);
  auto head = head_line({argv[3], argv[1], argv[2], ::getpid()});
  head.pop_back();
  if (!write_line(std::move(head))) return 1;
  boost::asio::io_context loop;
  const auto http = net::make_http_client(loop.get_executor(), net::client_config_from_environment());
  DaemonApi api(*http, argv[1]);
  return async::run(loop, copy(&api, argv[2])) ? 0 : 1;
}

} // namespace openclaw::extensions::signal
