// The keys that the Bot Framework signs with, fetched when the first token names one and kept for a day. A key that is
// not known leads to another look, at most one in five minutes, so that forged tokens cannot make us ask for more.
#pragma once
#include "async/event.hpp"
#include "async/time.hpp"
#include "extensions/channels/msteams/jwt.hpp"
#include "net/http_client.hpp"
#include <optional>

namespace openclaw::extensions::msteams {

class SigningKeys {
public:
  SigningKeys(async::Executor executor, async::Time& time, net::HttpClient& http, std::string metadata_url)
      : time_(time), http_(http), metadata_url_(std::move(metadata_url)), looked_(executor) {}

  // Nothing when there is no such key; an error when the keys could not be fetched.
  Task<std::optional<PublicKey>> find_key(std::string id);

private:
  bool due(std::string_view id) const;
  const PublicKey* known(std::string_view id) const;
  Task<> look();
  Task<std::string> get(std::string url);

  async::Time& time_;
  net::HttpClient& http_;
  std::string metadata_url_;
  std::vector<PublicKey> keys_;
  std::optional<std::int64_t> fetched_ms_, tried_ms_; // monotonic
  std::string problem_;                               // of the last look
  bool looking_ = false;
  async::Event looked_;
};

} // namespace openclaw::extensions::msteams
