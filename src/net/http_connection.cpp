#include "net/http_connection.hpp"

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <chrono>
#include <fmt/core.h>

namespace openclaw::net {
namespace {

constexpr std::int64_t kWriteStallMs = 30'000;
constexpr std::size_t kWritePiece = 256 * 1024;
constexpr std::int64_t kLingerMs = 1000;
constexpr std::size_t kLingerBytes = 512 * 1024;

class Slot {
public:
  explicit Slot(std::shared_ptr<ServerCore> core) : core_(std::move(core)) { ++core_->connections; }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { --core_->connections; }

private:
  std::shared_ptr<ServerCore> core_;
};

bool framing_field(std::string_view name) {
  const auto lower = lowercase_ascii(name);
  return lower == "content-length" || lower == "transfer-encoding" || lower == "connection" || lower == "upgrade" ||
         lower == "keep-alive";
}

// Line breaks in a field would let its writer invent fields.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  const auto clean = [&](std::string_view text) {
    for (const char letter : text)
      if (static_cast<unsigned char>(letter) >= 0x20 || letter == '\t') out += letter;
  };
  clean(name);
  out += ": ";
  clean(value);
  out += "\r\n";
}

bool body_allowed(int status) {
  return status >= 200 && status != 204 && status != 304;
}

} // namespace

Response error_response(int status, const std::string& message, const std::string& hint) {
  json::object error;
  error["message"] = message;
  error["hint"] = hint;
  json::object whole;
  whole["error"] = std::move(error);
  Response response;
  response.status = status;
  response.headers.set("Content-Type", "application/json");
  response.body = json::serialize(whole);
  return response;
}

void ServerCore::close_idle() {
  for (auto* connection : idle)
    connection->stop_waiting();
}

bool ServerCore::make_room() {
  if (connections < limits.connections) return true;
  if (!idle.empty()) {
    auto* spared = *idle.begin();
    idle.erase(idle.begin());
    spared->stop_waiting();
    say_crowded("");
    return true;
  }
  if (unanswered.empty()) return false;
  give_up_oldest("");
  return true;
}

// Whoever means it sends its request at once, so the one that has been silent longest is missed least.
void ServerCore::give_up_oldest(const std::string& address) {
  const auto oldest = std::find_if(unanswered.begin(), unanswered.end(), [&](const Connection* connection) {
    return address.empty() || connection->peer_.address == address;
  });
  if (oldest == unanswered.end()) return;
  auto* given_up = *oldest;
  given_up->answered_first();
  given_up->stop_waiting();
  say_crowded(address);
}

void ServerCore::say_crowded(const std::string& address) {
  const auto now =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  if (now - crowded_ms < kCrowdedPauseMs) return;
  crowded_ms = now;
  log::warn("net", "There are too many connections: those that send nothing are closed to make room.",
            {{"address", address.empty() ? "all" : address}, {"connections", std::to_string(connections)}});
}

Connection::Connection(std::shared_ptr<ServerCore> core, std::unique_ptr<Stream> stream, Peer peer)
    : core_(std::move(core)), stream_(std::move(stream)), peer_(std::move(peer)), timer_(core_->executor),
      slot_(std::make_shared<Slot>(core_)) {
  place_ = core_->unanswered.insert(core_->unanswered.end(), this);
  if (++core_->unanswered_counts[peer_.address] > core_->limits.unanswered_per_address)
    core_->give_up_oldest(peer_.address);
}

Connection::~Connection() {
  answered_first();
  core_->idle.erase(this);
}

void Connection::arm(std::int64_t milliseconds) {
  expired_ = false;
  timer_.expires_after(std::chrono::milliseconds(milliseconds));
  timer_.async_wait([weak = weak_from_this(), armed = ++armed_](Stream::Code code) {
    if (code) return;
    const auto self = weak.lock();
    if (!self || self->armed_ != armed || !self->stream_) return;
    self->expired_ = true;
    self->stream_->cancel();
  });
}

void Connection::disarm() {
  ++armed_;
  timer_.cancel();
}

void Connection::answered_first() {
  if (!owes_first_) return;
  owes_first_ = false;
  core_->unanswered.erase(place_);
  const auto count = core_->unanswered_counts.find(peer_.address);
  if (count != core_->unanswered_counts.end() && --count->second == 0) core_->unanswered_counts.erase(count);
}

void Connection::stop_waiting() {
  if (stream_) stream_->cancel();
}

Task<> Connection::write(std::vector<std::string_view> parts) {
  arm(kWriteStallMs);
  auto written = co_await stream_->write(std::move(parts));
  const bool stalled = expired_;
  disarm();
  if (written) co_return written;
  keep_alive_ = false;
  if (stalled) co_return fail(Kind::timeout, "The peer stopped reading the answer.");
  co_return written;
}

Task<> Connection::write_whole(std::string head, std::string body) {
  const std::string_view all = body;
  std::vector<std::string_view> parts{head, all.substr(0, kWritePiece)};
  CO_TRY_VOID(co_await write(std::move(parts)));
  for (std::size_t at = kWritePiece; at < all.size(); at += kWritePiece) {
    std::vector<std::string_view> more{all.substr(at, kWritePiece)};
    CO_TRY_VOID(co_await write(std::move(more)));
  }
  co_return Result<>{};
}

Task<> Connection::write_head(int status, Headers headers, std::optional<std::size_t> length, bool chunked,
                              std::string body) {
  // What is left of an unread body would be taken for the next request.
  if (core_->stopping || (parser_ && !parser_->done()) || (chunked && http_1_0_)) keep_alive_ = false;
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_phrase(status));
  for (const auto& [name, value] : headers)
    if (!framing_field(name) || (head_request_ && lowercase_ascii(name) == "content-length"))
      append_field(head, name, value);
  const bool own_length = head_request_ && headers.find("Content-Length").has_value();
  if (length && body_allowed(status) && !own_length) head += fmt::format("Content-Length: {}\r\n", *length);
  if (chunked && !http_1_0_) head += "Transfer-Encoding: chunked\r\n";
  if (!keep_alive_)
    head += "Connection: close\r\n";
  else if (http_1_0_)
    head += "Connection: keep-alive\r\n";
  head += "\r\n";
  if (head_request_ || !body_allowed(status)) body.clear();
  co_return co_await write_whole(std::move(head), std::move(body));
}

Task<bool> Connection::read_head(bool first) {
  const auto& limits = core_->limits;
  parser_ = std::make_unique<MessageParser>(MessageParser::Message::request, limits.header_bytes, limits.body_bytes);
  answer_ = Answer::none;
  keep_alive_ = head_request_ = http_1_0_ = expects_continue_ = false;
  Result<> fed = parser_->feed(std::exchange(rest_, {}));
  bool waiting_for_next = !first && !parser_->started();
  if (waiting_for_next) {
    core_->idle.insert(this);
    parser_.reset();
  }
  arm(waiting_for_next ? limits.keep_alive_ms : limits.header_deadline_ms);
  bool timed_out = false;
  while (fed && !(parser_ && parser_->head_done())) {
    if (waiting_for_next && core_->stopping) break;
    auto bytes = co_await stream_->read();
    timed_out = expired_;
    if (timed_out || !bytes || bytes->empty()) break;
    if (waiting_for_next) {
      waiting_for_next = false;
      core_->idle.erase(this);
      parser_ =
          std::make_unique<MessageParser>(MessageParser::Message::request, limits.header_bytes, limits.body_bytes);
      fed = parser_->feed(*bytes);
      arm(limits.header_deadline_ms);
    } else {
      fed = parser_->feed(*bytes);
    }
  }
  disarm();
  core_->idle.erase(this);
  if (fed && parser_ && parser_->head_done()) {
    answered_first();
    co_return true;
  }
  if (!fed || (timed_out && parser_ && parser_->started())) {
    const bool late = fed.has_value();
    const auto status = late ? 408 : std::stoi(fed.error().code);
    const auto seconds = limits.header_deadline_ms / 1000;
    const auto message =
        late ? fmt::format("The request's head did not arrive within {} s.", seconds) : fed.error().message;
    const auto hint = late ? std::string("Send the whole head at once.") : fed.error().hint;
    auto response = error_response(status, message, hint);
    const auto length = response.body.size();
    CO_TRY_VOID(co_await write_head(status, std::move(response.headers), length, false, std::move(response.body)));
    CO_TRY_VOID(co_await linger());
  }
  co_return false;
}

Task<std::string> Connection::read_body() {
  if (!parser_) co_return fail(Kind::bug, "The body was asked for after the answer.");
  auto fed = parser_->read_body();
  if (fed && !parser_->done() && std::exchange(expects_continue_, false)) {
    std::vector<std::string_view> parts{"HTTP/1.1 100 Continue\r\n\r\n"};
    CO_TRY_VOID(co_await write(std::move(parts)));
  }
  arm(core_->limits.body_deadline_ms);
  while (fed && !parser_->done()) {
    auto bytes = co_await stream_->read();
    if (expired_ || !bytes || bytes->empty()) {
      const bool late = expired_;
      disarm();
      keep_alive_ = false;
      if (late)
        co_return fail(
            Kind::timeout,
            fmt::format("The request's body did not arrive within {} s.", core_->limits.body_deadline_ms / 1000),
            "Send it faster, or in smaller parts.", "408");
      if (!bytes) co_return std::unexpected(bytes.error());
      co_return fail(Kind::transient, "The peer closed the connection before the end of the body.", "", "400");
    }
    fed = parser_->feed(*bytes);
  }
  disarm();
  if (!fed) {
    keep_alive_ = false;
    co_return std::unexpected(fed.error());
  }
  co_return parser_->take_body();
}

// Closing with unread bytes would reset the connection and destroy the answer on its way: read a little first.
Task<> Connection::linger() {
  stream_->finish_sending();
  arm(kLingerMs);
  std::size_t seen = 0;
  while (!expired_ && seen < kLingerBytes) {
    auto bytes = co_await stream_->read();
    if (!bytes || bytes->empty()) break;
    seen += bytes->size();
  }
  disarm();
  co_return Result<>{};
}

} // namespace openclaw::net
