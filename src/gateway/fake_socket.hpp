// For tests: a WebSocket whose other end is the test. What the gateway sends is parsed and kept.
#pragma once
#include "async/event.hpp"
#include "base/json.hpp"
#include "net/websocket.hpp"
#include <string>
#include <vector>

namespace openclaw::gateway::testing {

class FakeSocket final : public net::WebSocket {
public:
  explicit FakeSocket(async::Executor executor) : incoming_(executor, 100'000) {}

  Task<std::string> read() override {
    auto text = co_await incoming_.pop();
    if (!text) co_return std::unexpected(text.error());
    if (!*text) co_return fail(Kind::cancelled, "The WebSocket is closed.");
    if ((*text)->size() > read_limit) {
      close(1009, "too big");
      co_return fail(Kind::invalid, "The message is too big.");
    }
    co_return std::move(**text);
  }
  void send(std::shared_ptr<const std::string> message) override {
    if (close_code != 0) return;
    auto parsed = parse_json(*message, "sent frame");
    sent.push_back(parsed ? std::move(*parsed) : json::value("not JSON"));
  }
  std::size_t buffered_bytes() const override { return buffered; }
  void close(int code, std::string reason) override {
    if (close_code != 0) return;
    close_code = code;
    close_reason = std::move(reason);
    incoming_.close();
  }
  void set_read_limit(std::size_t bytes) override { read_limit = bytes; }

  void receive(std::string text) { incoming_.try_push(std::move(text)); }
  void receive(const json::object& frame) { receive(to_text(frame)); }
  void hang_up() { incoming_.close(); }

  std::vector<json::value> events(std::string_view name) const {
    std::vector<json::value> found;
    for (const auto& frame : sent)
      if (string_or(frame, "event") == name) found.push_back(frame);
    return found;
  }
  // The answers to one request, in order.
  std::vector<json::value> answers(std::string_view id) const {
    std::vector<json::value> found;
    for (const auto& frame : sent)
      if (string_or(frame, "type") == "res" && string_or(frame, "id") == id) found.push_back(frame);
    return found;
  }

  std::vector<json::value> sent;
  int close_code = 0;
  std::string close_reason;
  std::size_t buffered = 0;
  std::size_t read_limit = 64 * 1024;

private:
  async::Queue<std::string> incoming_;
};

} // namespace openclaw::gateway::testing
