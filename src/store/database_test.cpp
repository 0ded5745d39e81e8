#include "store/database.hpp"

#include "async/scope.hpp"
#include "store/inbox.hpp"
#include "store/schema.hpp"
#include "store/sessions.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <random>
#include <unistd.h>

namespace openclaw::store {
namespace {

std::string fresh_path(const char* name) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("openclaw-{}-{}", name, ::getpid());
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return (folder / "state.db").string();
}

InboxRow message(int number) {
  InboxRow row;
  row.channel = "webchat";
  row.dedupe_key = fmt::format("key-{}", number);
  row.run_id = row.dedupe_key;
  row.session_key = "agent:main:main";
  row.body = "{}";
  row.state = "accepted";
  return row;
}

Task<bool> accept(Database* database, InboxRow row) {
  std::function<Result<bool>(Connection&)> work = [row](Connection& connection) {
    return accept_message(connection, row);
  };
  auto fresh = co_await database->write<bool>(std::move(work));
  co_return fresh;
}

Task<> accept_and_count(Database* database, InboxRow row, int* accepted) {
  CO_TRY(const bool fresh, co_await accept(database, std::move(row)));
  if (fresh) ++*accepted;
  co_return Result<>{};
}

Task<> accept_many(async::Scope* scope, Database* database, int* accepted) {
  for (int i = 0; i < 200; ++i)
    scope->spawn("accept", accept_and_count(database, message(i % 100), accepted));
  co_return co_await scope->join();
}

TEST(Database, GroupsWaitingWritesIntoFewCommitsAndAcceptsEachMessageOnce) {
  const auto path = fresh_path("group");
  boost::asio::io_context loop;
  auto database = Database::open(path);
  ASSERT_TRUE(database);
  async::Scope scope(loop.get_executor());
  int accepted = 0;
  ASSERT_TRUE(async::run(loop, accept_many(&scope, database->get(), &accepted)));
  EXPECT_EQ(accepted, 100);
  EXPECT_LT((*database)->commits(), 100);
}

Task<bool> fail_inside(Database* database) {
  std::function<Result<bool>(Connection&)> work = [](Connection& connection) -> Result<bool> {
    TRY([[maybe_unused]] const bool fresh, accept_message(connection, message(1)));
    return fail(Kind::invalid, "No.");
  };
  auto outcome = co_await database->write<bool>(std::move(work));
  co_return outcome;
}

TEST(Database, AnErrorUndoesItsOwnPartOnly) {
  const auto path = fresh_path("undo");
  boost::asio::io_context loop;
  auto database = Database::open(path);
  ASSERT_TRUE(database);
  EXPECT_FALSE(async::run(loop, fail_inside(database->get())));
  const auto found = find_run((*database)->reader(), "key-1");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

TEST(Database, RefusesAStateThatANewerProgramWrote) {
  const auto path = fresh_path("newer");
  {
    auto connection = Connection::open(path, false);
    ASSERT_TRUE(connection);
    ASSERT_TRUE((*connection)->execute("PRAGMA user_version=999"));
  }
  const auto opened = Database::open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, Kind::conflict);
  EXPECT_NE(opened.error().message.find("newer"), std::string::npos);
}

TEST(Inbox, ForgetsWhatEndedLongAgoAndNothingElse) {
  boost::asio::io_context loop;
  auto database = Database::open(fresh_path("inbox"));
  ASSERT_TRUE(database);
  std::function<Result<bool>(Connection&)> work = [](Connection& connection) -> Result<bool> {
    for (int i = 0; i < 6; ++i) {
      TRY_VOID(accept_message(connection, message(i)));
      if (i != 1) TRY_VOID(set_run_state(connection, message(i).run_id, i == 2 ? "failed" : "answered", 1000 + i, ""));
    }
    for (int i = 6; i < 12; ++i) {
      auto later = message(i);
      later.received_ms = kInboxKeptMs + 1003; // what ended at 1003 and after it stays
      TRY_VOID(accept_message(connection, later));
    }
    return true;
  };
  ASSERT_TRUE(async::run(loop, (*database)->write<bool>(std::move(work))));
  std::string left;
  for (int i = 0; i < 12; ++i) {
    const auto row = find_run((*database)->reader(), message(i).run_id);
    ASSERT_TRUE(row);
    left += *row ? '#' : '.';
  }
  // The second never ended, so it stays at the head of the table, and one row at a time passes it.
  EXPECT_EQ(left, ".#.#########");
}

// An inbox row and its transcript entry, as an acceptance writes them.
Task<> accept_in_turn(Database* database, int count) {
  for (int i = 0; i < count; ++i) {
    std::function<Result<bool>(Connection&)> work = [i](Connection& connection) -> Result<bool> {
      TRY_VOID(accept_message(connection, message(i)));
      TRY_VOID(
          append_entry(connection, "session", fmt::format("entry-{}", i), message(i).run_id, std::string(300, 'x')));
      return true;
    };
    const auto durability = i % 3 == 0 ? Durability::soon : Durability::synced;
    CO_TRY([[maybe_unused]] const bool saved, co_await database->write<bool>(std::move(work), durability));
  }
  co_return Result<>{};
}

TEST(Database, ALogThatIsCutOffAnywhereKeepsWholeTransactionsUpToThere) {
  constexpr int kCount = 40;
  const auto path = fresh_path("torn");
  const auto folder = std::filesystem::path(path).parent_path();
  boost::asio::io_context loop;
  auto database = Database::open(path);
  ASSERT_TRUE(database);
  ASSERT_TRUE(async::run(loop, accept_in_turn(database->get(), kCount)));
  const auto size = std::filesystem::file_size(path + "-wal");
  const auto torn = (folder / "torn.db").string();
  std::mt19937_64 random(20261121);
  std::size_t most = 0;
  for (int round = 0; round < 60; ++round) {
    // What a power cut leaves: the log to some byte, or with some bytes of its end never written.
    for (const auto* suffix : {"", "-wal", "-shm"})
      std::filesystem::remove(torn + suffix);
    std::filesystem::copy_file(path, torn);
    std::filesystem::copy_file(path + "-wal", torn + "-wal");
    const auto cut = round == 0 ? size : random() % (size + 1);
    std::filesystem::resize_file(torn + "-wal", cut);
    if (round % 2 == 1) std::filesystem::resize_file(torn + "-wal", size);
    const auto opened = Database::open(torn);
    ASSERT_TRUE(opened) << "cut at " << cut << ": " << opened.error().text();
    const auto runs = open_runs((*opened)->reader());
    const auto entries = read_entries((*opened)->reader(), "session", 1000);
    ASSERT_TRUE(runs && entries);
    ASSERT_EQ(runs->size(), entries->size()) << "half a transaction, cut at " << cut;
    for (std::size_t i = 0; i < runs->size(); ++i) {
      ASSERT_EQ((*runs)[i].run_id, message(static_cast<int>(i)).run_id);
      ASSERT_EQ((*entries)[i].run_id, (*runs)[i].run_id);
    }
    most = std::max(most, runs->size());
    ASSERT_TRUE(async::run(loop, accept(opened->get(), message(1000)))) << "cut at " << cut;
    loop.restart();
  }
  EXPECT_EQ(most, static_cast<std::size_t>(kCount));
}

Task<> write_large(async::Scope* scope, Database* database, std::vector<Result<bool>>* outcomes) {
  const auto write = [](Database* target, int number, std::vector<Result<bool>>* out) -> Task<> {
    std::function<Result<bool>(Connection&)> work = [number](Connection& connection) -> Result<bool> {
      // Ends the whole transaction, as SQLite does by itself when the disk is full inside a statement.
      if (number == 2)
        return connection.execute("ROLLBACK") ? fail(Kind::transient, "The disk is full.")
                                              : fail(Kind::bug, "Nothing to undo.");
      TRY_VOID(accept_message(connection, message(number)));
      return true;
    };
    out->push_back(co_await target->write<bool>(std::move(work)));
    co_return Result<>{};
  };
  for (int i = 0; i < 5; ++i)
    scope->spawn("write", write(database, i, outcomes));
  co_return co_await scope->join();
}

TEST(Database, ATransactionThatTheDiskEndsHasSavedNothingThatItReports) {
  const auto path = fresh_path("ended");
  boost::asio::io_context loop;
  auto database = Database::open(path);
  ASSERT_TRUE(database);
  async::Scope scope(loop.get_executor());
  std::vector<Result<bool>> outcomes;
  ASSERT_TRUE(async::run(loop, write_large(&scope, database->get(), &outcomes)));
  const auto saved =
      std::count_if(outcomes.begin(), outcomes.end(), [](const auto& outcome) { return outcome.has_value(); });
  const auto rows = open_runs((*database)->reader());
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), static_cast<std::size_t>(saved)) << "what is reported and what is there differ";
  loop.restart();
  EXPECT_TRUE(async::run(loop, accept(database->get(), message(9)))) << "and it goes on";
}

} // namespace
} // namespace openclaw::store
