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

constexpr std::size_t kGroup = 256;        // writes in one commit at most
constexpr int kCheckpointPages = 1024;     // the log is folded back into the database beyond this, when idle
constexpr int kLongestLogPages = 4 * 1024; // and beyond this in any case

} // namespace

// The connection is opened by the caller (so that opening errors reach it) and from then on used by the thread alone.
struct Database::Writer {
  std::string path;
  std::unique_ptr<Connection> connection;
  bool syncing = true; // what a commit does to the disk now; see Durability
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<Job> queue;
  bool stopping = false;
  bool complained = false; // about a checkpoint
  std::thread thread;      // started at the first write
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
      checkpoint_when_due();
    }
  }

  void commit(std::vector<Job>& group) {
    std::vector<Result<>> outcomes(group.size());
    const bool sync =
        std::any_of(group.begin(), group.end(), [](const Job& job) { return job.durability == Durability::synced; });
    auto whole = sync_commits(sync);
    if (whole) whole = run("BEGIN IMMEDIATE");
    for (std::size_t i = 0; i < group.size() && whole; ++i) {
      outcomes[i] = run("SAVEPOINT one");
      if (outcomes[i]) outcomes[i] = group[i].work(*connection);
      // A full or broken disk can end the whole transaction inside any statement; a savepoint would then begin a new
      // one.
      if (connection->in_transaction()) {
        const auto ended = run(outcomes[i] ? "RELEASE one" : "ROLLBACK TO one; RELEASE one");
        if (!ended && outcomes[i]) outcomes[i] = ended;
      }
      if (!connection->in_transaction()) whole = outcomes[i] ? lost() : outcomes[i];
    }
    if (whole) whole = run("COMMIT");
    if (whole) {
      commits.fetch_add(1, std::memory_order_relaxed);
    } else {
      if (connection->in_transaction()) (void)connection->execute("ROLLBACK");
      for (auto& outcome : outcomes)
        if (outcome) outcome = whole;
    }
    for (std::size_t i = 0; i < group.size(); ++i)
      group[i].done(std::move(outcomes[i]));
  }

  Result<> run(const char* sql) {
    if (connection->execute(sql)) return {};
    return std::unexpected(connection->error("Saving"));
  }

  static std::unexpected<Error> lost() {
    return fail(Kind::transient, "Saving failed: the transaction was undone.", "Try again.");
  }

  Result<> sync_commits(bool wanted) {
    if (wanted == syncing) return {};
    auto set = run(wanted ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
    if (set) syncing = wanted;
    return set;
  }

  void checkpoint_when_due() {
    const int pages = connection->log_pages();
    if (pages < kCheckpointPages) return;
    if (pages < kLongestLogPages) {
      const std::lock_guard lock(mutex);
      if (!queue.empty()) return;
    }
    // On a disk that is full this fails after every commit: once is enough to say so.
    const auto done = connection->execute("PRAGMA wal_checkpoint(RESTART)");
    if (!done && !complained) log::warn("store", done.error().text(), {{"doing", "checkpoint"}});
    complained = !done;
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
  // The last connection to close folds the log into the database; a reader cannot.
  reader_.reset();
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
  enqueue(Job{std::move(work),
              [](Result<> outcome) {
                if (!outcome) log::warn("store", outcome.error().text());
              },
              Durability::soon});
}

std::int64_t Database::commits() const {
  return writer_->commits.load(std::memory_order_relaxed);
}

} // namespace openclaw::store
