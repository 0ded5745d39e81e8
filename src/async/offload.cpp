#include "async/offload.hpp"

#include <boost/asio/thread_pool.hpp>
#include <mutex>

namespace openclaw::async {
namespace {
struct Pool {
  std::mutex mutex;
  std::unique_ptr<asio::thread_pool> threads;
  bool stopped = false;
};
Pool& pool() {
  static Pool instance;
  return instance;
}
} // namespace

void post_to_pool(std::function<void()> work) {
  auto& all = pool();
  const std::lock_guard lock(all.mutex);
  if (all.stopped) return;
  if (!all.threads) all.threads = std::make_unique<asio::thread_pool>(2);
  asio::post(*all.threads, std::move(work));
}

void stop_pool() {
  auto& all = pool();
  std::unique_ptr<asio::thread_pool> threads;
  {
    const std::lock_guard lock(all.mutex);
    all.stopped = true;
    threads = std::move(all.threads);
  }
  if (threads) threads->join();
}

} // namespace openclaw::async
