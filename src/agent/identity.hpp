// Who an agent says it is: the lines of IDENTITY.md in its workspace, as OpenClaw reads them. What the configuration
// says comes before.
#pragma once
#include "agent/settings.hpp"
#include <string>
#include <string_view>

namespace openclaw::agent {

struct Identity {
  std::string name, emoji, creature, vibe, avatar;
};
// "- **Name:** Ada"; other lines, and values in brackets that were never filled in, are passed over.
Identity parse_identity(std::string_view text);
// Name and avatar are never empty.
Identity identity_of(const AgentSettings& agent);

} // namespace openclaw::agent
