// Every state that a released version wrote, from tests/fixtures/state, is brought to this version with all its rows.
#include "store/schema.hpp"

#include "store/database.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>

namespace openclaw::store {
namespace {

namespace fs = std::filesystem;

// The checkout, from wherever in it the tests were started.
fs::path fixtures() {
  for (auto folder = fs::current_path();; folder = folder.parent_path()) {
    if (fs::exists(folder / "tests/fixtures/state")) return folder / "tests/fixtures/state";
    if (folder == folder.parent_path()) return {};
  }
}

using Columns = std::map<std::string, std::vector<std::string>>;

std::vector<std::string> texts(Connection& connection, const std::string& sql) {
  static std::vector<std::unique_ptr<std::string>> kept; // the connection's cache refers to the text
  kept.push_back(std::make_unique<std::string>(sql));
  std::vector<std::string> found;
  auto query = connection.prepare(*kept.back());
  EXPECT_TRUE(query) << sql;
  while (query) {
    const auto row = query->step();
    EXPECT_TRUE(row) << sql;
    if (!row || !*row) break;
    found.push_back(query->text(0));
  }
  return found;
}

Columns columns_of(Connection& connection) {
  Columns columns;
  for (const auto& table : texts(connection, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"))
    columns[table] = texts(connection, fmt::format("SELECT name FROM pragma_table_info('{}')", table));
  return columns;
}

// Every row of the named columns as text, so that what a later step adds does not matter.
std::map<std::string, std::vector<std::string>> rows_of(Connection& connection, const Columns& columns) {
  std::map<std::string, std::vector<std::string>> rows;
  for (const auto& [table, names] : columns) {
    std::string all = "''";
    for (const auto& name : names)
      all += fmt::format(" || quote({}) || ','", name);
    rows[table] = texts(connection, fmt::format("SELECT {} FROM {} ORDER BY 1", all, table));
  }
  return rows;
}

class StateSchema : public ::testing::Test {
protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("openclaw-schema-{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    path_ = (folder_ / "state.db").string();
  }
  void TearDown() override {
    connection_.reset();
    fs::remove_all(folder_);
  }

  void open() {
    auto opened = Connection::open(path_, false);
    ASSERT_TRUE(opened);
    connection_ = std::move(*opened);
  }
  // Steps 1 to `newest`, each with a table of its own.
  static std::vector<SchemaStep> steps_to(int newest) {
    std::vector<SchemaStep> steps;
    for (int number = 1; number <= newest; ++number)
      steps.push_back({number, fmt::format("CREATE TABLE t{0}(a); INSERT INTO t{0} VALUES ({0})", number)});
    return steps;
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }
  bool has(const std::string& name) const { return fs::exists(folder_ / name); }

  fs::path folder_;
  std::string path_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(StateSchema, BringsEveryReleasedStateToThisVersionWithAllItsRows) {
  const auto from = fixtures();
  ASSERT_FALSE(from.empty());
  int tried = 0;
  for (const auto& entry : fs::directory_iterator(from)) {
    if (entry.path().extension() != ".db") continue;
    SCOPED_TRACE(entry.path().string());
    ++tried;
    for (const auto& name : files())
      fs::remove(folder_ / name);
    fs::copy_file(entry.path(), path_);
    fs::permissions(path_, fs::perms::owner_read | fs::perms::owner_write);
    Columns columns;
    std::map<std::string, std::vector<std::string>> before;
    {
      auto connection = Connection::open(path_, false);
      ASSERT_TRUE(connection);
      columns = columns_of(**connection);
      before = rows_of(**connection, columns);
    }
    for (const auto* table : {"sessions", "entries", "inbox", "tool_calls", "approvals", "spend", "tokens"})
      EXPECT_FALSE(before[table].empty()) << table << " has no row, so this proves little";
    const auto database = Database::open(path_);
    ASSERT_TRUE(database) << database.error().text();
    EXPECT_EQ(rows_of((*database)->reader(), columns), before);
    EXPECT_EQ(texts((*database)->reader(), "PRAGMA user_version"),
              std::vector<std::string>{std::to_string(schema_version())});
    EXPECT_EQ(texts((*database)->reader(), "PRAGMA integrity_check"), std::vector<std::string>{"ok"});
  }
  EXPECT_GT(tried, 0);
}

TEST_F(StateSchema, KeepsAWholeCopyThatIsItsOwnersAlone) {
  open();
  ASSERT_TRUE(migrate(*connection_, path_, steps_to(1)));
  EXPECT_FALSE(has("state.db.v0")) << "a fresh state needs no copy";
  // What a stop in the middle of an earlier attempt left is neither in the way nor taken for the copy.
  std::ofstream(folder_ / "state.db.v1.new") << "torn";
  std::ofstream(folder_ / "state.db.v1") << "from an attempt that stopped before its commit";
  ::umask(0);
  ASSERT_TRUE(migrate(*connection_, path_, steps_to(2)));
  ::umask(022);
  EXPECT_FALSE(has("state.db.v1.new"));
  struct stat info{};
  ASSERT_EQ(::stat((path_ + ".v1").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const auto copy = Connection::open(path_ + ".v1", true);
  ASSERT_TRUE(copy);
  EXPECT_EQ(texts(**copy, "PRAGMA user_version"), std::vector<std::string>{"1"});
  EXPECT_EQ(texts(**copy, "SELECT a FROM t1"), std::vector<std::string>{"1"});
}

TEST_F(StateSchema, KeepsTheNewestThreeCopies) {
  open();
  std::ofstream(folder_ / "state.db.video") << "somebody else's";
  for (int newest = 1; newest <= 12; ++newest)
    ASSERT_TRUE(migrate(*connection_, path_, steps_to(newest)));
  for (int version = 1; version <= 8; ++version)
    EXPECT_FALSE(has(fmt::format("state.db.v{}", version))) << version;
  for (int version = 9; version <= 11; ++version)
    EXPECT_TRUE(has(fmt::format("state.db.v{}", version))) << version;
  EXPECT_TRUE(has("state.db.video"));
}

TEST_F(StateSchema, AStepThatFailsChangesNothing) {
  open();
  ASSERT_TRUE(migrate(*connection_, path_, steps_to(1)));
  auto steps = steps_to(2);
  steps.push_back({3, "CREATE TABLE t3(a); NONSENSE"});
  ASSERT_FALSE(migrate(*connection_, path_, steps));
  EXPECT_EQ(texts(*connection_, "PRAGMA user_version"), std::vector<std::string>{"1"});
  EXPECT_EQ(texts(*connection_, "SELECT name FROM sqlite_schema"), std::vector<std::string>{"t1"});
  EXPECT_TRUE(migrate(*connection_, path_, steps_to(3))) << "the next attempt begins afresh";
}

} // namespace
} // namespace openclaw::store
