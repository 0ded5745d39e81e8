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

bool is_shared(std::string_view canonical) {
  return canonical.contains(":group:") || canonical.contains(":channel:");
}

} // namespace openclaw::agent
