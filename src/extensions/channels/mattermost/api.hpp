// Mattermost's REST API, version 4, as calls: https://api.mattermost.com
#pragma once
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>

namespace openclaw::extensions::mattermost {

// A call's outcome: what came, or why not.
struct Answer {
  json::value body;
  std::optional<ports::SendProblem> problem;
  int status = 0;
};

class Api {
public:
  Api(net::HttpClient& http, std::string base, Secret token)
      : http_(http), base_(std::move(base)), token_(std::move(token)) {}

  // `path` below /api/v4. An error only when cancelled; everything else is a problem in the answer.
  Task<Answer> call(std::string method, std::string path, json::value body = {}, bool repeatable = true);
  Task<Answer> upload(std::string channel_id, ports::OutgoingFile file);
  Task<std::string> download(std::string file_id, std::size_t limit);
  Task<std::shared_ptr<net::WebSocket>> open_events();

private:
  net::Outbound request(std::string method, std::string_view path) const;
  Task<Answer> exchange(net::Outbound request);
  net::HttpClient& http_;
  std::string base_;
  Secret token_;
};

// What a person must do about an answer that refuses our token.
Error refusal(const Answer& answer);

} // namespace openclaw::extensions::mattermost
