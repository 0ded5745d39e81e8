#include "extensions/channels/msteams/signing_keys.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::msteams {
namespace {

constexpr std::int64_t kGoodMs = 24 * 60 * 60 * 1000;
constexpr std::int64_t kBetweenLooksMs = 5 * 60 * 1000;
constexpr std::int64_t kAfterFailureMs = 10 * 1000;
constexpr std::size_t kLargestSet = 1024 * 1024;

} // namespace

const PublicKey* SigningKeys::known(std::string_view id) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const PublicKey& key) { return key.id == id; });
  return found == keys_.end() ? nullptr : &*found;
}

bool SigningKeys::due(std::string_view id) const {
  const auto now = time_.monotonic_ms();
  if (!tried_ms_) return true;
  const auto pause = problem_.empty() ? kBetweenLooksMs : kAfterFailureMs;
  if (now - *tried_ms_ < pause) return false;
  return !fetched_ms_ || now - *fetched_ms_ > kGoodMs || !known(id);
}

Task<std::optional<PublicKey>> SigningKeys::find_key(std::string id) {
  while (looking_)
    CO_TRY_VOID(co_await looked_.wait());
  if (due(id)) {
    looking_ = true;
    tried_ms_ = time_.monotonic_ms();
    auto looked = co_await look();
    problem_ = looked ? std::string() : looked.error().message;
    looking_ = false;
    looked_.notify();
    if (!looked && looked.error().kind == Kind::cancelled) {
      tried_ms_.reset();
      co_return std::unexpected(std::move(looked).error());
    }
  }
  if (const auto* key = known(id)) co_return std::optional<PublicKey>(*key);
  if (!fetched_ms_)
    co_return fail(Kind::transient, fmt::format("The signing keys of the Bot Framework are not there: {}", problem_),
                   "Check the network, and channels.msteams.openIdMetadataUrl if it is set.");
  co_return std::optional<PublicKey>{};
}

Task<> SigningKeys::look() {
  auto address = metadata_url_;
  CO_TRY(const auto text, co_await get(std::move(address)));
  CO_TRY(const auto metadata, parse_json(text, "OpenID metadata of the Bot Framework"));
  auto keys_url = string_or(metadata, "jwks_uri");
  // Whoever may hand us another address for the keys may forge every message.
  if (metadata_url_.starts_with("https:") && !keys_url.starts_with("https:"))
    co_return fail(Kind::remote, "the OpenID metadata names no HTTPS address for the keys.");
  CO_TRY(const auto set, co_await get(std::move(keys_url)));
  CO_TRY(auto keys, read_keys(set));
  if (keys.empty()) co_return fail(Kind::remote, "the key set is empty.");
  keys_ = std::move(keys);
  fetched_ms_ = time_.monotonic_ms();
  co_return Result<>{};
}

Task<std::string> SigningKeys::get(std::string url) {
  net::Outbound request("GET", std::move(url));
  request.body_limit = kLargestSet;
  request.first_byte_timeout_ms = 10'000;
  request.idle_timeout_ms = 10'000;
  CO_TRY(auto response, co_await http_.fetch(std::move(request)));
  if (response.status != 200)
    co_return fail(Kind::transient, fmt::format("their server answered {}.", response.status));
  co_return std::move(response.body);
}

} // namespace openclaw::extensions::msteams
