#include "extensions/channels/slack/signature.hpp"

#include "base/hmac.hpp"
#include "base/text.hpp"
#include <charconv>
#include <cstdlib>

namespace openclaw::extensions::slack {
namespace {

constexpr std::int64_t kToleranceMs = 5 * 60 * 1000;
constexpr std::string_view kTime = "X-Slack-Request-Timestamp";
constexpr std::string_view kSignature = "X-Slack-Signature";

} // namespace

SignatureCheck::Verdict SignatureCheck::judge(const net::Headers& headers, std::string_view body, std::int64_t now_ms) {
  const auto time = headers.find(kTime);
  const auto signature = headers.find(kSignature);
  if (!time || !signature) return Verdict::missing;
  std::int64_t seconds = 0;
  const auto [end, code] = std::from_chars(time->data(), time->data() + time->size(), seconds);
  if (code != std::errc() || end != time->data() + time->size() || time->size() > 12) return Verdict::stale;
  if (std::abs(now_ms - seconds * 1000) > kToleranceMs) return Verdict::stale;
  std::string signed_text = "v0:";
  signed_text += *time;
  signed_text += ':';
  signed_text += body;
  if (!constant_time_equal("v0=" + hmac_sha256_hex(secret_, signed_text), *signature)) return Verdict::wrong;
  return seen_.put(std::string(*signature), true) ? Verdict::good : Verdict::replayed;
}

void SignatureCheck::forget(const net::Headers& headers) {
  if (const auto signature = headers.find(kSignature)) seen_.erase(*signature);
}

} // namespace openclaw::extensions::slack
