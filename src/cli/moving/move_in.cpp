#include "cli/moving/move_in.hpp"

#include "agent/session_key.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "cli/moving/channel_logins.hpp"
#include "cli/moving/folder_copy.hpp"
#include "cli/moving/rights.hpp"
#include "config/files.hpp"
#include "store/sessions.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <map>
#include <set>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;
using State = MoveItem::State;

constexpr std::size_t kSmallFile = 64 * 1024 * 1024;

class Planner {
public:
  Planner(MovePlace place, const json::value& schema, const config::Environment& environment)
      : place_(std::move(place)), schema_(schema), environment_(environment) {}

  Result<MovePlan> plan() {
    const auto kind = old_kind(place_.source);
    plan_.version = kind == OldKind::databases ? "2026.9" : "2026.1";
    TRY_VOID(files());
    TRY_VOID(channel_logins());
    TRY_VOID(conversations());
    TRY_VOID(logins());
    TRY_VOID(other_rights());
    TRY_VOID(configuration());
    return std::move(plan_);
  }

private:
  void add(State state, std::string what, std::string why, std::string command = {}, std::string loss = {}) {
    plan_.items.push_back({state, printable(what), printable(why, 600), std::move(command), std::move(loss)});
  }
  Result<json::value> read(const std::string& name) const {
    TRY(const auto text, config::read_small_file(place_.source + "/" + name, kSmallFile));
    if (!text) return json::value();
    return parse_json(*text, name);
  }

  // Everything that lies there and is no conversation and no configuration.
  Result<> files() {
    std::error_code ignored;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(place_.source, ignored))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
      if (is_own_file(name) || name == "openclaw.json" || name.starts_with("openclaw.json.") || name == "agents")
        continue;
      if (name == "state" || name == "tmp" || name.ends_with(".sock") || name.ends_with(".lock")) continue;
      const auto counted = count_files(place_.source + "/" + name);
      if (name.starts_with("workspace"))
        add(State::taken, name, fmt::format("{} files of the agent", counted));
      else
        add(State::kept, name, kept_reason(name, counted));
      if (place_.in_place) continue;
      for (auto& clash : clashes(place_.source + "/" + name, place_.target + "/" + name))
        add(State::lost, clash.substr(place_.target.size() + 1),
            "another file of that name is there already; it stays, and this one is not copied", {},
            "file:" + clash.substr(place_.target.size() + 1));
      plan_.steps.emplace_back(
          [from = place_.source + "/" + name, to = place_.target + "/" + name] { return copy_tree(from, to); });
    }
    if (!place_.in_place)
      plan_.steps.emplace_back(
          [from = place_.source + "/agents", to = place_.target + "/agents"] { return copy_agents(from, to); });
    return {};
  }

  static std::string kept_reason(const std::string& name, std::size_t files) {
    static const std::map<std::string_view, std::string_view> reasons = {
        {"credentials", "logins and approved senders of the messengers"},
        {"cron", "schedules; those of the old program do not run by themselves here"},
        {"identity", "the key of this machine as a client"},
        {"devices", "pairings of the old program"},
        {"nodes", "pairings of the old program"},
        {"exec-approvals.json", "what the old program let commands do"},
        {".env", "variables, read as before"},
        {"skills", "skills"},
        {"memory", "the old program's index of memories, which can be made anew from the workspace"},
    };
    const auto known = reasons.find(name);
    const auto count = fmt::format("{} {}", files, files == 1 ? "file" : "files");
    return known == reasons.end() ? fmt::format("{}; not known to this program", count)
                                  : fmt::format("{}; {}", count, known->second);
  }

  Result<> channel_logins() {
    TRY(auto logins, find_channel_logins(place_, environment_));
    for (auto& login : logins) {
      plan_.items.push_back(std::move(login.item));
      plan_.steps.push_back(std::move(login.take));
    }
    return {};
  }

  Result<> conversations() {
    TRY(auto old, read_old_sessions(place_.source));
    logins_ = std::move(old.logins);
    login_agents_ = std::move(old.login_agents);
    for (const auto& count : old.remainder)
      add(State::lost, fmt::format("{} ({})", count.name, count.rows),
          "they are in state/openclaw.sqlite, of which this program reads nothing; the file stays where it is", {},
          "database:" + std::string(count.name.substr(0, count.name.find(' '))));
    std::set<std::string> taken;
    std::map<std::string, json::object> entries;
    for (auto& session : old.sessions) {
      entries[session.agent_id][session.key] = session.entry;
      conversation(std::move(session), taken);
    }
    // For `openclaw export`: fields that this program has no use for go back with the conversation.
    for (auto& [agent, list] : entries)
      plan_.steps.emplace_back([path = fmt::format("{}/migration/{}.sessions.json", place_.target, agent),
                                text = to_text(list) + "\n"]() -> Result<> {
        std::error_code ignored;
        fs::create_directories(fs::path(path).parent_path(), ignored);
        return config::replace_file(path, text);
      });
    return {};
  }

  void conversation(OldSession session, std::set<std::string>& taken) {
    const auto what = fmt::format("conversation {}", session.key);
    const auto key = agent::canonical_session_key(session.key, session.agent_id);
    if (!key || !valid_id(session.session_id)) {
      add(State::lost, what, "its key or its id is none that this program can have", {},
          fmt::format("conversation:{}", session.session_id.empty() ? session.key : session.session_id));
      return;
    }
    store::SessionRow row;
    row.key = key->canonical;
    if (!taken.insert(row.key).second) {
      row.key += ":" + session.session_id.substr(0, 8);
      taken.insert(row.key);
      add(State::changed, what, fmt::format("a newer one has the same name here, so this one becomes {}", row.key));
    }
    row.agent_id = key->agent_id;
    row.session_id = session.session_id;
    const auto& entry = session.entry;
    const auto text = [&](std::string_view name) -> std::optional<std::string> {
      auto value = string_or(entry, name);
      return value.empty() ? std::nullopt : std::optional(std::move(value));
    };
    row.updated_ms = integer_or(entry, "updatedAt", session.transcript.created_ms);
    row.created_ms = session.transcript.created_ms ? session.transcript.created_ms : row.updated_ms;
    row.channel = text("lastChannel").value_or("webchat");
    row.label = text("label");
    if (const auto model = text("modelOverride"))
      row.model = text("providerOverride") ? *text("providerOverride") + "/" + *model : *model;
    row.thinking = text("thinkingLevel");
    row.verbose = text("verboseLevel");
    row.input_tokens = integer_or(entry, "inputTokens", 0);
    row.output_tokens = integer_or(entry, "outputTokens", 0);
    row.context_tokens = integer_or(entry, "totalTokens", 0);
    row.last_provider = text("modelProvider");
    row.last_model = text("model");
    row.aborted_last = bool_or(entry, "abortedLastRun", false);
    describe(what, session);
    plan_.steps.emplace_back([this_target = place_.target, row = std::move(row),
                              transcript = std::move(session.transcript)]() mutable -> Result<> {
      return take_conversation(this_target, std::move(row), transcript);
    });
  }

  void describe(const std::string& what, const OldSession& session) {
    const auto& transcript = session.transcript;
    auto why = fmt::format("{} messages", transcript.messages);
    if (transcript.elsewhere > 0)
      why += fmt::format("; {} entries of other branches stay in its file", transcript.elsewhere);
    if (transcript.compacted) why += "; its summaries are kept, and all messages are read instead of them";
    if (transcript.converted) why += "; brought from an older version of the format";
    add(State::taken, what, std::move(why));
    if (!session.transcript_found) add(State::changed, what, "its transcript is not there, so it begins empty");
    if (transcript.torn_bytes > 0)
      add(State::changed, what,
          fmt::format("its last line was cut off while it was written; these {} bytes are left out",
                      transcript.torn_bytes));
    if (transcript.damaged > 0)
      add(State::lost, what, fmt::format("{} lines are no entries of a transcript", transcript.damaged), {},
          "lines:" + session.session_id);
    if (session.compressed > 0)
      add(State::lost, what,
          fmt::format("{} entries are compressed in a way that this program does not read", session.compressed), {},
          "entries:" + session.session_id);
    // What a conversation was allowed beyond its agent.
    static constexpr struct {
      const char* field;
      std::string_view right;
      const char* grant;
    } kRights[] = {{"elevatedLevel", "on", "openclaw config set tools.elevated.enabled true"},
                   {"elevatedLevel", "ask", "openclaw config set tools.elevated.enabled true"},
                   {"elevatedLevel", "full", "openclaw config set tools.elevated.enabled true"},
                   {"execSecurity", "full", "openclaw config set tools.exec.security full"},
                   {"execAsk", "off", "openclaw config set tools.exec.ask off"}};
    for (const auto& [field, right, grant] : kRights)
      if (string_or(session.entry, field) == right)
        add(State::changed, what, fmt::format("{} was {}; what holds for its agent holds here", field, right), grant);
  }

  static Result<> take_conversation(const std::string& target, store::SessionRow row, const OldTranscript& transcript) {
    TRY(const auto connection, store::open_state(target + "/state.db"));
    const auto work = [&]() -> Result<> {
      TRY(const auto last, store::last_entry_id(*connection, row.session_id));
      TRY(const auto there, store::find_session(*connection, row.key));
      if (there && there->session_id == row.session_id) return {};
      // This program has a conversation of that name already; both stay.
      if (there) row.key += ":" + row.session_id.substr(0, 8);
      if (last.empty())
        for (const auto& line : transcript.branch)
          TRY_VOID(store::append_entry(*connection, row.session_id, line.id, "", line.body));
      return store::save_session(*connection, row);
    };
    TRY_VOID(store::in_transaction(*connection, work));
    const auto folder = fmt::format("{}/agents/{}/sessions", target, row.agent_id);
    std::error_code ignored;
    fs::create_directories(folder, ignored);
    const auto path = fmt::format("{}/{}.jsonl", folder, row.session_id);
    TRY(const auto present, config::read_small_file(path, 512ULL * 1024 * 1024));
    if (present && *present == transcript.text) return {};
    return config::replace_file(path, transcript.text);
  }

  Result<> logins() {
    for (std::size_t i = 0; i < logins_.size(); ++i) {
      const auto name = fmt::format("agents/{}/agent/auth-profiles.json", login_agents_[i]);
      list_logins(name, parse_json(logins_[i], name).value_or(json::value()));
      plan_.steps.emplace_back([path = place_.target + "/" + name, text = logins_[i]]() -> Result<> {
        std::error_code ignored;
        if (fs::exists(path, ignored)) return {};
        fs::create_directories(fs::path(path).parent_path(), ignored);
        return config::replace_file(path, text);
      });
    }
    std::error_code ignored;
    for (const auto& agent : fs::directory_iterator(place_.source + "/agents", ignored))
      for (const auto* place : {"agent/auth-profiles.json", "auth-profiles.json"}) {
        const auto name = fmt::format("agents/{}/{}", agent.path().filename().string(), place);
        TRY(const auto text, config::read_small_file(place_.source + "/" + name, kSmallFile));
        if (!text) continue;
        const auto content = parse_json(*text, name);
        if (content)
          list_logins(name, *content);
        else
          add(State::kept, name, "it is no JSON, so nothing in it can be used");
      }
    return {};
  }
  void list_logins(const std::string& file, const json::value& content) {
    const auto* profiles = find(content, "profiles");
    if (!profiles || !profiles->is_object()) return;
    for (const auto& profile : profiles->get_object())
      add(State::taken, fmt::format("login {}", std::string_view(profile.key())),
          fmt::format("{}, in {}", printable(string_or(profile.value(), "type", "?"), 20), file));
  }

  // Rights that lie outside of the configuration.
  Result<> other_rights() {
    TRY(const auto devices, read("devices/paired.json"));
    if (const auto* list = devices.if_object(); list && !list->empty())
      add(State::changed, fmt::format("paired devices ({})", list->size()),
          "their keys open nothing here; each one asks again when it connects", "openclaw devices approve ID");
    TRY(const auto approvals, read("exec-approvals.json"));
    const auto list = [&](const std::string& who, const json::value& settings) {
      const auto security = string_or(settings, "security"), ask = string_or(settings, "ask");
      if (security == "full" || ask == "off")
        add(State::changed, "exec-approvals.json: " + who,
            fmt::format("commands ran with security \"{}\", ask \"{}\"; here they need an allow rule or your answer",
                        printable(security, 20), printable(ask, 20)),
            security == "full" ? "openclaw config set tools.exec.security full"
                               : "openclaw config set tools.exec.ask off");
      const auto* allowed = find(settings, "allowlist");
      if (!allowed || !allowed->is_array()) return;
      for (const auto& rule : allowed->get_array())
        add(State::changed, fmt::format("exec-approvals.json: {} may run {}", who, string_or(rule, "pattern", "?")),
            "a rule there allows any arguments, and a rule here names them: you are asked once for each command",
            "openclaw approvals always ID");
    };
    if (const auto* defaults = find(approvals, "defaults")) list("every agent", *defaults);
    if (const auto* agents = find(approvals, "agents"); agents && agents->is_object())
      for (const auto& agent : agents->get_object())
        list("agent " + std::string(agent.key()), agent.value());
    TRY(const auto jobs, read("cron/jobs.json"));
    if (const auto* rows = find(jobs, "jobs"); rows && rows->is_array())
      for (const auto& job : rows->get_array())
        add(State::kept, fmt::format("schedule {}", string_or(job, "name", string_or(job, "id", "?"))),
            "in cron/jobs.json; it does not run here until you make it anew");
    return {};
  }

  Result<> configuration() {
    const auto path = place_.source + "/openclaw.json";
    auto environment = environment_;
    environment.add_file(place_.source + "/.env");
    const config::Config old(path, schema_, environment);
    TRY(const auto snapshot, old.load());
    if (!snapshot.exists) {
      add(State::taken, "openclaw.json", "there is none, so the defaults are in force");
      return {};
    }
    auto text = snapshot.raw;
    std::set<std::string> gone;
    for (const auto& problem : snapshot.problems) {
      const auto what = problem.path.empty() ? std::string("openclaw.json") : "config " + problem.path;
      if (problem.severity == config::Problem::Severity::warning) {
        add(State::kept, what, problem.message + "; it stays in the file");
        continue;
      }
      auto parsed = config::parse_path(problem.path);
      auto without = parsed && !parsed->empty() && gone.insert(problem.path).second
                         ? config::unset_in_text(text, *parsed)
                         : fail(Kind::invalid, "");
      if (!without) {
        // Nothing can be cut out of a file that cannot be read, or that is included.
        if (gone.contains(problem.path)) continue;
        return fail(Kind::invalid, problem.text(), "Correct it there, then run the command again.");
      }
      text = std::move(*without);
      add(State::lost, what, problem.message + "; the key is left out", {}, "config:" + problem.path);
    }
    unread_sections(snapshot.value);
    for (const auto& right : granted_rights(snapshot.value)) {
      add(State::changed, "config " + config::path_text(right.path),
          fmt::format("it was {}, and becomes {}", right.was,
                      right.safe.is_array() ? "those who are named" : to_text(right.safe)),
          right.grant);
      TRY(text, config::set_in_text(text, right.path, right.safe));
    }
    if (!place_.in_place) TRY_VOID(move_paths(snapshot.value, {}, text, 0));
    std::size_t sections = snapshot.value.is_object() ? snapshot.value.get_object().size() : 0;
    add(State::taken, "openclaw.json", fmt::format("{} sections, with comments and $include as they stand", sections));
    existing_configuration(text);
    plan_.steps.emplace_back([path = place_.target + "/openclaw.json", text, schema = schema_,
                              environment = std::move(environment)]() -> Result<> {
      const config::Config target(path, schema, environment);
      TRY(const auto present, target.load());
      if (present.exists && present.raw == text) return {};
      TRY([[maybe_unused]] const auto written, target.write(text, {.base_hash = std::nullopt, .force = true}));
      return {};
    });
    return {};
  }

  void existing_configuration(const std::string& text) {
    if (place_.in_place) return;
    const auto there = config::read_small_file(place_.target + "/openclaw.json", kSmallFile);
    if (there && *there && **there != text)
      add(State::lost, "the configuration of " + place_.target,
          "it gives way to the one that moves in; revisions/openclaw.json.1 keeps it", {}, "config");
  }

  void unread_sections(const json::value& value) {
    const auto* object = value.if_object();
    const auto* properties = find(schema_, "properties");
    if (!object || !properties) return;
    for (const auto& member : *object) {
      const auto* section = find(*properties, member.key());
      if (!section || !section->is_object()) continue;
      const auto& schema = section->get_object();
      const bool open = !schema.contains("properties") && !schema.contains("type") && !schema.contains("anyOf");
      if (open)
        add(State::kept, "config " + std::string(member.key()),
            "it stays in the file; this program does not read it yet");
      if (open && member.key() == "plugins")
        if (const auto* entries = find(member.value(), "entries"); entries && entries->is_object())
          for (const auto& plugin : entries->get_object())
            add(State::lost, "plugin " + std::string(plugin.key()),
                "it is a program of the old kind, which runs only there", {}, "plugin:" + std::string(plugin.key()));
    }
  }

  // Paths into the old folder lead into the new one.
  Result<> move_paths(const json::value& value, config::Path path, std::string& text, int depth) {
    if (depth > 16) return {};
    if (const auto* object = value.if_object()) {
      for (const auto& member : *object) {
        auto inner = path;
        inner.emplace_back(member.key());
        TRY_VOID(move_paths(member.value(), std::move(inner), text, depth + 1));
      }
    } else if (const auto* list = value.if_array()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        auto inner = path;
        inner.push_back(std::to_string(i));
        TRY_VOID(move_paths((*list)[i], std::move(inner), text, depth + 1));
      }
    } else if (value.is_string()) {
      auto written = std::string(value.get_string());
      if (written.starts_with("~/")) written = place_.home + written.substr(1);
      if (!written.starts_with(place_.source + "/")) return {};
      const auto moved = place_.target + written.substr(place_.source.size());
      add(State::changed, "config " + config::path_text(path),
          fmt::format("it named {}, and names {}", written, moved));
      TRY(text, config::set_in_text(text, path, json::value(json::string(moved))));
    }
    return {};
  }

  MovePlace place_;
  const json::value& schema_;
  const config::Environment& environment_;
  MovePlan plan_;
  std::vector<std::string> logins_, login_agents_;
};

} // namespace

std::string_view state_word(MoveItem::State state) {
  switch (state) {
  case State::taken:
    return "taken over";
  case State::changed:
    return "changed";
  case State::kept:
    return "kept";
  case State::lost:
    return "LOST";
  }
  return "";
}

std::vector<std::string> MovePlan::losses() const {
  std::vector<std::string> names;
  for (const auto& item : items)
    if (!item.loss.empty()) names.push_back(item.loss);
  return names;
}

Result<MovePlan> plan_moving_in(MovePlace place, const json::value& schema, const config::Environment& environment) {
  return Planner(std::move(place), schema, environment).plan();
}

Result<> back_up(const std::string& folder, const std::string& backup) {
  std::error_code code;
  if (fs::exists(backup, code)) return {};
  const auto partial = backup + ".partial";
  fs::remove_all(partial, code);
  fs::create_directories(partial, code);
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    const auto name = entry.path().filename().string();
    if (is_own_file(name) || stays_untouched(name)) continue;
    TRY_VOID(copy_tree(entry.path().string(), partial + "/" + name));
  }
  fs::rename(partial, backup, code);
  if (code) return fail(Kind::transient, fmt::format("The backup {} cannot be made: {}.", backup, code.message()));
  return {};
}

} // namespace openclaw::cli
