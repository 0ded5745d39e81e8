// HTTP messages as plain structs, for the server and the client. Field names compare without case.
#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace openclaw::net {

class Headers {
public:
  Headers() = default;
  Headers(std::initializer_list<std::pair<std::string, std::string>> fields) : fields_(fields) {}
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string_view name, std::string value); // replaces all fields of that name
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  void remove(std::string_view name);
  // Does a comma-separated field, such as Connection, hold this token?
  bool has_token(std::string_view name, std::string_view token) const;
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method = "GET";
  std::string target = "/"; // path and query, as sent
  Headers headers;
  std::string body;

  std::string_view path() const; // before '?'
  std::string_view query() const;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

// "Not Found" for 404; the reason phrases of RFC 9110.
std::string_view reason_phrase(int status);

} // namespace openclaw::net
