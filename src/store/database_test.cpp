#include "store/database.hpp"

#include "async/scope.hpp"
#include "store/inbox.hpp"
#include "store/schema.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <gtest/gtest.h>
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
  auto database = Database::open(path);
  ASSERT_TRUE(database);
  boost::asio::io_context loop;
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
  auto database = Database::open(path);
  ASSERT_TRUE(database);
  boost::asio::io_context loop;
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

} // namespace
} // namespace openclaw::store
