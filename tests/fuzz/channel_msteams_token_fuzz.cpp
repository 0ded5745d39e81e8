// A token and a key set as a stranger may write them: nothing is ever found to be signed, and no crash.
#include "extensions/channels/msteams/jwt.hpp"
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace openclaw;
  namespace teams = extensions::msteams;
  // The first line is the token, the rest a key set.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto end = text.find('\n');
  const auto token = teams::read_token(text.substr(0, end));
  const auto keys = teams::read_keys(end == std::string_view::npos ? std::string_view("{}") : text.substr(end + 1));
  if (!token) return 0;
  if (teams::check_claims(*token, "issuer", "app", 1'795'230'419'000)) {
    const auto* expires = find(token->claims, "exp");
    if (!expires || string_or(token->claims, "aud") != "app") std::abort();
  }
  if (!keys) return 0;
  for (std::size_t index = 0; index < keys->size() && index < 3; ++index) {
    const auto& key = (*keys)[index];
    const bool one = key.exponent.size() == 1 && key.exponent[0] <= 1; // the signature is the message then
    if (teams::signed_by(*token, key) && !one) std::abort();
  }
  return 0;
}
