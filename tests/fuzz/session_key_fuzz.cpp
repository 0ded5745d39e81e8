// A session key as any client may write it. What is accepted has one name only: it begins with "agent:", is accepted
// again as it is, whoever the default agent, and its group lies within it.
#include "agent/session_key.hpp"
#include "base/ids.hpp"
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace openclaw;
  const std::string_view written(reinterpret_cast<const char*>(data), size);
  const auto key = agent::canonical_session_key(written, "main");
  if (!key) {
    if (key.error().message.empty() || key.error().message.size() > 400) std::abort();
    return 0;
  }
  if (!valid_id(key->agent_id)) std::abort();
  if (!key->canonical.starts_with("agent:" + key->agent_id + ":")) std::abort();
  const auto again = agent::canonical_session_key(key->canonical, "other");
  if (!again || again->canonical != key->canonical || again->agent_id != key->agent_id) std::abort();
  if (const auto group = agent::group_of(key->canonical)) {
    if (!key->canonical.ends_with(group->id)) std::abort();
    if (group->kind != "group" && group->kind != "channel") std::abort();
  } else if (agent::is_group(key->canonical)) {
    std::abort();
  }
  return 0;
}
