// A WebSocket over a Stream whose upgrade is already done, for both roles.
#pragma once
#include "net/stream.hpp"
#include "net/websocket.hpp"

namespace openclaw::net {

enum class WebSocketRole { server, client };
// `already_read` are bytes that came behind the upgrade; `slot` is kept until the connection is closed.
std::shared_ptr<WebSocket> make_websocket(std::unique_ptr<Stream> stream, WebSocketRole role, std::size_t read_limit,
                                          std::string already_read, std::shared_ptr<void> slot);

} // namespace openclaw::net
