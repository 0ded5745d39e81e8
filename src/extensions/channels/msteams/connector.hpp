// The Bot Connector API as calls, and the token they need (OAuth client credentials):
// https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference
#pragma once
#include "async/event.hpp"
#include "async/time.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "net/http_client.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>

namespace openclaw::extensions::msteams {

struct ConnectorSettings {
  std::string app_id;
  Secret app_password;
  std::string login_url;   // https://login.microsoftonline.com, or the configured one
  std::string tenant_id;   // empty: the bot serves every tenant
  std::string service_url; // configured; empty: Microsoft's
};

// A call's outcome: what came, or why not.
struct Answer {
  json::value body;
  std::optional<ports::SendProblem> problem;
};

class Connector {
public:
  Connector(async::Executor executor, async::Time& time, net::HttpClient& http, ConnectorSettings settings)
      : time_(time), http_(http), settings_(std::move(settings)), asked_(executor) {}

  // Asks for a token unless a good one is there. Kind::denied when a person must mend the credentials.
  Task<> sign_in();
  // `path` below serviceUrl. An error only when cancelled; everything else is a problem in the answer.
  Task<Answer> call(std::string method, std::string service_url, std::string path, json::object activity,
                    bool repeatable = true);
  // A file that needs our token, from a service that may have it.
  Task<std::string> download(std::string url, std::size_t limit);

private:
  bool token_is_good() const { return !token_.empty() && time_.monotonic_ms() < renew_at_ms_; }
  Task<> ask_for_token();
  Answer read_answer(const net::Response& response);

  async::Time& time_;
  net::HttpClient& http_;
  ConnectorSettings settings_;
  Secret token_;
  std::int64_t got_ms_ = 0, renew_at_ms_ = 0; // monotonic
  bool asking_ = false;
  async::Event asked_;
};

} // namespace openclaw::extensions::msteams
