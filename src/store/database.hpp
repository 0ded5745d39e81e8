// state.db: all machine state. Writes go to one thread that groups whatever is waiting into one durable commit (one
// fdatasync); reads are snapshots on the event loop's own connection. What write() has answered is on disk, unless it
// was asked for `soon`.
#pragma once
#include "async/offload.hpp"
#include "async/task.hpp"
#include "store/sqlite.hpp"
#include <functional>
#include <memory>
#include <string>

namespace openclaw::store {

// What an answered write survives. `soon` survives the end of this process, however it comes, and is on the disk with
// the next synced write: for what is always followed by one, so that a turn waits for the disk less often.
enum class Durability { synced, soon };

class Database {
public:
  // Opens or creates PATH and brings its schema to this program's version, in one transaction, after a copy of the old
  // file. A newer schema is refused: Kind::conflict.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  ~Database(); // finishes what was queued

  // Runs `work` inside a transaction shared with other waiting writes; an error from it undoes only its own part. The
  // function runs on the writer's thread: it owns what it touches.
  template <class T>
  Task<T> write(std::function<Result<T>(Connection&)> work, Durability durability = Durability::synced) {
    std::function<void(std::function<void(Result<T>)>)> start =
        [this, durability, work = std::move(work)](std::function<void(Result<T>)> done) {
          auto outcome = std::make_shared<Result<T>>(fail(Kind::bug, "The write never ran."));
          enqueue(Job{[work, outcome](Connection& connection) -> Result<> {
                        *outcome = work(connection);
                        if (!*outcome) return std::unexpected(outcome->error());
                        return {};
                      },
                      [outcome, done](Result<> committed) {
                        if (!committed && *outcome) *outcome = std::unexpected(committed.error());
                        done(std::move(*outcome));
                      },
                      durability});
        };
    auto result = co_await async::await_callback<T>(std::move(start));
    co_return result;
  }
  // For bookkeeping that may be lost with the last moments before a crash; errors are logged.
  void write_later(std::function<Result<>(Connection&)> work);

  // Reading, on the loop's thread only.
  Connection& reader() { return *reader_; }

  // For tests and `doctor`: commits so far.
  std::int64_t commits() const;

private:
  struct Job {
    std::function<Result<>(Connection&)> work;
    std::function<void(Result<>)> done;
    Durability durability = Durability::synced;
  };
  struct Writer;
  Database();
  void enqueue(Job job);
  std::unique_ptr<Connection> reader_;
  std::unique_ptr<Writer> writer_;
};

} // namespace openclaw::store
