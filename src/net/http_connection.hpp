// One connection of the HTTP server: requests one after another, their deadlines and their answers.
#pragma once
#include "async/event.hpp"
#include "net/http_parser.hpp"
#include "net/http_server.hpp"
#include "net/stream.hpp"
#include <set>
#include <unordered_map>

namespace openclaw::net {

class Connection;

// What the connections of one server share.
struct ServerCore {
  ServerCore(async::Executor ex, ServerLimits bounds, HttpServer::Handler handle)
      : executor(ex), limits(bounds), handler(std::move(handle)) {}
  void close_idle();

  async::Executor executor;
  ServerLimits limits;
  HttpServer::Handler handler;
  std::size_t connections = 0;
  std::unordered_map<std::string, std::size_t> unanswered; // connections by address that owe their first request head
  std::set<Connection*> idle;                              // between two requests
  bool stopping = false;
};

// Serves the connection until it is closed or became a WebSocket. Counts it from this call on.
Task<> serve_connection(std::shared_ptr<ServerCore> core, std::unique_ptr<Stream> stream, Peer peer);

// An error as every answer of the server carries it: {"error":{"message","hint"}}.
Response error_response(int status, const std::string& message, const std::string& hint);

} // namespace openclaw::net
