// One connection of the HTTP server: its bytes, with a deadline for each step, and what the connections of a server
// share. http_exchange makes requests and answers of it.
#pragma once
#include "async/event.hpp"
#include "net/http_parser.hpp"
#include "net/http_server.hpp"
#include "net/stream.hpp"
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>

namespace openclaw::net {

class Connection;

// What the connections of one server share.
struct ServerCore {
  ServerCore(async::Executor ex, ServerLimits bounds, HttpServer::Handler handle)
      : executor(ex), limits(bounds), handler(std::move(handle)) {}
  void close_idle();
  bool make_room();                                // false: nobody can be spared for a new connection
  void give_up_oldest(const std::string& address); // of those that owe their first head
  void say_crowded(const std::string& address);    // at most once in a while

  static constexpr std::int64_t kCrowdedPauseMs = 60'000;
  async::Executor executor;
  ServerLimits limits;
  HttpServer::Handler handler;
  std::size_t connections = 0;
  std::list<Connection*> unanswered;                              // that owe their first request head, the oldest first
  std::unordered_map<std::string, std::size_t> unanswered_counts; // of each address
  std::set<Connection*> idle;                                     // between two requests
  std::int64_t crowded_ms = -kCrowdedPauseMs;                     // when the log was last told of too many
  bool stopping = false;
};

// How far the answer to the present request is.
enum class Answer { none, begun, complete, upgraded };

class Connection : public std::enable_shared_from_this<Connection> {
public:
  Connection(std::shared_ptr<ServerCore> core, std::unique_ptr<Stream> stream, Peer peer);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // True when a request head is there; false when the connection is to be closed without a word (an answer was sent if
  // due).
  Task<bool> read_head(bool first);
  Task<std::string> read_body();
  Task<> write_head(int status, Headers headers, std::optional<std::size_t> length, bool chunked, std::string body);
  Task<> write(std::vector<std::string_view> parts);
  Task<> write_whole(std::string head, std::string body);
  Task<> linger();

  // The read or write that is under way ends when the time is over; `expired_` then says so.
  void arm(std::int64_t milliseconds);
  void disarm();
  void answered_first();
  void stop_waiting();

  std::shared_ptr<ServerCore> core_;
  std::unique_ptr<Stream> stream_;
  Peer peer_;
  async::Timer timer_;
  std::shared_ptr<void> slot_; // counts it among the server's connections, as HTTP or as WebSocket
  std::unique_ptr<MessageParser> parser_;
  std::string rest_; // bytes behind the last request
  Answer answer_ = Answer::none;
  std::uint64_t armed_ = 0;
  bool expired_ = false;
  bool owes_first_ = true;
  std::list<Connection*>::iterator place_; // among those that owe their first head
  bool keep_alive_ = false;
  bool head_request_ = false;
  bool http_1_0_ = false;
  bool expects_continue_ = false;
};

// An error as every answer of the server carries it: {"error":{"message","hint"}}.
Response error_response(int status, const std::string& message, const std::string& hint);

} // namespace openclaw::net
