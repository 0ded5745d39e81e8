// Discord's REST API, version 10, as calls. It keeps to the limits that Discord tells with each answer, and never puts
// a token, the bot's or an interaction's, into a message.
#pragma once
#include "async/time.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "ports/channel.hpp"
#include <map>
#include <optional>
#include <string>

namespace openclaw::extensions::discord {

// A call's outcome: the body, or what Discord said.
struct RestAnswer {
  json::value body;
  std::optional<ports::SendProblem> problem;
  int status = 0;
  std::int64_t code = 0; // Discord's own, of a refusal
};

struct RestCall {
  std::string method;
  std::string path; // "/channels/1/messages"
  std::optional<json::value> body;
  std::optional<ports::OutgoingFile> file;
  bool with_token = true;
  bool repeatable = true; // the same call twice does no harm
  // A limit is waited out (a few seconds) and the call made again: for what nobody else would try again.
  bool patient = false;
  std::int64_t timeout_ms = 15'000;
};

class RestApi {
public:
  RestApi(async::Time& time, net::HttpClient& http, std::string base, Secret token);

  // An error only when cancelled; everything else is a problem in the answer.
  Task<RestAnswer> call(RestCall call);
  // A file of Discord's own store; Kind::invalid when it is too large or not what it claims to be.
  Task<std::string> download(std::string url, std::size_t limit, std::string mime_type);

  const std::string& base() const { return base_; }
  const Secret& token() const { return token_; }

private:
  struct Bucket {
    std::int64_t remaining = 1;
    std::int64_t reset_ms = 0; // monotonic
  };
  Task<RestAnswer> attempt(RestCall call);
  Task<bool> wait_for_room(std::string route);
  void note_limits(const std::string& route, const net::Response& response, const json::value& body);
  async::Time& time_;
  net::HttpClient& http_;
  std::string base_;
  Secret token_;
  std::map<std::string, Bucket> buckets_; // by route; the spent ones only
  std::int64_t global_until_ms_ = 0;
};

// Calls with the same route share a limit: the ids of the channel, server or webhook are a part of it, others not.
// Pure.
std::string route_of(std::string_view method, std::string_view path);
// What Discord said with `status` and this body. Pure.
ports::SendProblem problem_of(int status, const json::value& body);
// What a person must do about an answer that refuses our token or rights; transient otherwise.
Error refusal(const RestAnswer& answer);

} // namespace openclaw::extensions::discord
