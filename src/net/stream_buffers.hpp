// What the two kinds of streams share: the scratch memory of reads, options of sockets, and views as Asio's buffers.
#pragma once
#include "net/stream.hpp"
#include <boost/asio/buffer.hpp>
#include <span>

namespace openclaw::net {

// One per thread: a read lands here only after its bytes have arrived, and is consumed before anything else runs.
std::span<char> read_scratch();
void tune_socket(Socket& socket);
bool socket_is_quiet(Socket& socket);
std::string address_of_peer(const Socket& socket);
std::vector<boost::asio::const_buffer> as_buffers(const std::vector<std::string_view>& parts);

} // namespace openclaw::net
