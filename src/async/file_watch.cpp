#include "async/file_watch.hpp"

#include "base/file_descriptor.hpp"
#include <boost/asio/buffer.hpp>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <sys/inotify.h>

namespace openclaw::async {

Result<FileWatch> FileWatch::create(Executor executor, const std::string& path, std::uint32_t events) {
  FileDescriptor watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch || inotify_add_watch(watch.get(), path.c_str(), events) < 0)
    return fail(Kind::transient, fmt::format("{} cannot be watched: {}.", path, strerror(errno)),
                "Raise fs.inotify.max_user_watches or max_user_instances if they are used up.");
  return FileWatch(Descriptor(executor, watch.release()));
}

Task<std::vector<std::string>> FileWatch::changes() {
  alignas(inotify_event) char buffer[4096];
  CO_TRY_VOID(co_await check_cancelled());
  const auto [code, size] = co_await descriptor_.async_read_some(asio::buffer(buffer), use_task);
  if (code) co_return std::unexpected(error_from(code, "Watching a file"));
  std::vector<std::string> names;
  for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
    const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
    names.emplace_back(event->len > 0 ? event->name : "");
    at += sizeof(inotify_event) + event->len;
  }
  co_return names;
}

} // namespace openclaw::async
