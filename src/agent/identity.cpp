#include "agent/identity.hpp"

#include "base/text.hpp"
#include "sandbox/workspace.hpp"

namespace openclaw::agent {
namespace {

constexpr std::size_t kLimit = 64 * 1024;
constexpr std::size_t kLongestValue = 200;

// Markdown around words: list marks, bold, italic.
std::string_view without_marks(std::string_view text) {
  const auto mark = [](char c) { return c == '*' || c == '_' || c == '-' || c == ' ' || c == '\t' || c == '`'; };
  while (!text.empty() && mark(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && (mark(text.back()) || text.back() == '\r'))
    text.remove_suffix(1);
  return text;
}

} // namespace

Identity parse_identity(std::string_view text) {
  Identity identity;
  for (const auto line : split(text.substr(0, kLimit), '\n')) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto label = lowercase_ascii(without_marks(line.substr(0, colon)));
    const auto value = without_marks(line.substr(colon + 1));
    if (value.empty() || value.size() > kLongestValue || value.front() == '(' || value.front() == '[') continue;
    for (const auto& [name, field] : {std::pair{"name", &identity.name},
                                      {"emoji", &identity.emoji},
                                      {"creature", &identity.creature},
                                      {"vibe", &identity.vibe},
                                      {"avatar", &identity.avatar}})
      if (label == name) *field = to_valid_utf8(value);
  }
  return identity;
}

Identity identity_of(const AgentSettings& agent) {
  Identity identity;
  if (const auto workspace = sandbox::Workspace::open(agent.workspace))
    if (const auto text = workspace->read_file("IDENTITY.md", kLimit)) identity = parse_identity(*text);
  const AgentSettings defaults;
  const bool named = agent.name != defaults.name && agent.name != agent.id;
  if (named || identity.name.empty()) identity.name = agent.name;
  if (agent.avatar != defaults.avatar) identity.avatar = agent.avatar;
  if (identity.avatar.empty()) identity.avatar = identity.emoji.empty() ? defaults.avatar : identity.emoji;
  return identity;
}

} // namespace openclaw::agent
