#include "app/config_watch.hpp"

#include <boost/asio/buffer.hpp>
#include <fmt/core.h>
#include <sys/inotify.h>

namespace openclaw::app {
namespace {
constexpr std::int64_t kQuietMs = 300;
constexpr std::string_view kVault = "vault"; // what the configuration refers to
} // namespace

Result<ConfigWatch> ConfigWatch::create(async::Executor executor, const std::string& path) {
  const auto slash = path.rfind('/');
  FileDescriptor watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch || inotify_add_watch(watch.get(), path.substr(0, slash).c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) < 0)
    return fail(Kind::transient, fmt::format("The configuration file cannot be watched: {}.", strerror(errno)),
                "Changes take effect at the next start.");
  return ConfigWatch(Descriptor(executor, watch.release()), path.substr(slash + 1));
}

Task<> ConfigWatch::changed(async::Time& time) {
  alignas(inotify_event) char buffer[4096];
  while (true) {
    CO_TRY_VOID(co_await async::check_cancelled());
    const auto [code, size] = co_await descriptor_.async_read_some(boost::asio::buffer(buffer), async::use_task);
    if (code) co_return std::unexpected(async::error_from(code, "Watching the configuration file"));
    bool ours = false;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      if (event->len > 0 && (name_ == event->name || kVault == event->name)) ours = true;
      at += sizeof(inotify_event) + event->len;
    }
    if (!ours) continue;
    co_return co_await time.sleep_ms(kQuietMs);
  }
}

} // namespace openclaw::app
