#include "store/database.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "store/schema.hpp"
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <sys/stat.h>
#include <thread>
#include <vector>

namespace openclaw::store {
namespace {

constexpr std::size_t kGroup = 256; // writes in one commit at most
constexpr std::int64_t kCheckpointBytes =
    4 * 1024 * 1024; // the log is folded back into the database beyond this, when idle

} // namespace

// The connection is opened by the caller (so that opening errors reach it) and from then on used by the thread alone.
struct Database::Writer {
  std::string path;
  std::unique_ptr<Connection> connection;
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Job> queue;
  bool stopping = false;
  std::thread thread; // started at the first write
  std::atomic<std::int64_t> commits{0};

  void loop() {
    // Signals are the event loop's: one that came here could end the program by its default action.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (true) {
      std::vector<Job> group;
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return stopping || !queue.empty(); });
        if (queue.empty()) return;
        const auto count = std::min(queue.size(), kGroup);
        group.assign(std::make_move_iterator(queue.begin()),
                     std::make_move_iterator(queue.begin() + static_cast<std::ptrdiff_t>(count)));
        queue.erase(queue.begin(), queue.begin() + static_cast<std::ptrdiff_t>(count));
      }
      commit(group);
      checkpoint_when_idle();
    }
  }

  void commit(std::vector<Job>& group) {
    std::vector<Result<>> outcomes(group.size());
    auto begun = connection->execute("BEGIN IMMEDIATE");
    if (begun) {
      for (std::size_t i = 0; i < group.size(); ++i) {
        outcomes[i] = connection->execute("SAVEPOINT one");
        if (outcomes[i]) outcomes[i] = group[i].work(*connection);
        const auto ended = connection->execute(outcomes[i] ? "RELEASE one" : "ROLLBACK TO one; RELEASE one");
        if (!ended && outcomes[i]) outcomes[i] = ended;
      }
      const auto committed = connection->execute("COMMIT");
      if (!committed) {
        (void)connection->execute("ROLLBACK");
        for (auto& outcome : outcomes)
          if (outcome) outcome = committed;
      } else {
        commits.fetch_add(1, std::memory_order_relaxed);
      }
    } else {
      for (auto& outcome : outcomes)
        outcome = begun;
    }
    for (std::size_t i = 0; i < group.size(); ++i)
      group[i].done(std::move(outcomes[i]));
  }

  void checkpoint_when_idle() {
    {
      const std::lock_guard lock(mutex);
      if (!queue.empty()) return;
    }
    struct stat info{};
    const auto log_path = path + "-wal";
    if (stat(log_path.c_str(), &info) != 0 || info.st_size < kCheckpointBytes) return;
    if (const auto done = connection->execute("PRAGMA wal_checkpoint(RESTART)"); !done)
      log::warn("store", done.error().text(), {{"doing", "checkpoint"}});
  }
};

Database::Database() = default;

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  std::unique_ptr<Database> database(new Database());
  database->writer_ = std::make_unique<Writer>();
  database->writer_->path = path;
  TRY(database->writer_->connection, Connection::open(path, false));
  ::chmod(path.c_str(), 0600);
  TRY_VOID(migrate(*database->writer_->connection, path));
  TRY(database->reader_, Connection::open(path, true));
  return database;
}

Database::~Database() {
  if (!writer_) return;
  {
    const std::lock_guard lock(writer_->mutex);
    writer_->stopping = true;
  }
  writer_->wake.notify_all();
  if (writer_->thread.joinable()) writer_->thread.join();
}

void Database::enqueue(Job job) {
  {
    const std::lock_guard lock(writer_->mutex);
    writer_->queue.push_back(std::move(job));
    if (!writer_->thread.joinable()) writer_->thread = std::thread([writer = writer_.get()] { writer->loop(); });
  }
  writer_->wake.notify_one();
}

void Database::write_later(std::function<Result<>(Connection&)> work) {
  enqueue(Job{std::move(work), [](Result<> outcome) {
                if (!outcome) log::warn("store", outcome.error().text());
              }});
}

std::int64_t Database::commits() const {
  return writer_->commits.load(std::memory_order_relaxed);
}

} // namespace openclaw::store
