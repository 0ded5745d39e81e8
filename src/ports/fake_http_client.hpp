// An HTTP client for tests: answers are scripted by URL, requests are kept. It opens no connection.
#pragma once
#include "net/http_client.hpp"
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace openclaw::ports {

struct FakeAnswer {
  int status = 200;
  net::Headers headers;
  std::vector<std::string> pieces; // of the body
  bool breaks = false;             // the connection breaks behind the last piece
};

class FakeHttpClient final : public net::HttpClient {
public:
  // The answers to a URL, in their order; the last one stays. Any other URL refuses the connection.
  void answer(const std::string& url, FakeAnswer answer) { answers_[url].push_back(std::move(answer)); }
  std::vector<net::Outbound> requests;

  Task<std::shared_ptr<net::StreamedResponse>> open(net::Outbound request) override {
    auto answer = next(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    co_return std::make_shared<Streamed>(std::move(*answer));
  }
  Task<net::Response> fetch(net::Outbound request) override {
    auto answer = next(std::move(request));
    if (!answer) co_return std::unexpected(answer.error());
    net::Response response{answer->status, answer->headers, {}};
    for (const auto& piece : answer->pieces)
      response.body += piece;
    co_return response;
  }
  Task<std::shared_ptr<net::WebSocket>> connect_websocket(net::Outbound) override {
    co_return fail(Kind::invalid, "This client has no WebSockets.");
  }

private:
  class Streamed final : public net::StreamedResponse {
  public:
    explicit Streamed(FakeAnswer answer) : answer_(std::move(answer)) {}
    int status() const override { return answer_.status; }
    const net::Headers& headers() const override { return answer_.headers; }
    Task<std::optional<std::string>> next() override {
      if (at_ < answer_.pieces.size()) co_return std::optional<std::string>(answer_.pieces[at_++]);
      if (answer_.breaks) co_return fail(Kind::transient, "The connection broke.");
      co_return std::optional<std::string>{};
    }
    const std::string& final_url() const override { return url_; }

  private:
    FakeAnswer answer_;
    std::size_t at_ = 0;
    std::string url_;
  };

  Result<FakeAnswer> next(net::Outbound request) {
    requests.push_back(std::move(request));
    const auto found = answers_.find(requests.back().url);
    if (found == answers_.end()) return fail(Kind::transient, "Connecting failed: Connection refused.");
    auto& queue = found->second;
    auto answer = queue.front();
    if (queue.size() > 1) queue.pop_front();
    return answer;
  }
  std::map<std::string, std::deque<FakeAnswer>> answers_;
};

} // namespace openclaw::ports
