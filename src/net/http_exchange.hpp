// Requests of a connection, one after another: each is handed to the server's handler as an Exchange, which gives one
// answer, whole or streamed, or becomes a WebSocket.
#pragma once
#include "net/http_connection.hpp"

namespace openclaw::net {

// Serves the connection until it is closed or became a WebSocket. Counts it from this call on.
Task<> serve_connection(std::shared_ptr<ServerCore> core, std::unique_ptr<Stream> stream, Peer peer);

} // namespace openclaw::net
