// One connection of the HTTP server: requests one after another, their deadlines and their answers.
#pragma once
#include "async/event.hpp"
#include "net/http_parser.hpp"
#include "net/http_server.hpp"
#include "net/stream.hpp"
#include <list>
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

// Serves the connection until it is closed or became a WebSocket. Counts it from this call on.
Task<> serve_connection(std::shared_ptr<ServerCore> core, std::unique_ptr<Stream> stream, Peer peer);

// An error as every answer of the server carries it: {"error":{"message","hint"}}.
Response error_response(int status, const std::string& message, const std::string& hint);

} // namespace openclaw::net
