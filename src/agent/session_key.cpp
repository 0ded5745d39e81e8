#include "agent/session_key.hpp"

#include "base/ids.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {

Result<SessionKey> canonical_session_key(std::string_view written, std::string_view default_agent) {
  const auto key = trim(written);
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("._:-/@+=#").find(c) != std::string_view::npos;
  };
  if (key.size() > 128 || !std::all_of(key.begin(), key.end(), allowed))
    return fail(Kind::invalid, fmt::format("The session key \"{}\" is not usable.", printable(key, 64)),
                "Use up to 128 letters, digits and the characters . _ : - / @ + = #");
  if (key.empty() || key == "main")
    return SessionKey{fmt::format("agent:{}:main", default_agent), std::string(default_agent)};
  if (!key.starts_with("agent:"))
    return SessionKey{fmt::format("agent:{}:{}", default_agent, key), std::string(default_agent)};
  const auto rest = key.substr(6);
  const auto colon = rest.find(':');
  const auto agent_id = rest.substr(0, colon);
  const auto name = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  TRY_VOID(check_id(agent_id, "agent id in the session key"));
  if (name.empty()) return SessionKey{fmt::format("agent:{}:main", agent_id), std::string(agent_id)};
  return SessionKey{std::string(key), std::string(agent_id)};
}

std::optional<GroupKey> group_of(std::string_view canonical) {
  const auto parts = split(canonical, ':');
  for (std::size_t at = 2; at + 1 < parts.size(); ++at) {
    if (parts[at] != "group" && parts[at] != "channel") continue;
    const auto begin = static_cast<std::size_t>(parts[at + 1].data() - canonical.data());
    return GroupKey{at > 2 ? parts[2] : std::string_view(), parts[at], canonical.substr(begin)};
  }
  return std::nullopt;
}

bool is_group(std::string_view canonical) {
  const auto group = group_of(canonical);
  return group && group->kind == "group";
}

} // namespace openclaw::agent
