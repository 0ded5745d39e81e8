#include "app/config_watch.hpp"

#include <algorithm>
#include <sys/inotify.h>

namespace openclaw::app {
namespace {
constexpr std::int64_t kQuietMs = 300;
constexpr std::string_view kVault = "vault"; // what the configuration refers to
} // namespace

Result<ConfigWatch> ConfigWatch::create(async::Executor executor, const std::string& path) {
  const auto slash = path.rfind('/');
  auto folder = async::FileWatch::create(executor, path.substr(0, slash), IN_CLOSE_WRITE | IN_MOVED_TO);
  if (!folder)
    return fail(Kind::transient, "Changes of the configuration file are not seen: " + folder.error().message,
                "They take effect at the next start.");
  return ConfigWatch(std::move(*folder), path.substr(slash + 1));
}

Task<> ConfigWatch::changed(async::Time& time) {
  while (true) {
    CO_TRY(const auto names, co_await folder_.changes());
    if (std::ranges::any_of(names, [&](const auto& name) { return name == name_ || name == kVault; }))
      co_return co_await time.sleep_ms(kQuietMs);
  }
}

} // namespace openclaw::app
