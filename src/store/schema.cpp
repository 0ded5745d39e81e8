#include "store/schema.hpp"

#include "base/embedded.hpp"
#include <charconv>
#include <fmt/core.h>

namespace openclaw::store {
namespace {

constexpr std::string_view kFolder = "store/schema/";

struct Step {
  int number = 0; // brings the state to this version
  std::string sql;
};

// In the order of their numbers, which is that of their names.
std::vector<Step> steps() {
  std::vector<Step> found;
  for (const auto& file : embedded_texts()) {
    if (!file.name.starts_with(kFolder)) continue;
    Step step;
    const auto name = file.name.substr(kFolder.size());
    std::from_chars(name.data(), name.data() + name.size(), step.number);
    step.sql = std::string(file.content);
    found.push_back(std::move(step));
  }
  std::sort(found.begin(), found.end(), [](const Step& a, const Step& b) { return a.number < b.number; });
  return found;
}

Result<int> version_of(Connection& connection) {
  TRY(auto query, connection.prepare("PRAGMA user_version"));
  TRY(const bool row, query.step());
  return row ? static_cast<int>(query.integer(0)) : 0;
}

} // namespace

int schema_version() {
  int newest = 0;
  for (const auto& step : steps())
    newest = std::max(newest, step.number);
  return newest;
}

Result<> migrate(Connection& connection, const std::string& path) {
  TRY(const int version, version_of(connection));
  const int newest = schema_version();
  if (version > newest)
    return fail(Kind::conflict,
                fmt::format("The state in {} was written by a newer openclaw (schema {}, this program knows {}).", path,
                            version, newest),
                "Start the newer program, or restore an older copy of the state folder.");
  if (version == newest) return {};
  if (version > 0) {
    const auto backup = fmt::format("{}.v{}", path, version);
    TRY(auto copy, connection.prepare("VACUUM INTO ?"));
    copy.bind(backup);
    TRY_VOID(copy.run());
  }
  TRY_VOID(connection.execute("BEGIN IMMEDIATE"));
  for (const auto& step : steps()) {
    if (step.number <= version) continue;
    if (auto done = connection.execute(step.sql.c_str()); !done) {
      (void)connection.execute("ROLLBACK");
      return done;
    }
  }
  const auto set_version = fmt::format("PRAGMA user_version={}", newest);
  TRY_VOID(connection.execute(set_version.c_str()));
  return connection.execute("COMMIT");
}

} // namespace openclaw::store
