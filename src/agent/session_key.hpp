// Session keys: `agent:ID:REST`. Every key is made canonical where it enters, so that one conversation never has two
// names.
#pragma once
#include "base/result.hpp"
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace openclaw::agent {

inline constexpr std::size_t kLongestSessionKey = 6 + 128 + 1 + 128; // "agent:", an id, a colon and REST, in bytes

struct SessionKey {
  std::string canonical; // "agent:main:main"
  std::string agent_id;
};

// "main", "" and "agent:main:main" are the same; a key without "agent:" belongs to the default agent. REST has at
// most 128 characters of the id grammar plus '/', '@', '+', '=' and '#', which channels use in peer names. What comes
// out is accepted again and stays the same.
Result<SessionKey> canonical_session_key(std::string_view written, std::string_view default_agent);

// The conversation of several people that a key names: agent:ID:CHANNEL[:ACCOUNT]:group|channel:ID[:topic:…]. Nothing
// for one person's. The views are into the key.
struct GroupKey {
  std::string_view channel; // empty in keys of old files: agent:ID:group:…
  std::string_view kind;    // "group" or "channel"
  std::string_view id;      // with its topic or thread
};
std::optional<GroupKey> group_of(std::string_view canonical);
bool is_group(std::string_view canonical); // of kind "group"

} // namespace openclaw::agent
