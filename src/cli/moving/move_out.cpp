#include "cli/moving/move_out.hpp"

#include "agent/settings.hpp"
#include "agent/transcript.hpp"
#include "base/clock.hpp"
#include "base/embedded.hpp"
#include "base/text.hpp"
#include "cli/moving/channel_logins.hpp"
#include "cli/moving/folder_copy.hpp"
#include "config/files.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <map>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;
using State = MoveItem::State;

constexpr std::int64_t kMostSessions = 1'000'000;

// The keys as a tree: "*" stands for any name, "[]" for the elements of a list, "**" for anything below.
struct KnownKeys {
  std::map<std::string, KnownKeys, std::less<>> inner;

  static const KnownKeys& all() {
    static const KnownKeys keys = [] {
      KnownKeys root;
      const auto text = find_embedded(embedded_texts(), "cli/moving/openclaw_2026_1_keys.txt").value_or("");
      for (const auto line : split(text, '\n')) {
        auto* at = &root;
        for (auto part : split(line, '.')) {
          std::size_t lists = 0;
          for (; part.ends_with("[]"); part.remove_suffix(2))
            ++lists;
          if (!part.empty()) at = &at->inner[std::string(part)];
          for (; lists > 0; --lists)
            at = &at->inner["[]"];
        }
      }
      return root;
    }();
    return keys;
  }
  const KnownKeys* below(std::string_view name) const {
    if (const auto exact = inner.find(name); exact != inner.end()) return &exact->second;
    const auto any = inner.find("*");
    return any == inner.end() ? nullptr : &any->second;
  }
};

void keep(json::value& value, const KnownKeys& keys, const config::Path& path, std::vector<std::string>& gone) {
  if (keys.inner.contains("**")) return;
  if (auto* list = value.if_array()) {
    const auto* element = keys.below("[]");
    for (std::size_t i = 0; element && i < list->size(); ++i) {
      auto inner = path;
      inner.push_back(std::to_string(i));
      keep((*list)[i], *element, inner, gone);
    }
    return;
  }
  auto* object = value.if_object();
  // A key that may be an object or a scalar has its members listed; one without is not looked into.
  if (!object || keys.inner.empty()) return;
  std::vector<std::string> names;
  for (const auto& member : *object)
    names.emplace_back(member.key());
  for (const auto& name : names) {
    auto inner = path;
    inner.push_back(name);
    const auto* known = keys.below(name);
    if (known) {
      keep((*object)[name], *known, inner, gone);
      continue;
    }
    gone.push_back(config::path_text(inner));
    object->erase(name);
  }
}

bool has_include(const json::value& value) {
  if (const auto* object = value.if_object()) {
    if (object->contains("$include")) return true;
    return std::any_of(object->begin(), object->end(), [](const auto& member) { return has_include(member.value()); });
  }
  const auto* list = value.if_array();
  return list && std::any_of(list->begin(), list->end(), has_include);
}

json::object& object_at(json::object& object, std::string_view key) {
  auto& value = object[key];
  if (!value.is_object()) value = json::object();
  return value.get_object();
}

class MoveOut {
public:
  MoveOut(const Setup& setup, std::string folder) : setup_(setup), folder_(std::move(folder)) {}

  Result<std::vector<MoveItem>> run() {
    std::error_code code;
    if (fs::exists(folder_, code) && !fs::is_empty(folder_, code))
      return fail(Kind::conflict, fmt::format("{} is not empty.", folder_), "Name a folder that does not exist yet.");
    fs::create_directories(folder_, code);
    if (code) return fail(Kind::denied, fmt::format("{} cannot be made: {}.", folder_, code.message()));
    fs::permissions(folder_, fs::perms::owner_all, code);
    TRY(snapshot_, setup_.config.load());
    TRY_VOID(snapshot_.check());
    const auto home = setup_.environment.find("HOME").value_or("/");
    TRY(settings_, agent::read_settings(snapshot_.value, home, setup_.folder.path()));
    TRY_VOID(files());
    TRY_VOID(channel_logins());
    TRY_VOID(workspaces());
    TRY_VOID(sessions());
    TRY_VOID(configuration());
    return std::move(items_);
  }

private:
  const std::string& state() const { return setup_.folder.path(); }
  void add(State state, std::string what, std::string why) {
    items_.push_back({state, printable(what), printable(why, 600), {}, {}});
  }

  Result<> files() {
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(state(), code)) {
      const auto name = entry.path().filename().string();
      if (is_own_file(name) || name == "agents" || name == "openclaw.json" || name == "state" ||
          name.ends_with(".sock"))
        continue;
      TRY_VOID(copy_tree(entry.path().string(), folder_ + "/" + name));
      add(State::taken, name, fmt::format("{} files", count_files(entry.path().string())));
    }
    return copy_agents(state() + "/agents", folder_ + "/agents");
  }

  Result<> channel_logins() {
    TRY(auto logins, write_channel_logins(state(), setup_.environment, folder_));
    for (auto& login : logins)
      items_.push_back(std::move(login));
    return {};
  }

  Result<> workspaces() {
    for (const auto& agent : settings_.agents) {
      std::error_code code;
      if (agent.workspace.starts_with(state() + "/")) continue; // went along with the folder
      if (fs::exists(agent.workspace, code))
        add(State::kept, "workspace of " + agent.id,
            fmt::format("it stays in {}, and both programs use it", agent.workspace));
    }
    return {};
  }

  // Where the other program finds this agent's workspace.
  std::string moved(const std::string& workspace) const {
    return workspace.starts_with(state() + "/") ? folder_ + workspace.substr(state().size()) : workspace;
  }

  Result<> sessions() {
    const auto path = state() + "/state.db";
    std::error_code code;
    if (!fs::exists(path, code)) return {};
    TRY(const auto connection, store::open_state(path));
    TRY(const auto rows, store::list_sessions(*connection, kMostSessions));
    agent::TranscriptFiles files(folder_ + "/agents", path);
    std::map<std::string, json::object> lists;
    for (const auto& row : rows) {
      const auto* agent = settings_.find_agent(row.agent_id);
      TRY_VOID(files.update(row.agent_id, row.session_id, row.created_ms, agent ? moved(agent->workspace) : folder_));
      lists[row.agent_id][row.key] = session_entry(row);
      add(State::taken, "conversation " + row.key, fmt::format("{}.jsonl", row.session_id));
    }
    for (const auto& [agent, list] : lists)
      TRY_VOID(config::replace_file(fmt::format("{}/agents/{}/sessions/sessions.json", folder_, agent),
                                    config::pretty_json(list) + "\n"));
    return {};
  }

  // What the conversation came with, under what is known of it now.
  json::object session_entry(const store::SessionRow& row) {
    json::object entry;
    const auto& before = entries_before(row.agent_id);
    for (const auto& member : before)
      if (string_or(member.value(), "sessionId") == row.session_id && member.value().is_object())
        entry = member.value().get_object();
    entry["sessionId"] = row.session_id;
    entry["updatedAt"] = row.updated_ms;
    entry["sessionFile"] = fmt::format("{}/agents/{}/sessions/{}.jsonl", folder_, row.agent_id, row.session_id);
    entry["inputTokens"] = row.input_tokens;
    entry["outputTokens"] = row.output_tokens;
    entry["totalTokens"] = row.context_tokens;
    entry["abortedLastRun"] = row.aborted_last;
    const auto put = [&](std::string_view key, const std::optional<std::string>& value) {
      if (value)
        entry[key] = *value;
      else
        entry.erase(key);
    };
    put("label", row.label);
    put("thinkingLevel", row.thinking);
    put("verboseLevel", row.verbose);
    put("modelProvider", row.last_provider);
    put("model", row.last_model);
    const auto slash = row.model ? row.model->find('/') : std::string::npos;
    put("modelOverride", row.model && slash != std::string::npos ? row.model->substr(slash + 1) : row.model);
    put("providerOverride", slash != std::string::npos ? std::optional(row.model->substr(0, slash)) : std::nullopt);
    // Given by its owner to the other program once; the list of moving in said that it was taken away.
    for (const auto* right : {"elevatedLevel", "execSecurity", "execAsk", "execHost"})
      entry.erase(right);
    return entry;
  }

  const json::object& entries_before(const std::string& agent) {
    auto [at, fresh] = before_.try_emplace(agent);
    if (!fresh) return at->second;
    const auto text = config::read_small_file(fmt::format("{}/migration/{}.sessions.json", state(), agent), 256 << 20);
    if (text && *text)
      if (auto parsed = parse_json(**text, "sessions"); parsed && parsed->is_object())
        at->second = parsed->get_object();
    return at->second;
  }

  Result<> configuration() {
    const bool included = has_include(snapshot_.written);
    json::value config = included ? snapshot_.value : snapshot_.written;
    if (!config.is_object()) config = json::object();
    if (included) add(State::changed, "openclaw.json", "what it includes stands in it now");
    for (const auto& path : keep_known_keys(config))
      add(State::lost, "config " + path, "OpenClaw 2026.1.30 refuses to start with this key");
    auto& root = config.get_object();
    auto& gateway = object_at(root, "gateway");
    if (!gateway.contains("mode")) gateway["mode"] = "local";
    auto& auth = object_at(gateway, "auth");
    if (!auth.contains("token") && !auth.contains("password"))
      if (const auto token =
              config::gateway_token(setup_.folder, snapshot_.value, setup_.environment, config::CreateToken::no))
        auth["token"] = token->reveal();
    auto& agents = object_at(root, "agents");
    auto& defaults = object_at(agents, "defaults");
    for (const auto& agent : settings_.agents)
      if (agent.id == "main") defaults["workspace"] = moved(agent.workspace);
    if (auto* list = agents.if_contains("list"); list && list->is_array())
      for (auto& row : list->get_array())
        if (const auto* agent = settings_.find_agent(string_or(row, "id")); agent && row.is_object())
          row.get_object()["workspace"] = moved(agent->workspace);
    root["meta"] =
        json::object{{"lastTouchedVersion", "2026.1.30"}, {"lastTouchedAt", iso_time(SystemClock().now_ms())}};
    add(State::taken, "openclaw.json", "without comments, as that program writes it");
    return config::replace_file(folder_ + "/openclaw.json", config::pretty_json(config) + "\n");
  }

  const Setup& setup_;
  std::string folder_;
  config::Snapshot snapshot_;
  agent::Settings settings_;
  std::vector<MoveItem> items_;
  std::map<std::string, json::object> before_;
};

} // namespace

std::vector<std::string> keep_known_keys(json::value& config) {
  std::vector<std::string> gone;
  keep(config, KnownKeys::all(), {}, gone);
  return gone;
}

Result<std::vector<MoveItem>> move_out(const Setup& setup, const std::string& folder) {
  std::error_code code;
  auto absolute = fs::absolute(folder, code).lexically_normal().string();
  while (absolute.size() > 1 && absolute.back() == '/')
    absolute.pop_back();
  if ((absolute + "/").starts_with(setup.folder.path() + "/"))
    return fail(Kind::invalid, fmt::format("{} lies in the state folder itself.", absolute),
                "Name a folder elsewhere.");
  return MoveOut(setup, absolute).run();
}

} // namespace openclaw::cli
