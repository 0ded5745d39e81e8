// The one way out: every outbound HTTP request and WebSocket of the program goes through here (proxy, CA bundle,
// address guard).
#pragma once
#include "async/task.hpp"
#include "net/egress.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"
#include <memory>
#include <optional>
#include <string>

namespace openclaw::net {

// Error::code of a request that certainly did not reach the server: there was no connection to it.
inline constexpr std::string_view kNotSent = "not-sent";

struct Outbound {
  Outbound(std::string method_, std::string url_) : method(std::move(method_)), url(std::move(url_)) {}
  std::string method;
  std::string url; // http:, https:; ws:, wss: for connect_websocket
  Headers headers;
  std::string body;
  Egress egress = Egress::configured;
  std::int64_t connect_timeout_ms = 10'000;
  std::int64_t first_byte_timeout_ms = 300'000; // of the answer, and then of its body: a local model reads for minutes
  std::int64_t idle_timeout_ms = 120'000;       // between two reads of the body
  std::size_t body_limit = 16 * 1024 * 1024;
  // Whether it may be sent again when a connection that was kept turns out to be dead: not for what must not happen
  // twice.
  bool repeatable = true;
  int redirects = 0; // followed at most; every hop passes the guard again
};

// An answer whose body is read piece by piece; dropping it closes the connection.
class StreamedResponse {
public:
  virtual ~StreamedResponse() = default;
  virtual int status() const = 0;
  virtual const Headers& headers() const = 0;
  // The next piece of the body; nothing at its regular end; Kind::transient when the connection broke before.
  virtual Task<std::optional<std::string>> next() = 0;
  // The caller has what it wanted and asks for no more. What is left is read aside, within 64 KB and a second, so that
  // the connection can serve another request.
  virtual void finish() {}
  virtual const std::string& final_url() const = 0;
};

class HttpClient {
public:
  virtual ~HttpClient() = default;
  // Idle connections are kept for reuse (4 a host, 30 s, checked at the next use: no timer).
  virtual Task<std::shared_ptr<StreamedResponse>> open(Outbound request) = 0;
  virtual Task<Response> fetch(Outbound request) = 0;
  virtual Task<std::shared_ptr<WebSocket>> connect_websocket(Outbound request) = 0;
};

struct ClientConfig {
  std::string https_proxy, http_proxy, no_proxy; // as in the environment variables of the same names
  std::string ca_file;                           // empty: the system's bundle, loaded at the first HTTPS connection
  std::string user_agent = "openclaw";
};
std::unique_ptr<HttpClient> make_http_client(async::Executor executor, ClientConfig config);
// From HTTPS_PROXY, HTTP_PROXY, NO_PROXY (lower case too) and SSL_CERT_FILE.
ClientConfig client_config_from_environment();

} // namespace openclaw::net
