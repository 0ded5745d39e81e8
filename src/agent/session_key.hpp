// Session keys: `agent:ID:REST`. Every key is made canonical where it enters, so that one conversation never has two
// names.
#pragma once
#include "base/result.hpp"
#include <string>
#include <string_view>

namespace openclaw::agent {

struct SessionKey {
  std::string canonical; // "agent:main:main"
  std::string agent_id;
};

// "main", "" and "agent:main:main" are the same; a key without "agent:" belongs to the default agent. At most 128
// characters of the id grammar plus '/', '@', '+', '=' and '#', which channels use in peer names.
Result<SessionKey> canonical_session_key(std::string_view written, std::string_view default_agent);
// Whether several people read in this conversation: a group's or a room's.
bool is_shared(std::string_view canonical);

} // namespace openclaw::agent
