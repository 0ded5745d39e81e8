#include "policy/tool_policy.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace openclaw::policy {
namespace {

constexpr std::size_t kMostEntries = 1000;

struct NamedList {
  std::string_view name;
  std::vector<std::string_view> entries;
};

const std::vector<NamedList>& groups() {
  static const std::vector<NamedList> all{
      {"group:fs", {"read", "write", "edit", "apply_patch", "grep", "find", "ls"}},
      {"group:runtime", {"exec", "process"}},
      {"group:sessions", {"sessions_list", "sessions_history", "sessions_send", "sessions_spawn", "session_status"}},
      {"group:memory", {"memory_*"}},
      {"group:web", {"web_search", "web_fetch"}},
      {"group:ui", {"browser", "canvas"}},
      {"group:automation", {"cron", "gateway"}},
      {"group:messaging", {"message"}},
      {"group:nodes", {"nodes"}},
      {"group:openclaw",
       {"browser", "canvas", "nodes", "cron", "message", "gateway", "agents_list", "sessions_list", "sessions_history",
        "sessions_send", "sessions_spawn", "session_status", "memory_*", "web_search", "web_fetch", "image", "tts"}}};
  return all;
}

const std::vector<NamedList>& profiles() {
  static const std::vector<NamedList> all{
      {"minimal", {"session_status"}},
      {"coding", {"group:fs", "group:runtime", "group:sessions", "group:memory", "image"}},
      {"messaging", {"group:messaging", "sessions_list", "sessions_history", "sessions_send", "session_status"}}};
  return all;
}

// "*" is any run of characters.
bool matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  auto star = std::string_view::npos;
  std::size_t after = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++after;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

bool entry_names(std::string_view written, std::string_view name) {
  const auto entry = lowercase_ascii(trim(written));
  if (!entry.starts_with("group:")) return matches(entry, name);
  const auto members = tool_group(entry);
  return std::any_of(members.begin(), members.end(), [&](std::string_view member) { return matches(member, name); });
}

// The entry of the list that names the tool. A patch writes files: what is said of write holds for it too.
const std::string* naming_entry(const std::vector<std::string>& list, std::span<const std::string> names) {
  for (const auto& entry : list) {
    for (const auto& name : names) {
      if (entry_names(entry, name)) return &entry;
      if (name == "apply_patch" && entry_names(entry, "write")) return &entry;
    }
  }
  return nullptr;
}

std::vector<std::string> texts(const json::value* list) {
  std::vector<std::string> all;
  if (!list || !list->is_array()) return all;
  for (const auto& item : list->get_array())
    if (item.is_string() && all.size() < kMostEntries) all.emplace_back(item.get_string());
  return all;
}

std::string json_list(const std::vector<std::string>& entries) {
  json::array list;
  for (const auto& entry : entries)
    list.emplace_back(entry);
  return to_text(list);
}

// For a shell: what may hold anything stands between quotes.
std::string shell_word(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '/';
  });
  if (plain && !text.empty()) return std::string(text);
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

std::string set_command(std::string_view path, const std::vector<std::string>& entries) {
  return fmt::format("openclaw config set {} {}", shell_word(path), shell_word(json_list(entries)));
}

std::string key_path(std::string_view parent, std::string_view key) {
  const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return plain ? fmt::format("{}.{}", parent, key) : fmt::format("{}[{}]", parent, to_text(json::string(key)));
}

class Reader {
public:
  explicit Reader(const ToolCaller& caller) : caller_(caller) {}

  // The same four keys at every place that holds rules.
  void rules(const json::value* holder, const std::string& path) {
    if (!holder || !holder->is_object()) return;
    profile(*holder, path);
    const auto [provider, provider_path] = for_provider(*holder, path);
    if (provider) profile(*provider, provider_path);
    lists(*holder, path);
    if (provider) lists(*provider, provider_path);
  }

  void lists(const json::value& holder, const std::string& path) {
    ToolStage denied;
    denied.path = path + ".deny";
    denied.deny = texts(find(holder, "deny"));
    if (!denied.deny.empty()) stages_.push_back(std::move(denied));
    ToolStage allowed;
    allowed.path = allowed.more_path = path + ".allow";
    allowed.more = texts(find(holder, "allow"));
    if (allowed.more.empty()) return;
    allowed.allow = allowed.more;
    const auto also = texts(find(holder, "alsoAllow"));
    allowed.allow->insert(allowed.allow->end(), also.begin(), also.end());
    stages_.push_back(std::move(allowed));
  }

  // A setting that is no list of names and keeps one tool away.
  void deny(std::string path, std::string tool, std::string note, std::string command) {
    ToolStage stage;
    stage.path = std::move(path);
    stage.deny.push_back(std::move(tool));
    stage.note = std::move(note);
    stage.command = std::move(command);
    stages_.push_back(std::move(stage));
  }
  void switched_off(std::string path, std::string tool, std::string note) {
    auto command = fmt::format("openclaw config set {} true", path);
    deny(std::move(path), std::move(tool), std::move(note), std::move(command));
  }

  std::vector<ToolStage> take() { return std::move(stages_); }

private:
  void profile(const json::value& holder, const std::string& path) {
    const auto name = string_or(holder, "profile");
    if (name.empty() || name == "full") return;
    ToolStage stage;
    stage.path = path + ".profile";
    stage.note = fmt::format("the profile \"{}\"", printable(name, 40));
    stage.allow.emplace();
    for (const auto& known : profiles())
      if (known.name == name) stage.allow->assign(known.entries.begin(), known.entries.end());
    stage.more_path = path + ".alsoAllow";
    stage.more = texts(find(holder, "alsoAllow"));
    stage.allow->insert(stage.allow->end(), stage.more.begin(), stage.more.end());
    stages_.push_back(std::move(stage));
  }

  // PROVIDER/MODEL is more exact than PROVIDER, and then is the one that counts.
  std::pair<const json::value*, std::string> for_provider(const json::value& holder, const std::string& path) const {
    const auto* table = find(holder, "byProvider");
    if (!table || !table->is_object() || caller_.provider.empty()) return {nullptr, {}};
    for (const auto& wanted : {caller_.provider + "/" + caller_.model, caller_.provider})
      for (const auto& member : table->get_object())
        if (lowercase_ascii(std::string_view(member.key())) == lowercase_ascii(wanted))
          return {&member.value(), key_path(path + ".byProvider", std::string_view(member.key()))};
    return {nullptr, {}};
  }

  const ToolCaller& caller_;
  std::vector<ToolStage> stages_;
};

// One entry's rule: the sender's in it, else its own. Whether there was one.
bool entry_rules(const json::value& entry, const std::string& path, const ToolCaller& caller, Reader& reader) {
  if (const auto* senders = find(entry, "toolsBySender"); senders && !caller.sender.empty()) {
    for (const auto& sender : {caller.sender, std::string("*")}) {
      const auto* own = find(*senders, sender);
      if (!own) continue;
      reader.rules(own, key_path(path + ".toolsBySender", sender));
      return true;
    }
  }
  const auto* own = find(entry, "tools");
  if (own) reader.rules(own, path + ".tools");
  return own != nullptr;
}

// The most exact entry of the channel's groups: the sender's in this group, the group's, the same of the guild or team
// around it, the sender's in "*", that of "*".
void group_rules(const json::value& config, const ToolCaller& caller, Reader& reader) {
  if (caller.channel.empty() || caller.group.empty()) return;
  const auto* channels = find(config, "channels");
  const auto* channel = channels ? find(*channels, caller.channel) : nullptr;
  if (!channel) return;
  for (const std::string_view name : {"groups", "channels", "rooms", "teams", "guilds"}) {
    auto base = key_path("channels", caller.channel);
    const auto* table = find(*channel, name);
    const auto* accounts = caller.account.empty() ? nullptr : find(*channel, "accounts");
    const auto* account = accounts ? find(*accounts, caller.account) : nullptr;
    if (const auto* own = account ? find(*account, name) : nullptr) {
      table = own;
      base = key_path(base + ".accounts", caller.account);
    }
    if (!table) continue;
    base = fmt::format("{}.{}", base, name);
    for (const auto& id : {caller.space, caller.group, std::string("*")}) {
      const auto* entry = id.empty() ? nullptr : find(*table, id);
      if (!entry) continue;
      const auto path = key_path(base, id);
      if (const auto* rooms = find(*entry, "channels"))
        for (const auto& room : {caller.group, std::string("*")})
          if (const auto* own = find(*rooms, room);
              own && entry_rules(*own, key_path(path + ".channels", room), caller, reader))
            return;
      if (entry_rules(*entry, path, caller, reader)) return;
    }
  }
}

bool names_model(const std::vector<std::string>& list, const ToolCaller& caller) {
  const auto model = lowercase_ascii(caller.model);
  const auto full = lowercase_ascii(caller.provider + "/" + caller.model);
  return std::any_of(list.begin(), list.end(), [&](const std::string& entry) {
    const auto wanted = lowercase_ascii(trim(entry));
    return wanted == model || wanted == full;
  });
}

void patch_switch(const json::value& config, const ToolCaller& caller, Reader& reader) {
  const auto* settings = find_path(config, "tools.exec.applyPatch");
  if (!settings || !bool_or(*settings, "enabled", false))
    return reader.switched_off("tools.exec.applyPatch.enabled", "apply_patch",
                               "tools.exec.applyPatch.enabled is not true; patches are off until it is");
  const auto models = texts(find(*settings, "allowModels"));
  if (models.empty() || caller.model.empty() || names_model(models, caller)) return;
  auto wider = models;
  wider.push_back(caller.provider + "/" + caller.model);
  reader.deny("tools.exec.applyPatch.allowModels", "apply_patch",
              fmt::format("tools.exec.applyPatch.allowModels does not name {}/{}", caller.provider, caller.model),
              set_command("tools.exec.applyPatch.allowModels", wider));
}

void web_switch(const json::value& config, Reader& reader) {
  for (const auto& [path, tool] : {std::pair{"tools.web.fetch", "web_fetch"}, {"tools.web.search", "web_search"}}) {
    const auto* settings = find_path(config, path);
    if (settings && !bool_or(*settings, "enabled", true))
      reader.switched_off(fmt::format("{}.enabled", path), tool, fmt::format("{}.enabled is false", path));
  }
}

// Without the entry that named it, or with one more.
std::string command_to_lift(const ToolStage& stage, const std::string& entry) {
  if (!stage.command.empty()) return stage.command;
  auto rest = stage.deny;
  std::erase(rest, entry);
  return rest.empty() ? fmt::format("openclaw config unset {}", shell_word(stage.path)) : set_command(stage.path, rest);
}

std::string command_to_add(const ToolStage& stage, const std::string& name) {
  auto entries = stage.more;
  entries.push_back(name);
  return set_command(stage.more_path, entries);
}

void collect(const json::value& value, const std::string& path, std::vector<std::pair<std::string, std::string>>& out,
             int depth = 0) {
  if (depth > 12 || !value.is_object()) return;
  for (const auto& member : value.get_object()) {
    const std::string_view key(member.key());
    const auto below = key_path(path, key);
    if (key == "allow" || key == "deny" || key == "alsoAllow") {
      for (auto& entry : texts(&member.value()))
        out.emplace_back(below, std::move(entry));
    } else if (key == "byProvider" || key == "sandbox" || key == "subagents" || key == "tools" || depth == 1) {
      collect(member.value(), below, out, key == "byProvider" ? 1 : 2);
    }
  }
}

} // namespace

std::span<const std::string_view> tool_group(std::string_view name) {
  for (const auto& group : groups())
    if (group.name == name) return group.entries;
  return {};
}

std::vector<ToolStage> tool_stages(const json::value& config, const ToolCaller& caller) {
  Reader reader(caller);
  const auto* tools = find(config, "tools");
  reader.rules(tools, "tools");
  patch_switch(config, caller, reader);
  web_switch(config, reader);
  const json::value* agent = nullptr;
  std::string agent_path;
  if (const auto* list = find_path(config, "agents.list"); list && list->is_array()) {
    const auto& rows = list->get_array();
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (string_or(rows[i], "id", "main") == caller.agent_id) {
        agent = find(rows[i], "tools");
        agent_path = fmt::format("agents.list[{}].tools", i);
      }
  }
  reader.rules(agent, agent_path);
  group_rules(config, caller, reader);
  // Commands always run in the sandbox here, so its rules always apply.
  for (const auto& [holder, path] : {std::pair{tools, std::string("tools")}, {agent, agent_path}}) {
    const auto* sandbox = holder ? find_path(*holder, "sandbox.tools") : nullptr;
    if (sandbox) reader.lists(*sandbox, path + ".sandbox.tools");
  }
  const auto* subagents = tools && caller.subagent ? find_path(*tools, "subagents.tools") : nullptr;
  if (subagents) reader.lists(*subagents, "tools.subagents.tools");
  return reader.take();
}

ToolVerdict judge_tool(std::span<const std::string> names, std::span<const ToolStage> stages) {
  ToolVerdict verdict;
  const auto name = names.empty() ? std::string() : names.front();
  const auto shown = printable(name, 64);
  for (const auto& stage : stages) {
    const auto* entry = naming_entry(stage.deny, names);
    if (!entry) continue;
    verdict.available = false;
    verdict.rule = stage.path;
    verdict.reason =
        stage.note.empty() ? fmt::format("{} names \"{}\".", stage.path, printable(*entry, 64)) : stage.note + ".";
    verdict.command = command_to_lift(stage, *entry);
    return verdict;
  }
  for (const auto& stage : stages) {
    if (!stage.allow) continue;
    const auto* entry = naming_entry(*stage.allow, names);
    const auto what = stage.note.empty() ? stage.path : fmt::format("{} ({})", stage.path, stage.note);
    if (!entry) {
      verdict.available = false;
      verdict.rule = stage.path;
      verdict.reason = fmt::format("{} does not name {}.", what, shown);
      verdict.command = command_to_add(stage, name);
      return verdict;
    }
    verdict.rule = stage.path;
    verdict.reason = fmt::format("{} names \"{}\", and no rule denies it.", what, printable(*entry, 64));
  }
  if (verdict.reason.empty()) verdict.reason = "No rule limits the tools here.";
  std::vector<std::string> denied;
  for (const auto& stage : stages)
    if (stage.path == "tools.deny") denied = stage.deny;
  denied.push_back(name);
  verdict.command = set_command("tools.deny", denied);
  return verdict;
}

std::vector<std::string> unknown_tool_names(const json::value& config, std::span<const std::string> known) {
  std::vector<std::pair<std::string, std::string>> entries;
  if (const auto* tools = find(config, "tools")) collect(*tools, "tools", entries);
  if (const auto* list = find_path(config, "agents.list"); list && list->is_array()) {
    for (std::size_t i = 0; i < list->get_array().size(); ++i)
      if (const auto* tools = find(list->get_array()[i], "tools"))
        collect(*tools, fmt::format("agents.list[{}].tools", i), entries);
  }
  std::vector<std::string> names(known.begin(), known.end());
  for (const auto& group : groups()) {
    names.emplace_back(group.name);
    for (const auto& member : group.entries)
      if (member.find('*') == std::string_view::npos) names.emplace_back(member);
  }
  for (const auto name : {"image", "tts", "agents_list", "memory_search", "memory_get", "bash"})
    names.emplace_back(name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<std::string> warnings;
  for (const auto& [path, written] : entries) {
    const auto entry = lowercase_ascii(trim(written));
    const bool group = entry.starts_with("group:");
    const bool found = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return group || name.starts_with("group:") ? name == entry : matches(entry, name);
    });
    if (found || entry == "group:plugins") continue;
    const auto near = nearest(entry, names);
    warnings.push_back(fmt::format("{} names \"{}\", and there is no such tool{}", path, printable(written, 64),
                                   near ? fmt::format("; did you mean \"{}\"?", *near) : "."));
  }
  return warnings;
}

} // namespace openclaw::policy
