// Keys of model providers in agents/ID/agent/auth-profiles.json. A key is read from a prompt or from standard input,
// never from the command line, where others could see it; everything else in the file stays as it is.
#include "agent/auth_profiles.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "config/edit.hpp"
#include "config/files.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

constexpr std::size_t kLargestFile = 1024 * 1024;
constexpr std::size_t kLongestKey = 16 * 1024;

Result<Secret> read_key(Output& output, std::string_view provider) {
  const auto given = read_secret(output, fmt::format("Key of {} (it is not shown):", provider), kLongestKey);
  const Secret key{std::string(trim(given.reveal()))};
  if (key.empty())
    return fail(Kind::invalid, "No key came.",
                fmt::format("Type it when asked, or hand it in: openclaw models auth add {} < FILE", provider));
  if (key.reveal().size() > kLongestKey || key.reveal().find_first_of("\r\n\t ") != std::string::npos)
    return fail(Kind::invalid, "That is no key: it has spaces or line breaks in it, or is longer than 16 KB.");
  return key;
}

struct ProfileFile {
  std::string path;
  json::object root;
  json::object& part(std::string_view name) {
    auto& value = root[name];
    if (!value.is_object()) value = json::object();
    return value.get_object();
  }
};

Result<ProfileFile> load(const Setup& setup, const std::string& agent, bool create) {
  TRY_VOID(check_id(agent, "agent id"));
  ProfileFile file;
  const auto names = agent::auth_profile_files(agent);
  file.path = setup.folder.file("agents/" + names.front());
  TRY(auto text, config::read_small_file(file.path, kLargestFile));
  // The place that some other programs use is read when the usual one is empty, and is the one that is written then.
  if (!text) {
    const auto other = setup.folder.file("agents/" + names.back());
    TRY(auto there, config::read_small_file(other, kLargestFile));
    if (there) {
      file.path = other;
      text = std::move(there);
    }
  }
  if (!text) {
    if (create) {
      TRY_VOID(setup.folder.prepare());
      TRY([[maybe_unused]] const auto folder, setup.folder.sub(fmt::format("agents/{}/agent", agent)));
    }
    file.root = {{"version", 1}};
    return file;
  }
  TRY(auto parsed, parse_json(*text, file.path));
  if (!parsed.is_object())
    return fail(Kind::invalid, fmt::format("{} is no JSON object.", file.path), "Mend it, or move it away.");
  file.root = std::move(parsed.get_object());
  return file;
}

Result<> save(const ProfileFile& file) {
  return config::replace_file(file.path, config::pretty_json(file.root) + "\n");
}

std::string default_agent(const json::value& config) {
  const auto* list = find_path(config, "agents.list");
  if (!list || !list->is_array() || list->get_array().empty()) return "main";
  for (const auto& agent : list->get_array())
    if (bool_or(agent, "default", false)) return string_or(agent, "id", "main");
  return string_or(list->get_array().front(), "id", "main");
}

int list(Invocation& invocation, const ProfileFile& file, const agent::StoredCredentials& credentials,
         const std::string& only) {
  auto& output = invocation.output();
  json::array shown;
  std::vector<std::vector<std::string>> rows;
  for (const auto& [provider, keys] : credentials) {
    if (!only.empty() && provider != only) continue;
    for (const auto& key : keys) {
      const auto id = key.id.substr(std::string_view("profile:").size());
      const auto state = key.problem ? key.problem->message : std::string("usable");
      shown.push_back(
          json::object{{"profile", id}, {"provider", provider}, {"usable", !key.problem}, {"state", state}});
      rows.push_back({provider, terminal_safe(id), terminal_safe(state)});
    }
  }
  if (output.json())
    output.value(json::object{{"file", file.path}, {"profiles", std::move(shown)}});
  else if (rows.empty())
    output.line("No keys are stored. Add one with: openclaw models auth add PROVIDER");
  else
    output.table({{"Provider"}, {"Profile"}, {"State"}}, rows);
  return 0;
}

int done(Invocation& invocation, const ProfileFile& file, std::string_view what) {
  auto& output = invocation.output();
  if (output.json())
    output.value(json::object{{"ok", true}, {"file", file.path}});
  else
    output.line(terminal_safe(what));
  return 0;
}

Result<int> add(Invocation& invocation, ProfileFile file, const std::string& provider) {
  if (!valid_id(provider))
    return fail(Kind::invalid, "Whose key is it?", "openclaw models auth add PROVIDER, for instance anthropic");
  const auto type = invocation.has("token") ? std::string("token") : std::string("api_key");
  const auto id = fmt::format("{}:{}", provider, invocation.value("name").value_or("default"));
  TRY_VOID(check_id(id, "profile"));
  TRY(const auto key, read_key(invocation.output(), provider));
  file.part("profiles")[id] =
      json::object{{"type", type}, {"provider", provider}, {type == "token" ? "token" : "key", key.reveal()}};
  // An explicit order names everybody who is asked.
  if (auto* order = file.part("order").if_contains(provider); order && order->is_array()) {
    auto& names = order->get_array();
    if (std::find(names.begin(), names.end(), json::value(id)) == names.end()) names.push_back(json::value(id));
  }
  if (file.part("order").empty()) file.root.erase("order");
  TRY_VOID(save(file));
  return done(invocation, file, fmt::format("{} is stored and used from the next message on.", id));
}

Result<int> remove(Invocation& invocation, ProfileFile file, const std::string& id) {
  if (!file.part("profiles").if_contains(id))
    return fail(Kind::missing, fmt::format("There is no profile \"{}\" in {}.", printable(id, 100), file.path),
                "See them with: openclaw models auth list");
  file.part("profiles").erase(id);
  for (auto& entry : file.part("order"))
    if (auto* names = entry.value().if_array())
      names->erase(std::remove(names->begin(), names->end(), json::value(id)), names->end());
  if (file.part("order").empty()) file.root.erase("order");
  TRY_VOID(save(file));
  return done(invocation, file, fmt::format("{} is gone.", id));
}

Result<int> order(Invocation& invocation, ProfileFile file, const std::string& provider) {
  const auto& given = invocation.arguments();
  if (given.size() < 3)
    return fail(Kind::invalid, "In which order?", "openclaw models auth order PROVIDER PROFILE..., or PROVIDER none");
  json::array names;
  for (auto id = given.begin() + 2; id != given.end() && *id != "none"; ++id) {
    const auto* profile = file.part("profiles").if_contains(*id);
    if (!profile || string_or(*profile, "provider") != provider)
      return fail(Kind::missing,
                  fmt::format("There is no profile \"{}\" of {} in {}.", printable(*id, 100), provider, file.path),
                  "See them with: openclaw models auth list");
    names.push_back(json::value(*id));
  }
  if (names.empty())
    file.part("order").erase(provider);
  else
    file.part("order")[provider] = std::move(names);
  if (file.part("order").empty()) file.root.erase("order");
  TRY_VOID(save(file));
  return done(invocation, file, fmt::format("The order of {} is stored.", provider));
}

Result<int> auth(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 20));
  const auto action = invocation.arguments().empty() ? std::string("list") : invocation.argument(0);
  if (action != "list" && action != "add" && action != "remove" && action != "order")
    return fail(Kind::invalid, fmt::format("\"{}\" is nothing that can be done with keys.", printable(action, 40)),
                "Use list, add, remove or order.");
  if (action != "order" && invocation.arguments().size() > 2)
    return fail(Kind::invalid,
                "A key is not taken from the command line, where other users of the machine could see it.",
                fmt::format("openclaw models auth {} {}", action, invocation.argument(1)));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  const auto agent_id = invocation.value("agent").value_or(default_agent(snapshot.value));
  TRY(auto file, load(setup, agent_id, action == "add"));
  const auto second = invocation.argument(1);
  if (action == "add") return add(invocation, std::move(file), lowercase_ascii(second));
  if (action == "remove") return remove(invocation, std::move(file), second);
  if (action == "order") return order(invocation, std::move(file), lowercase_ascii(second));
  TRY(auto profiles, agent::parse_auth_profiles(to_text(file.root), setup.environment.variables()));
  return list(invocation, file,
              agent::stored_credentials({std::move(profiles)}, agent::configured_auth_order(snapshot.value),
                                        SystemClock().now_ms()),
              lowercase_ascii(second));
}

} // namespace

void register_models_auth(CommandTable& table) {
  table.add({"models auth",
             "Show, add and remove the keys that are asked in turn.",
             "[list [PROVIDER]|add PROVIDER|remove PROFILE|order PROVIDER PROFILE...]",
             {{"agent", 0, "ID", "The agent whose keys they are (the default one's serve all)."},
              {"name", 0, "NAME", "With add: tells several keys of a provider apart (default)."},
              {"token", 0, "", "With add: it is a login's token, not an API key."}},
             reporting(auth)});
}

} // namespace openclaw::cli
