// Socket Mode: one WebSocket that Slack's events come by, replaced without a gap when Slack asks for it. Envelopes of a
// chat are taken one after the other, those of different chats side by side, and each is acknowledged once it is taken.
#pragma once
#include "async/event.hpp"
#include "async/scope.hpp"
#include "async/time.hpp"
#include "base/json.hpp"
#include "extensions/channels/slack/web_api.hpp"
#include "net/websocket.hpp"
#include <deque>
#include <functional>
#include <map>
#include <memory>

namespace openclaw::extensions::slack {

struct Envelope {
  std::string id;
  std::string type; // events_api, slash_commands, interactive
  json::value payload;
};
// The chat that an envelope is about: order is kept within it.
std::string lane_of(const Envelope& envelope);

// One life of the connection: made for one run().
class SocketMode {
public:
  struct Listener {
    std::function<Task<>(Envelope)> take; // done: it is on disk. An error ends the connection, unacknowledged
    std::function<void()> connected;
    std::function<Task<>()> catch_up; // once, beside the events. An error ends the connection
    std::function<void()> alive;
    std::function<void(std::string)> warn;
  };
  SocketMode(async::Executor executor, async::Time& time, net::HttpClient& http, WebApi& api, Secret app_token,
             Listener listener);

  // Until the connection breaks, which is an error, or the task is cancelled.
  Task<> run();

private:
  struct Frame {
    int socket = 0;
    std::shared_ptr<net::WebSocket> via;
    std::string text;
    std::optional<Error> ended;
  };
  struct Waiting {
    std::shared_ptr<net::WebSocket> via;
    Envelope envelope;
  };
  Task<> listen();
  Task<> read(int socket);
  Task<std::shared_ptr<net::WebSocket>> open();
  Task<> expect_hello(int socket, std::shared_ptr<net::WebSocket> via);
  Task<> handle(Frame frame);
  Task<> dispatch(std::shared_ptr<net::WebSocket> via, Envelope envelope);
  Task<> work(std::string lane);
  Task<> catch_up();
  void end_with(Error error);

  async::Time& time_;
  net::HttpClient& http_;
  WebApi& api_;
  Secret app_token_;
  Listener listener_;
  async::Scope scope_;
  async::Queue<Frame> frames_;
  async::Event room_;
  std::map<std::string, std::deque<Waiting>> lanes_;
  std::size_t waiting_ = 0;
  std::optional<Error> failure_;
  std::shared_ptr<net::WebSocket> current_;
  int current_number_ = 0; // of the socket that said hello last
  int newest_ = 0;         // of the socket that was opened last
  std::int64_t greeted_ms_ = 0;
  bool complained_ = false;
};

} // namespace openclaw::extensions::slack
