// Who is here: the gateway, its clients (not command lines), and what programs report with system-event. Changes are
// told in one `presence` event a second, however many there were; entries that nobody renews are forgotten.
#pragma once
#include "async/scope.hpp"
#include "async/time.hpp"
#include "gateway/clients.hpp"
#include <map>
#include <string>

namespace openclaw::gateway {

class Presence {
public:
  static constexpr std::size_t kMost = 200;
  static constexpr std::int64_t kLifeMs = 5 * 60'000;
  static constexpr std::int64_t kQuietMs = 1'000;

  Presence(async::Executor executor, async::Time& time, Clients& clients);
  // What is said about the gateway itself.
  void introduce(std::string_view version);
  void joined(const ClientFacts& facts, std::string_view address);
  void left(const ClientFacts& facts);
  // From system-event; the fields were checked by its schema. `otherwise` is the key when it names no device.
  void report(const json::object& fields, std::string_view otherwise);
  // The gateway first, then the latest.
  json::array entries() const;
  Task<> shut_down();

private:
  struct Entry {
    json::object shown;
    std::int64_t renewed_ms = 0;
    int connections = 0; // while there are some it does not expire
  };
  Entry& entry(const std::string& key);
  void forget_old();
  void changed();
  Task<> tell();

  async::Time& time_;
  Clients& clients_;
  json::object self_;
  std::map<std::string, Entry> entries_;
  bool waiting_ = false;
  async::Scope scope_;
};

} // namespace openclaw::gateway
