// The system prompt: made of the workspace's files and what the agent can do, and of nothing that changes by itself, so
// that it is byte-identical from turn to turn while the files are (providers then serve it from their caches).
#pragma once
#include "agent/settings.hpp"
#include "ports/model.hpp"
#include "sandbox/workspace.hpp"
#include <string>
#include <vector>

namespace openclaw::agent {

struct PromptInput {
  const AgentSettings& agent;
  const sandbox::Workspace& workspace;
  const std::vector<ports::ToolSpec>& tools;
  std::size_t file_limit = 20'000; // bytes of each workspace file; longer ones keep 70 % head and 20 % tail
  bool small = false;              // a model with little context: a few sentences and no files but SOUL.md
  bool shared = false;             // other people read along (a group): MEMORY.md, which is about one person, stays out
};
std::string system_prompt(const PromptInput& input);

// "[Sat 2026-11-21 03:06 UTC] text": what the model reads of a user message. Made from the message's own time, so it
// never changes.
std::string with_envelope(std::string_view text, std::int64_t timestamp_ms);

// The files of a new workspace, written only when the folder holds none of them.
Result<> prepare_workspace(const sandbox::Workspace& workspace);

} // namespace openclaw::agent
