#include "agent/session_key.hpp"

#include "base/ids.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {

namespace {

constexpr std::size_t kLongestName = 128;

bool usable_name(std::string_view name) {
  return name.size() <= kLongestName && std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  std::string_view("._:-/@+=#").find(c) != std::string_view::npos;
         });
}

} // namespace

Result<SessionKey> canonical_session_key(std::string_view written, std::string_view default_agent) {
  const auto key = trim(written);
  const bool names_agent = key.starts_with("agent:");
  const auto rest = names_agent ? key.substr(6) : key;
  const auto colon = rest.find(':');
  const auto agent_id = names_agent ? rest.substr(0, colon) : default_agent;
  auto name = rest;
  if (names_agent) name = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  if (!usable_name(name))
    return fail(Kind::invalid, fmt::format("The session key \"{}\" is not usable.", printable(key, 64)),
                "Use up to 128 letters, digits and the characters . _ : - / @ + = #");
  if (names_agent) TRY_VOID(check_id(agent_id, "agent id in the session key"));
  if (name.empty()) name = "main";
  return SessionKey{fmt::format("agent:{}:{}", agent_id, name), std::string(agent_id)};
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
