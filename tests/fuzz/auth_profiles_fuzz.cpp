#include "agent/auth_profiles.hpp"
#include <cstdlib>

// Any text: an error or profiles, and from the profiles only credentials that have a key or a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace openclaw::agent;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  auto parsed = parse_auth_profiles(text, {{"WORK_KEY", "k"}});
  if (!parsed) return 0;
  for (const auto& [provider, keys] : stored_credentials({*parsed}, {}, 1'795'230'419'000))
    for (const auto& key : keys)
      if (key.key.empty() != key.problem.has_value()) std::abort();
  return 0;
}
