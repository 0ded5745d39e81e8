// SQLite behind four small types. All SQL of the program is in store/.
#pragma once
#include "base/result.hpp"
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace openclaw::store {

class Connection;

// A prepared statement in use: bind left to right, then step. Returned to the connection's cache when it goes.
class Statement {
public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(std::int64_t value);
  Statement& bind(int value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(bool value) { return bind(static_cast<std::int64_t>(value)); }
  Statement& bind(std::string_view text);
  Statement& bind(const std::string& text) { return bind(std::string_view(text)); }
  Statement& bind(const char* text) { return bind(std::string_view(text)); }
  Statement& bind_null();
  template <class T>
  Statement& bind(const std::optional<T>& value) {
    return value ? bind(*value) : bind_null();
  }

  // True while there is a row.
  Result<bool> step();
  // For statements without rows.
  Result<> run();

  std::int64_t integer(int column) const;
  std::string text(int column) const;
  std::string_view view(int column) const; // valid until the next step
  bool null(int column) const;

private:
  friend class Connection;
  Statement(Connection* connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {}
  Connection* connection_;
  sqlite3_stmt* statement_;
  int next_parameter_ = 1;
  std::optional<Error> problem_;
};

class Connection {
public:
  // `path` below the state folder; WAL, foreign keys on, a small page cache.
  static Result<std::unique_ptr<Connection>> open(const std::string& path, bool read_only);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // `sql` must be a string literal or live as long as the connection: it is the cache key.
  Result<Statement> prepare(std::string_view sql);
  Result<> execute(const char* sql); // one or more statements without parameters
  std::int64_t last_insert_id() const;
  std::int64_t changes() const;
  bool in_transaction() const;
  int log_pages() const { return log_pages_; } // in the write-ahead log after the last commit of this connection
  Error error(std::string_view doing) const;

private:
  friend class Statement;
  struct Cache;
  Connection();
  sqlite3* handle_ = nullptr;
  int log_pages_ = 0;
  std::unique_ptr<Cache> cache_;
};

} // namespace openclaw::store
