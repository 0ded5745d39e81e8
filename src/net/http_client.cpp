#include "net/http_client.hpp"

#include "base/ids.hpp"
#include "base/text.hpp"
#include "net/connect.hpp"
#include "net/connection_pool.hpp"
#include "net/http_parser.hpp"
#include "net/outbound_head.hpp"
#include "net/websocket_connection.hpp"
#include <cstdlib>
#include <fmt/core.h>

namespace openclaw::net {
namespace {

constexpr std::size_t kHeadBytes = 128 * 1024;
constexpr int kInterimAnswers = 8;
constexpr std::int64_t kSilenceMs = 30'000; // of a WebSocket's peer, before it is asked whether it is there
constexpr std::size_t kDrainBytes = 64 * 1024;
constexpr std::int64_t kDrainMs = 1000;

struct ClientCore {
  ClientCore(async::Executor ex, ClientConfig config)
      : executor(ex), proxies(config.https_proxy, config.http_proxy, config.no_proxy), user_agent(config.user_agent),
        tls(std::make_shared<TlsStore>()) {
    tls->ca_file = std::move(config.ca_file);
  }
  async::Executor executor;
  ProxyRules proxies;
  std::string user_agent;
  std::shared_ptr<TlsStore> tls;
  ConnectionPool pool;
};

std::unexpected<Error> not_sent(Error error) {
  error.code = kNotSent;
  return std::unexpected(std::move(error));
}

Result<Destination> destination_of(const ClientCore& core, const Outbound& request, const Url& url) {
  Destination destination{url, request.egress, std::nullopt};
  auto proxy = core.proxies.choose(url);
  if (!proxy) return not_sent(std::move(proxy).error());
  destination.proxy = std::move(*proxy);
  return destination;
}

// One request on one connection.
struct Attempt {
  std::unique_ptr<Stream> stream;
  std::unique_ptr<MessageParser> parser;
  std::shared_ptr<Deadline> deadline;
  Response head;
  bool reused = false;
  bool any_byte = false; // of the answer
};

class BodyStream final : public StreamedResponse, public std::enable_shared_from_this<BodyStream> {
public:
  BodyStream(std::shared_ptr<ClientCore> core, Attempt attempt, std::string pool_key, const Outbound& request)
      : core_(std::move(core)), attempt_(std::move(attempt)), pool_key_(std::move(pool_key)), url_(request.url),
        first_ms_(request.first_byte_timeout_ms), idle_ms_(request.idle_timeout_ms), limit_(request.body_limit) {}

  int status() const override { return attempt_.head.status; }
  const Headers& headers() const override { return attempt_.head.headers; }
  const std::string& final_url() const override { return url_; }

  Task<std::optional<std::string>> next() override {
    const auto self = shared_from_this();
    while (true) {
      auto piece = attempt_.parser->take_body();
      if (!piece.empty()) {
        any_body_ = true;
        co_return std::optional<std::string>(std::move(piece));
      }
      if (problem_) co_return std::unexpected(*problem_);
      if (attempt_.parser->done()) {
        keep();
        co_return std::optional<std::string>{};
      }
      auto read = co_await read_more();
      if (!read) {
        problem_ = read.error();
        attempt_.stream.reset();
      }
    }
  }

  void finish() override {
    if (!attempt_.stream || pool_key_.empty()) return;
    attempt_.deadline->arm(kDrainMs);
    drain(std::make_shared<Deadline::Step>(attempt_.deadline, [raw = attempt_.stream.get()] { raw->cancel(); }));
  }

private:
  // A chain of callbacks: nobody waits for it. An expired deadline ends the read.
  void drain(std::shared_ptr<Deadline::Step> step) {
    auto& attempt = attempt_;
    drained_ += attempt.parser->take_body().size();
    if (attempt.parser->done()) keep();
    if (!attempt.stream || drained_ > kDrainBytes || attempt.deadline->expired()) {
      attempt.deadline->disarm();
      attempt.stream.reset();
      return;
    }
    attempt.stream->read_some([self = shared_from_this(), step](Stream::Code code, std::string_view bytes) {
      const bool more = !code && !bytes.empty() && self->attempt_.parser->feed(bytes).has_value();
      if (more) return self->drain(step);
      self->attempt_.deadline->disarm();
      self->attempt_.stream.reset();
    });
  }

  Task<> read_more() {
    auto& attempt = attempt_;
    if (!attempt.stream) co_return fail(Kind::cancelled, "The answer was already closed.");
    const auto patience = any_body_ ? idle_ms_ : first_ms_;
    attempt.deadline->arm(patience);
    const Deadline::Step step(attempt.deadline, [raw = attempt.stream.get()] { raw->cancel(); });
    auto bytes = co_await attempt.stream->read();
    const bool late = attempt.deadline->expired();
    attempt.deadline->disarm();
    if (late)
      co_return fail(Kind::timeout,
                     fmt::format("{} sent nothing for {} s in the middle of its answer.", url_, patience / 1000),
                     "Try again.");
    if (!bytes) co_return std::unexpected(bytes.error());
    if (!bytes->empty()) co_return too_long(attempt.parser->feed(*bytes));
    auto ended = attempt.parser->feed_end();
    if (!ended)
      co_return fail(Kind::transient, fmt::format("{} closed the connection in the middle of its answer.", url_),
                     "Try again.");
    co_return ended;
  }

  Result<> too_long(Result<> fed) const {
    if (fed) return fed;
    if (fed.error().code == "413")
      return fail(Kind::remote, fmt::format("The answer of {} is larger than {} bytes.", url_, limit_),
                  "Ask for less.");
    return fail(Kind::remote, fmt::format("The answer of {} is not valid HTTP.", url_),
                "Check that it is an HTTP server.");
  }

  void keep() {
    if (!attempt_.stream) return;
    if (attempt_.parser->keep_alive() && attempt_.parser->take_rest().empty() && !pool_key_.empty())
      core_->pool.put(pool_key_, std::move(attempt_.stream));
    attempt_.stream.reset();
  }

  std::shared_ptr<ClientCore> core_;
  Attempt attempt_;
  std::string pool_key_;
  std::string url_;
  std::int64_t first_ms_;
  std::int64_t idle_ms_;
  std::size_t limit_;
  bool any_body_ = false;
  std::size_t drained_ = 0;
  std::optional<Error> problem_;
};

Task<> read_head(std::shared_ptr<Attempt> attempt, MessageParser::Message kind, std::uint64_t body_limit,
                 std::string url) {
  std::string rest;
  for (int interim = 0; interim <= kInterimAnswers; ++interim) {
    attempt->parser = std::make_unique<MessageParser>(kind, kHeadBytes, body_limit);
    Result<> fed = attempt->parser->feed(rest);
    while (fed && !attempt->parser->head_done()) {
      auto bytes = co_await attempt->stream->read();
      if (!bytes) co_return std::unexpected(bytes.error());
      if (bytes->empty())
        co_return fail(Kind::transient, fmt::format("{} closed the connection without an answer.", url), "Try again.");
      attempt->any_byte = true;
      fed = attempt->parser->feed(*bytes);
    }
    if (!fed && fed.error().code == "413")
      co_return fail(Kind::remote, fmt::format("The answer of {} is larger than {} bytes.", url, body_limit),
                     "Ask for less.", "413");
    if (!fed)
      co_return fail(Kind::remote, fmt::format("What {} answered is not HTTP.", url),
                     "Check the address and its port.");
    attempt->head = attempt->parser->take_response();
    if (attempt->head.status >= 200 || attempt->head.status == 101) co_return attempt->parser->read_body();
    rest = attempt->parser->take_rest();
  }
  co_return fail(Kind::remote, fmt::format("{} never comes to an answer.", url), "Check the address and its port.");
}

Task<> send_and_read_head(std::shared_ptr<Attempt> attempt, Outbound request, std::string head) {
  attempt->deadline->arm(request.first_byte_timeout_ms);
  const Deadline::Step step(attempt->deadline, [raw = attempt->stream.get()] { raw->cancel(); });
  std::vector<std::string_view> parts{head, request.body};
  auto written = co_await attempt->stream->write(std::move(parts));
  // A server may refuse a long body before it has read it: its answer says more than the failed write.
  Result<> answered = written;
  if (written || (written.error().kind == Kind::transient && !attempt->reused)) {
    const auto kind =
        request.method == "HEAD" ? MessageParser::Message::response_without_body : MessageParser::Message::response;
    answered = co_await read_head(attempt, kind, request.body_limit, request.url);
    if (!answered && !written && !attempt->any_byte) answered = written;
  }
  const bool late = attempt->deadline->expired();
  attempt->deadline->disarm();
  if (late)
    co_return fail(Kind::timeout,
                   fmt::format("{} did not answer within {} s.", request.url, request.first_byte_timeout_ms / 1000),
                   "Check that it is not overloaded, and try again.");
  co_return answered;
}

Task<> dial(std::shared_ptr<ClientCore> core, std::shared_ptr<Attempt> attempt, Destination destination,
            std::int64_t timeout_ms) {
  attempt->deadline->arm(timeout_ms);
  auto stream = co_await connect_stream(std::move(destination), core->tls, attempt->deadline);
  attempt->deadline->disarm();
  if (!stream) co_return not_sent(std::move(stream).error());
  attempt->stream = std::move(*stream);
  co_return Result<>{};
}

// May the request be sent again after it failed on a connection that was kept for reuse?
bool may_retry(const Attempt& attempt, const Error& error) {
  return attempt.reused && !attempt.any_byte && error.kind == Kind::transient;
}

Task<std::shared_ptr<StreamedResponse>> open_once(std::shared_ptr<ClientCore> core, Outbound request, Url url) {
  CO_TRY(const auto destination, destination_of(*core, request, url));
  CO_TRY_VOID(check_destination(destination));
  const auto key =
      fmt::format("{} {} {} {}", url.scheme, host_and_port(url.host, url.port), static_cast<int>(request.egress),
                  destination.proxy ? host_and_port(destination.proxy->host, destination.proxy->port) : "");
  CO_TRY(const auto head, outbound_head(request, destination, core->user_agent));
  for (bool fresh = false;; fresh = true) {
    const auto attempt = std::make_shared<Attempt>();
    attempt->deadline = std::make_shared<Deadline>(core->executor);
    if (!fresh) attempt->stream = core->pool.take(key);
    attempt->reused = attempt->stream != nullptr;
    if (!attempt->reused) CO_TRY_VOID(co_await dial(core, attempt, destination, request.connect_timeout_ms));
    auto answered = co_await send_and_read_head(attempt, request, head);
    if (answered && attempt->head.status == 407 && destination.proxy)
      co_return not_sent(proxy_wants_credentials(destination));
    if (answered) {
      request.body = {};
      std::shared_ptr<StreamedResponse> response =
          std::make_shared<BodyStream>(core, std::move(*attempt), key, request);
      co_return response;
    }
    CO_TRY_VOID(co_await async::check_cancelled());
    if (!request.repeatable || !may_retry(*attempt, answered.error())) co_return std::unexpected(answered.error());
  }
}

Task<std::shared_ptr<StreamedResponse>> open_following(std::shared_ptr<ClientCore> core, Outbound request) {
  CO_TRY(auto url, parse_url(request.url));
  if (url.scheme == "ws" || url.scheme == "wss")
    co_return fail(Kind::invalid, "A WebSocket address was used for an HTTP request.", "Use http:// or https://.");
  for (int left = request.redirects;; --left) {
    CO_TRY(auto response, co_await open_once(core, request, url));
    const auto location = response->headers().find("Location");
    const int status = response->status();
    const bool redirect = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    if (!redirect || !location || request.redirects == 0) co_return response;
    if (left <= 0)
      co_return fail(Kind::remote, fmt::format("{} redirects more than {} times.", request.url, request.redirects),
                     "Use the address at the end of the chain.");
    CO_TRY(request.url, resolve_url(url, *location));
    CO_TRY(auto next, parse_url(request.url));
    CO_TRY_VOID(prepare_redirect(request, url, next, status));
    url = std::move(next);
  }
}

Task<Response> fetch_whole(std::shared_ptr<ClientCore> core, Outbound request) {
  const auto limit = request.body_limit;
  CO_TRY(auto opened, co_await open_following(std::move(core), std::move(request)));
  Response response{opened->status(), opened->headers(), {}};
  while (true) {
    CO_TRY(auto piece, co_await opened->next());
    if (!piece) co_return response;
    if (response.body.size() + piece->size() > limit)
      co_return fail(Kind::remote, fmt::format("The answer of {} is larger than {} bytes.", opened->final_url(), limit),
                     "Ask for less.");
    response.body += *piece;
  }
}

std::string websocket_key() {
  std::array<std::uint8_t, 16> bytes{};
  SystemRandom random;
  random.fill(bytes);
  return to_base64(bytes);
}

Task<std::shared_ptr<WebSocket>> open_websocket(std::shared_ptr<ClientCore> core, Outbound request) {
  CO_TRY(auto url, parse_url(request.url));
  if (url.scheme == "http" || url.scheme == "https") url.scheme = url.tls() ? "wss" : "ws";
  CO_TRY(const auto destination, destination_of(*core, request, url));
  const auto key = websocket_key();
  request.method = "GET";
  request.body = {};
  request.headers.set("Upgrade", "websocket");
  request.headers.set("Connection", "Upgrade");
  request.headers.set("Sec-WebSocket-Version", "13");
  request.headers.set("Sec-WebSocket-Key", key);
  CO_TRY(const auto head, outbound_head(request, destination, core->user_agent));
  const auto attempt = std::make_shared<Attempt>();
  attempt->deadline = std::make_shared<Deadline>(core->executor);
  CO_TRY_VOID(co_await dial(core, attempt, destination, request.connect_timeout_ms));
  request.first_byte_timeout_ms = std::min(request.first_byte_timeout_ms, request.connect_timeout_ms);
  CO_TRY_VOID(co_await send_and_read_head(attempt, request, head));
  const auto& headers = attempt->head.headers;
  if (attempt->head.status != 101)
    co_return fail(Kind::remote,
                   fmt::format("{} refused the WebSocket with status {}.", request.url, attempt->head.status),
                   "Check the address and the credentials.", std::to_string(attempt->head.status));
  if (headers.find("Sec-WebSocket-Accept").value_or("") != websocket_accept(key) ||
      !headers.has_token("Upgrade", "websocket"))
    co_return fail(Kind::remote, fmt::format("{} did not answer the WebSocket handshake correctly.", request.url),
                   "Check that the address is a WebSocket server.");
  auto rest = attempt->parser->take_rest();
  co_return make_websocket(std::move(attempt->stream), WebSocketRole::client, request.body_limit, std::move(rest),
                           nullptr, kSilenceMs);
}

class PooledClient final : public HttpClient {
public:
  PooledClient(async::Executor executor, ClientConfig config)
      : core_(std::make_shared<ClientCore>(executor, std::move(config))) {}
  Task<std::shared_ptr<StreamedResponse>> open(Outbound request) override {
    return open_following(core_, std::move(request));
  }
  Task<Response> fetch(Outbound request) override { return fetch_whole(core_, std::move(request)); }
  Task<std::shared_ptr<WebSocket>> connect_websocket(Outbound request) override {
    return open_websocket(core_, std::move(request));
  }

private:
  std::shared_ptr<ClientCore> core_;
};

std::string environment(const char* upper, const char* lower) {
  for (const char* name : {lower, upper})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return {};
}

} // namespace

std::unique_ptr<HttpClient> make_http_client(async::Executor executor, ClientConfig config) {
  return std::make_unique<PooledClient>(executor, std::move(config));
}

ClientConfig client_config_from_environment() {
  ClientConfig config;
  config.https_proxy = environment("HTTPS_PROXY", "https_proxy");
  config.http_proxy = environment("HTTP_PROXY", "http_proxy");
  config.no_proxy = environment("NO_PROXY", "no_proxy");
  config.ca_file = environment("SSL_CERT_FILE", "SSL_CERT_FILE");
  return config;
}

} // namespace openclaw::net
