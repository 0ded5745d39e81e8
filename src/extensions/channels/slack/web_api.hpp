// Slack's Web API as calls: https://docs.slack.dev/apis/web-api. Everything is sent as a form, which all methods read;
// nested values stand in it as JSON.
#pragma once
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/egress.hpp"
#include "net/http_client.hpp"
#include "ports/channel.hpp"
#include <string>

namespace openclaw::extensions::slack {

// A call's outcome: the body, or what Slack said.
struct ApiAnswer {
  json::value body;
  std::optional<ports::SendProblem> problem;
  std::string error; // Slack's own word: "channel_not_found"
};

// Pure: the answer of a method, judged.
ApiAnswer read_answer(const net::Response& response);
// What a person must do about an answer that refuses a token or a right; `key` is the setting that holds the token.
Error refusal(const ApiAnswer& answer, std::string_view key);

class WebApi {
public:
  // `root` ends with a slash: https://slack.com/api/.
  WebApi(net::HttpClient& http, std::string root, Secret bot_token)
      : http_(http), root_(std::move(root)), bot_token_(std::move(bot_token)) {}

  // An error only when cancelled; everything else is a problem in the answer.
  Task<ApiAnswer> call(std::string method, json::object parameters, std::int64_t timeout_ms = 20'000) {
    return call_as(bot_token_, std::move(method), std::move(parameters), timeout_ms);
  }
  Task<ApiAnswer> call_as(Secret token, std::string method, json::object parameters, std::int64_t timeout_ms = 20'000);
  // To an address that Slack gave: an upload's bytes, an answer to a command. Kind::denied when it is not one of
  // Slack's.
  Task<net::Response> post_to(std::string url, std::string content_type, std::string body);
  // A private file. The token goes to Slack's own hosts and to no other.
  Task<net::Response> download(std::string url, std::size_t limit);

private:
  Result<net::Outbound> to_slack(std::string method, std::string url) const;
  net::HttpClient& http_;
  std::string root_;
  Secret bot_token_;
};

// Whether an address that came in an event or an answer is one of Slack's: its own hosts by https, or the origin of
// `root` (a server that stands in for Slack).
bool is_slack_address(std::string_view url, std::string_view root);

} // namespace openclaw::extensions::slack
