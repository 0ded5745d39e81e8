// TLS over a connected socket. The context, with its CA bundle, is made once and off the loop because that takes
// milliseconds.
#pragma once
#include "net/deadline.hpp"
#include "net/stream.hpp"

namespace openclaw::net {

class TlsContext;

// Blocking: reads `ca_file`, or the system's bundle when it is empty.
Result<std::shared_ptr<TlsContext>> load_tls_context(const std::string& ca_file);
// The handshake, with SNI and verification of `host`, within the armed deadline.
Task<std::unique_ptr<Stream>> start_tls(std::shared_ptr<TlsContext> context, Socket socket, std::string host,
                                        std::shared_ptr<Deadline> deadline);

} // namespace openclaw::net
