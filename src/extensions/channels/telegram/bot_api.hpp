// The Telegram Bot API as calls: https://core.telegram.org/bots/api. The token is part of the address, so addresses
// never appear in messages.
#pragma once
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "ports/channel.hpp"
#include <string>

namespace openclaw::extensions::telegram {

// A call's outcome: the result, or what Telegram said.
struct ApiAnswer {
  json::value result;
  std::optional<ports::SendProblem> problem;
  int error_code = 0;
};

class BotApi {
public:
  BotApi(net::HttpClient& http, std::string root, Secret token)
      : http_(http), root_(std::move(root)), token_(std::move(token)) {}

  // `timeout_ms` for the whole answer. An error only when cancelled; everything else is a problem in the answer.
  Task<ApiAnswer> call(std::string method, json::object parameters, std::int64_t timeout_ms = 30'000);
  // The same with a file as multipart form data.
  Task<ApiAnswer> upload(std::string method, json::object parameters, std::string field, ports::OutgoingFile file);
  // A file by the path that getFile gave.
  Task<std::string> download(std::string file_path, std::size_t limit);

private:
  Task<ApiAnswer> exchange(net::Outbound request);
  net::HttpClient& http_;
  std::string root_;
  Secret token_;
};

// What a person must do about an answer that refuses our token or rights.
Error refusal(const ApiAnswer& answer);

} // namespace openclaw::extensions::telegram
