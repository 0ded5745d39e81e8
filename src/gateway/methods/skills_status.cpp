// The skills that lie in the workspace. They are shown as disabled: this build does not give them to the model, and
// says so instead of listing them as if they worked.
#include "async/offload.hpp"
#include "base/text.hpp"
#include "gateway/services.hpp"
#include "sandbox/workspace.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::size_t kMostSkills = 500;
constexpr std::size_t kFileBytes = 256 * 1024;

struct Skill {
  std::string folder;
  std::string name;
  std::string description;
};

std::string unquoted(std::string_view text) {
  text = trim(text);
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return to_valid_utf8(quoted ? text.substr(1, text.size() - 2) : text);
}

// The two fields of the front matter that every SKILL.md has, each on a line of its own.
Skill read_front_matter(std::string folder, std::string_view text) {
  Skill skill{std::move(folder), "", ""};
  bool inside = false;
  for (const auto line : split(text, '\n')) {
    if (trim(line) == "---") {
      if (inside) break;
      inside = true;
      continue;
    }
    if (!inside) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto key = line.substr(0, colon);
    if (key == "name") skill.name = unquoted(line.substr(colon + 1));
    if (key == "description") skill.description = unquoted(line.substr(colon + 1));
  }
  if (skill.name.empty()) skill.name = skill.folder;
  return skill;
}

Result<std::vector<Skill>> find_skills(const std::string& root) {
  TRY(const auto workspace, sandbox::Workspace::open(root));
  std::vector<Skill> skills;
  if (!workspace.exists("skills")) return skills;
  TRY(const auto entries, workspace.list("skills", kMostSkills));
  for (const auto& entry : entries) {
    if (!entry.directory) continue;
    const auto text = workspace.read_file(fmt::format("skills/{}/SKILL.md", entry.name), kFileBytes);
    if (text) skills.push_back(read_front_matter(entry.name, *text));
  }
  return skills;
}

json::object no_requirements() {
  return {{"bins", json::array()},
          {"anyBins", json::array()},
          {"env", json::array()},
          {"config", json::array()},
          {"os", json::array()}};
}

Task<json::value> skills_status(Call call) {
  auto& services = call.services;
  const auto& settings = services.runtime.settings();
  const auto agent_id = string_or(call.params, "agentId");
  const auto* agent = agent_id.empty() ? &settings.agents.front() : settings.find_agent(agent_id);
  if (!agent)
    co_return fail(Kind::missing, "There is no such agent.", "See the agents with: openclaw config get agents.list");
  std::function<Result<std::vector<Skill>>()> look = [root = agent->workspace] { return find_skills(root); };
  CO_TRY(const auto skills, co_await async::offload<std::vector<Skill>>(std::move(look)));
  json::array rows;
  for (const auto& skill : skills) {
    const auto base = fmt::format("{}/skills/{}", agent->workspace, skill.folder);
    rows.push_back(json::object{{"name", skill.name},
                                {"description", skill.description},
                                {"source", "openclaw-workspace"},
                                {"filePath", base + "/SKILL.md"},
                                {"baseDir", base},
                                {"skillKey", skill.name},
                                {"always", false},
                                {"disabled", true},
                                {"blockedByAllowlist", false},
                                {"eligible", false},
                                {"requirements", no_requirements()},
                                {"missing", no_requirements()},
                                {"configChecks", json::array()},
                                {"install", json::array()}});
  }
  co_return json::value(
      json::object{{"workspaceDir", agent->workspace},
                   {"managedSkillsDir", services.state_folder + "/skills"},
                   {"note", "Skills are listed, and not yet given to the model by this build of openclaw."},
                   {"skills", std::move(rows)}});
}

} // namespace

void register_skills_status(MethodTable& table) {
  table.add(
      {"skills.status", Scope::read, R"({"type":"object","properties":{"agentId":{"type":"string"}}})", skills_status});
}

} // namespace openclaw::gateway
