#include "extensions/channels/slack/socket_mode.hpp"

#include "base/text.hpp"
#include "ports/unreachable.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

constexpr std::size_t kLargestFrame = 4 * 1024 * 1024;
constexpr std::size_t kMostFrames = 64;
constexpr std::size_t kMostWaiting = 256; // envelopes that are not on disk yet
constexpr std::int64_t kHelloMs = 15'000;
constexpr std::int64_t kShortestLifeMs = 10'000; // a socket that shall go sooner is not replaced at once

} // namespace

std::string lane_of(const Envelope& envelope) {
  if (const auto* event = find(envelope.payload, "event")) {
    if (auto channel = string_or(*event, "channel"); !channel.empty()) return channel;
    if (const auto* item = find(*event, "item")) return string_or(*item, "channel");
  }
  return string_or(envelope.payload, "channel_id");
}

SocketMode::SocketMode(async::Executor executor, async::Time& time, net::HttpClient& http, WebApi& api,
                       Secret app_token, Listener listener)
    : time_(time), http_(http), api_(api), app_token_(std::move(app_token)), listener_(std::move(listener)),
      scope_(executor), frames_(executor, kMostFrames), room_(executor) {}

Task<> SocketMode::run() {
  auto ended = co_await listen();
  if (current_) current_->close(1000, "");
  // The children refer to this object and to the host.
  scope_.cancel();
  CO_TRY_VOID(co_await scope_.join());
  CO_TRY_VOID(co_await async::check_cancelled());
  co_return ended;
}

Task<> SocketMode::listen() {
  scope_.spawn("slack socket", read(++newest_));
  while (true) {
    CO_TRY(auto frame, co_await frames_.pop());
    if (failure_) co_return std::unexpected(*failure_);
    if (!frame) co_return fail(Kind::transient, "The connection to Slack ended.");
    if (frame->ended) {
      // The end of a socket that was replaced is no news.
      if (frame->socket != newest_) continue;
      co_return std::unexpected(*frame->ended);
    }
    auto taken = std::move(*frame);
    CO_TRY_VOID(co_await handle(std::move(taken)));
  }
}

Task<std::shared_ptr<net::WebSocket>> SocketMode::open() {
  json::object none;
  CO_TRY(const auto answer, co_await api_.call_as(app_token_, "apps.connections.open", std::move(none)));
  if (answer.problem) co_return std::unexpected(refusal(answer, "appToken"));
  net::Outbound request("GET", string_or(answer.body, "url"));
  request.body_limit = kLargestFrame;
  auto socket = co_await http_.connect_websocket(std::move(request));
  if (socket || socket.error().kind == Kind::cancelled) co_return socket;
  // The address holds a ticket.
  co_return std::unexpected(ports::unreachable(socket.error(), "Slack's event socket", "the proxy, if there is one"));
}

Task<> SocketMode::read(int number) {
  Frame last;
  last.socket = number;
  auto socket = co_await open();
  if (socket) {
    const auto deadline = scope_.spawn("slack hello", expect_hello(number, *socket));
    while (true) {
      auto text = co_await (*socket)->read();
      if (!text) break;
      Frame frame{number, *socket, std::move(*text), std::nullopt};
      CO_TRY_VOID(co_await frames_.push(std::move(frame)));
    }
    deadline.cancel();
  } else {
    last.ended = socket.error();
  }
  CO_TRY_VOID(co_await async::check_cancelled());
  if (!last.ended) last.ended = Error{Kind::transient, "The connection to Slack ended.", "It is made again.", {}};
  co_return co_await frames_.push(std::move(last));
}

Task<> SocketMode::expect_hello(int number, std::shared_ptr<net::WebSocket> via) {
  CO_TRY_VOID(co_await time_.sleep_ms(kHelloMs));
  if (current_number_ < number) via->close(1000, "no hello");
  co_return Result<>{};
}

Task<> SocketMode::handle(Frame frame) {
  listener_.alive();
  const auto parsed = parse_json(frame.text, "frame of Slack");
  if (!parsed || !parsed->is_object()) {
    if (!complained_) listener_.warn("Slack sent something that is no frame of Socket Mode.");
    complained_ = true;
    co_return Result<>{};
  }
  const auto type = string_or(*parsed, "type");
  if (type == "hello") {
    if (current_ && current_ != frame.via) current_->close(1000, "");
    if (!current_) scope_.spawn("slack catch-up", catch_up());
    current_ = frame.via;
    current_number_ = frame.socket;
    greeted_ms_ = time_.monotonic_ms();
    listener_.connected();
    co_return Result<>{};
  }
  if (type == "disconnect") {
    const auto reason = string_or(*parsed, "reason");
    if (reason == "link_disabled")
      co_return fail(Kind::denied, "Socket Mode is turned off for this Slack app.",
                     "Turn it on at https://api.slack.com/apps, or set channels.slack.mode to http.");
    if (frame.socket != newest_) co_return Result<>{};
    if (time_.monotonic_ms() - greeted_ms_ < kShortestLifeMs && newest_ > 1)
      co_return fail(Kind::transient, fmt::format("Slack ends each connection at once ({}).", printable(reason, 60)));
    // The new one is open before the old one goes; until then events come by the old one.
    scope_.spawn("slack socket", read(++newest_));
    co_return Result<>{};
  }
  Envelope envelope{string_or(*parsed, "envelope_id"), type, json::value()};
  if (envelope.id.empty()) co_return Result<>{};
  if (const auto* payload = find(*parsed, "payload")) envelope.payload = *payload;
  co_return co_await dispatch(frame.via, std::move(envelope));
}

Task<> SocketMode::dispatch(std::shared_ptr<net::WebSocket> via, Envelope envelope) {
  while (waiting_ >= kMostWaiting && !failure_)
    CO_TRY_VOID(co_await room_.wait());
  auto name = lane_of(envelope);
  auto& lane = lanes_[name];
  lane.push_back({std::move(via), std::move(envelope)});
  ++waiting_;
  if (lane.size() == 1) scope_.spawn("slack events", work(std::move(name)));
  co_return Result<>{};
}

void SocketMode::end_with(Error error) {
  if (!failure_) failure_ = std::move(error);
  if (failure_->kind == Kind::cancelled) failure_->kind = Kind::transient;
  frames_.close();
}

Task<> SocketMode::catch_up() {
  auto done = co_await listener_.catch_up();
  CO_TRY_VOID(co_await async::check_cancelled());
  if (!done) end_with(done.error());
  co_return Result<>{};
}

Task<> SocketMode::work(std::string name) {
  auto& lane = lanes_[name];
  while (!lane.empty()) {
    auto envelope = lane.front().envelope;
    auto taken = co_await listener_.take(std::move(envelope));
    const auto done = std::move(lane.front());
    lane.pop_front();
    --waiting_;
    room_.notify();
    if (!taken) {
      CO_TRY_VOID(co_await async::check_cancelled());
      end_with(taken.error());
      co_return Result<>{};
    }
    json::object acknowledgement{{"envelope_id", done.envelope.id}};
    done.via->send(std::make_shared<const std::string>(to_text(acknowledgement)));
  }
  lanes_.erase(name);
  co_return Result<>{};
}

} // namespace openclaw::extensions::slack
