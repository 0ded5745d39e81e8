#include "store/schema.hpp"

#include "base/embedded.hpp"
#include "base/file_descriptor.hpp"
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

namespace openclaw::store {
namespace {

constexpr std::string_view kFolder = "store/schema/";
constexpr std::size_t kKeptCopies = 3; // of older states, the newest ones

// In the order of their numbers, which is that of their names.
std::vector<SchemaStep> linked_steps() {
  std::vector<SchemaStep> found;
  for (const auto& file : embedded_texts()) {
    if (!file.name.starts_with(kFolder)) continue;
    SchemaStep step;
    const auto name = file.name.substr(kFolder.size());
    std::from_chars(name.data(), name.data() + name.size(), step.number);
    step.sql = std::string(file.content);
    found.push_back(std::move(step));
  }
  std::sort(found.begin(), found.end(), [](const SchemaStep& a, const SchemaStep& b) { return a.number < b.number; });
  return found;
}

Result<int> version_of(Connection& connection) {
  TRY(auto query, connection.prepare("PRAGMA user_version"));
  TRY(const bool row, query.step());
  return row ? static_cast<int>(query.integer(0)) : 0;
}

std::unexpected<Error> copy_failed(const std::string& copy) {
  return fail(
      Kind::transient,
      fmt::format("The state cannot be copied to {} before it is brought to this version: {}.", copy, strerror(errno)),
      "Free some space on the disk of the state folder and start again; nothing was changed.");
}

// PATH.vN appears whole or not at all: a stop half-way leaves a temporary file, which the next attempt replaces.
Result<> keep_copy(Connection& connection, const std::string& path, int version) {
  const auto copy = fmt::format("{}.v{}", path, version);
  const auto temporary = copy + ".new";
  ::unlink(temporary.c_str());
  const FileDescriptor file(::open(temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return copy_failed(copy);
  {
    TRY(auto vacuum, connection.prepare("VACUUM INTO ?"));
    vacuum.bind(temporary);
    if (auto copied = vacuum.run(); !copied) {
      ::unlink(temporary.c_str());
      return copied;
    }
  }
  if (::fsync(file.get()) != 0 || ::rename(temporary.c_str(), copy.c_str()) != 0) return copy_failed(copy);
  const FileDescriptor folder(
      ::open(std::filesystem::path(path).parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder && ::fsync(folder.get()) != 0) return copy_failed(copy);
  return {};
}

// Only what can be spared: a file that cannot be removed now is for the next migration.
void drop_old_copies(const std::string& path) {
  const auto prefix = std::filesystem::path(path).filename().string() + ".v";
  std::vector<std::pair<int, std::filesystem::path>> copies;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(path).parent_path(), ignored)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(prefix)) continue;
    int number = 0;
    const auto* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
    if (parsed.ec == std::errc() && parsed.ptr == end) copies.emplace_back(number, entry.path());
  }
  std::sort(copies.rbegin(), copies.rend());
  for (std::size_t i = kKeptCopies; i < copies.size(); ++i)
    std::filesystem::remove(copies[i].second, ignored);
}

} // namespace

int schema_version() {
  const auto steps = linked_steps();
  return steps.empty() ? 0 : steps.back().number;
}

Result<> migrate(Connection& connection, const std::string& path) {
  return migrate(connection, path, linked_steps());
}

Result<> migrate(Connection& connection, const std::string& path, const std::vector<SchemaStep>& steps) {
  TRY(const int version, version_of(connection));
  const int newest = steps.empty() ? 0 : steps.back().number;
  if (version > newest)
    return fail(Kind::conflict,
                fmt::format("The state in {} was written by a newer openclaw (schema {}, this program knows {}).", path,
                            version, newest),
                "Start the newer program, or restore an older copy of the state folder.");
  if (version == newest) return {};
  if (version > 0) {
    TRY_VOID(keep_copy(connection, path, version));
    drop_old_copies(path);
  }
  auto done = connection.execute("BEGIN IMMEDIATE");
  for (const auto& step : steps)
    if (done && step.number > version) done = connection.execute(step.sql.c_str());
  const auto set_version = fmt::format("PRAGMA user_version={}", newest);
  if (done) done = connection.execute(set_version.c_str());
  if (done) done = connection.execute("COMMIT");
  if (!done && connection.in_transaction()) (void)connection.execute("ROLLBACK");
  return done;
}

} // namespace openclaw::store
