// Updates that come by webhook, handed from the requests to the account's own coroutine: a request is answered when its
// update is on disk. Requests hold this inbox and nothing else of the channel, which may end before they do.
#pragma once
#include "async/event.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace openclaw::extensions::telegram {

class WebhookInbox {
public:
  struct Item {
    json::value update;
    std::optional<Result<>> outcome;
  };
  using Batch = std::vector<std::shared_ptr<Item>>;
  // Ends the requests that still wait, so that Telegram delivers them again.
  struct Closer {
    WebhookInbox& inbox;
    ~Closer() { inbox.close(); }
  };

  WebhookInbox(async::Executor executor, Secret secret)
      : secret_(std::move(secret)), waiting_(executor, kMostWaiting), finished_(executor) {}

  // Answers one request; the secret is judged before anything else.
  static Task<net::Response> answer(std::shared_ptr<WebhookInbox> inbox, net::Request request, std::string body);
  // At least one update, and those that came with it.
  Task<Batch> next();
  void add_waiting(Batch& batch);
  void finish(const Batch& batch, const Result<>& outcome);

private:
  static constexpr std::size_t kMostWaiting = 1000;
  void close();

  Secret secret_;
  async::Queue<std::shared_ptr<Item>> waiting_;
  async::Event finished_;
  bool closed_ = false;
};

} // namespace openclaw::extensions::telegram
