// Whether a request on the second listener comes from Slack (signature v0: an HMAC over its time and its bytes), and
// comes for the first time.
#pragma once
#include "base/secret.hpp"
#include "extensions/channels/slack/bounded.hpp"
#include "net/http.hpp"
#include <string>
#include <string_view>

namespace openclaw::extensions::slack {

class SignatureCheck {
public:
  explicit SignatureCheck(Secret signing_secret) : secret_(std::move(signing_secret)), seen_(kRemembered) {}

  enum class Verdict { good, missing, stale, wrong, replayed };
  // A good one is remembered and is not good a second time.
  Verdict judge(const net::Headers& headers, std::string_view body, std::int64_t now_ms);
  // The request was not taken after all, and may come again.
  void forget(const net::Headers& headers);

private:
  static constexpr std::size_t kRemembered = 20'000; // of the ten minutes in which a signature is good
  Secret secret_;
  Bounded<bool> seen_;
};

} // namespace openclaw::extensions::slack
