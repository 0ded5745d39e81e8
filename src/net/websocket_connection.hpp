// A WebSocket over a Stream whose upgrade is already done, for both roles.
#pragma once
#include "net/stream.hpp"
#include "net/websocket.hpp"

namespace openclaw::net {

enum class WebSocketRole { server, client };
// `already_read` are bytes that came behind the upgrade; `slot` is kept until the connection is closed. A peer that
// says nothing for `silence_ms` while somebody reads is pinged, and after a third of that more it counts as gone; 0:
// never.
std::shared_ptr<WebSocket> make_websocket(std::unique_ptr<Stream> stream, WebSocketRole role, std::size_t read_limit,
                                          std::string already_read, std::shared_ptr<void> slot,
                                          std::int64_t silence_ms = 0);

} // namespace openclaw::net
