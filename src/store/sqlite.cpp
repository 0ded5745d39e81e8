#include "store/sqlite.hpp"

#include <cerrno>
#include <cstring>
#include <fmt/core.h>
#include <sqlite3.h>
#include <unordered_map>

namespace openclaw::store {

struct Connection::Cache {
  std::unordered_map<std::string_view, sqlite3_stmt*> idle;
};

Connection::Connection() : cache_(std::make_unique<Cache>()) {}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path, bool read_only) {
  std::unique_ptr<Connection> connection(new Connection());
  const int flags = (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  if (sqlite3_open_v2(path.c_str(), &connection->handle_, flags, nullptr) != SQLITE_OK)
    return std::unexpected(connection->error(fmt::format("Opening the state database {}", path)));
  sqlite3_busy_timeout(connection->handle_, 5000);
  sqlite3_extended_result_codes(connection->handle_, 1);
  // cache_size in KiB when negative: the working set is small, and memory is a feature.
  TRY_VOID(connection->execute(
      "PRAGMA cache_size=-512; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA secure_delete=OFF;"));
  if (!read_only) {
    TRY_VOID(connection->execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"));
    // The log's file keeps its size when it is begun anew, so only this says how much of it is in use.
    sqlite3_wal_hook(
        connection->handle_,
        [](void* pages, sqlite3*, const char*, int count) {
          *static_cast<int*>(pages) = count;
          return SQLITE_OK;
        },
        &connection->log_pages_);
  }
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : cache_->idle)
    sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Error Connection::error(std::string_view doing) const {
  const int code = handle_ ? sqlite3_extended_errcode(handle_) : SQLITE_NOMEM;
  const char* reason = handle_ ? sqlite3_errmsg(handle_) : "out of memory";
  const int system = handle_ ? sqlite3_system_errno(handle_) : 0;
  Error error{Kind::transient, fmt::format("{} failed: {}.", doing, reason), {}, {}};
  int primary = code & 0xff;
  if (primary == SQLITE_CANTOPEN && system == ENOSPC) primary = SQLITE_FULL;
  if (primary == SQLITE_CANTOPEN && system == EIO) primary = SQLITE_IOERR;
  switch (primary) {
  case SQLITE_FULL:
    error.message = fmt::format("{} failed: the disk is full.", doing);
    error.hint =
        "Free some space on the disk of the state folder, then try again; nothing that was acknowledged is lost.";
    break;
  case SQLITE_IOERR:
    error.message =
        fmt::format("{} failed: the disk reported an error ({}).", doing, system != 0 ? strerror(system) : reason);
    error.hint = "Check the system log and the free space.";
    break;
  case SQLITE_READONLY:
  case SQLITE_CANTOPEN:
    error.kind = Kind::denied;
    error.hint = "Check the owner and the modes of the state folder (openclaw doctor shows them), and that its disk is "
                 "well.";
    break;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    error.kind = Kind::bug;
    error.hint = "The state database is damaged; restore it from a backup of the state folder.";
    break;
  case SQLITE_CONSTRAINT:
    error.kind = Kind::conflict;
    break;
  default:
    break;
  }
  return error;
}

Result<> Connection::execute(const char* sql) {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(error("A state database command"));
  return {};
}

Result<Statement> Connection::prepare(std::string_view sql) {
  if (const auto cached = cache_->idle.find(sql); cached != cache_->idle.end()) {
    auto* statement = cached->second;
    cache_->idle.erase(cached);
    return Statement(this, statement);
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK)
    return std::unexpected(error("Preparing a state database command"));
  return Statement(this, statement);
}

std::int64_t Connection::last_insert_id() const {
  return sqlite3_last_insert_rowid(handle_);
}
bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}
std::int64_t Connection::changes() const {
  return sqlite3_changes64(handle_);
}

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)),
      next_parameter_(other.next_parameter_), problem_(std::move(other.problem_)) {}

Statement::~Statement() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  const char* sql = sqlite3_sql(statement_);
  auto& idle = connection_->cache_->idle;
  if (idle.size() >= 64 || !idle.try_emplace(std::string_view(sql), statement_).second) sqlite3_finalize(statement_);
}

Statement& Statement::bind(std::int64_t value) {
  if (sqlite3_bind_int64(statement_, next_parameter_++, value) != SQLITE_OK)
    problem_ = connection_->error("Binding a value");
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  const char* data = text.data() ? text.data() : "";
  if (sqlite3_bind_text64(statement_, next_parameter_++, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8) != SQLITE_OK)
    problem_ = connection_->error("Binding a text");
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(statement_, next_parameter_++);
  return *this;
}

Result<bool> Statement::step() {
  if (problem_) return std::unexpected(*problem_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(connection_->error("Reading or writing the state"));
}

Result<> Statement::run() {
  TRY([[maybe_unused]] const bool row, step());
  return {};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
std::string_view Statement::view(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text ? std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
              : std::string_view();
}
std::string Statement::text(int column) const {
  return std::string(view(column));
}
bool Statement::null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

} // namespace openclaw::store
