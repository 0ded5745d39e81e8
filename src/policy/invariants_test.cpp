// Random sequences of changed settings, questions, answers, expiries, replays and exchanged commands. After each step
// what policy decided is compared with rules stated a second time, without digests and without its code.
// OPENCLAW_PROPERTY_SEQUENCES and OPENCLAW_PROPERTY_SEED choose how many and which.
#include "policy/command.hpp"
#include "policy/tool_policy.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <gtest/gtest.h>

namespace openclaw::policy {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

class Dice {
public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    auto z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
  bool one_in(std::size_t count) { return below(count) == 0; }
  template <typename List>
  const auto& of(const List& list) {
    return list[below(std::size(list))];
  }

private:
  std::uint64_t state_;
};

constexpr std::array<const char*, 7> kTools{"exec", "read", "write", "apply_patch", "web_fetch", "message", "cron"};
constexpr std::array<const char*, 14> kEntries{"exec",       "read",          "write",     "apply_patch", "web_fetch",
                                               "message",    "group:fs",      "group:web", "*",           "web_*",
                                               "group:none", "group:runtime", "nothing",   "EXEC"};
constexpr std::array<const char*, 5> kProfiles{"minimal", "coding", "messaging", "full", "unheard-of"};

json::value random_rules(Dice& dice) {
  json::object rules;
  if (dice.one_in(4)) rules["profile"] = dice.of(kProfiles);
  for (const auto* key : {"allow", "deny", "alsoAllow"}) {
    if (!dice.one_in(3)) continue;
    json::array list;
    for (auto left = dice.below(3) + 1; left > 0; --left)
      list.emplace_back(dice.of(kEntries));
    rules[key] = std::move(list);
  }
  return rules;
}

json::value random_config(Dice& dice) {
  auto tools = random_rules(dice).as_object();
  if (dice.one_in(2)) tools["byProvider"] = json::object{{"p", random_rules(dice)}, {"p/m", random_rules(dice)}};
  if (dice.one_in(3)) tools["sandbox"] = json::object{{"tools", random_rules(dice)}};
  if (dice.one_in(3)) tools["subagents"] = json::object{{"tools", random_rules(dice)}};
  if (dice.one_in(2)) tools["exec"] = json::object{{"applyPatch", json::object{{"enabled", dice.one_in(2)}}}};
  json::object config{{"tools", std::move(tools)}};
  if (dice.one_in(2))
    config["agents"] = json::object{{"list", json::array{json::object{{"id", "a"}, {"tools", random_rules(dice)}}}}};
  if (dice.one_in(3))
    config["channels"] = json::object{
        {"c", json::object{{"groups", json::object{{"g", json::object{{"tools", random_rules(dice)},
                                                                      {"toolsBySender",
                                                                       json::object{{"s", random_rules(dice)}}}}}}}}}};
  return config;
}

ToolCaller random_caller(Dice& dice) {
  ToolCaller caller;
  caller.agent_id = dice.one_in(2) ? "a" : "b";
  if (dice.one_in(2)) caller.provider = "p";
  if (dice.one_in(2)) caller.model = "m";
  if (dice.one_in(2)) caller.channel = "c";
  if (dice.one_in(2)) caller.group = "g";
  if (dice.one_in(2)) caller.sender = "s";
  caller.subagent = dice.one_in(2);
  return caller;
}

bool literally_denied(const json::value& value, std::string_view tool) {
  const auto* list = find(value, "deny");
  if (!list) return false;
  return std::any_of(list->get_array().begin(), list->get_array().end(),
                     [&](const json::value& entry) { return entry.get_string() == tool || entry.get_string() == "*"; });
}

// Returns what is broken; empty when nothing is.
std::string check_scopes(Dice& dice) {
  const auto config = random_config(dice);
  const auto caller = random_caller(dice);
  const std::vector<std::string> names{dice.of(kTools)};
  auto stages = tool_stages(config, caller);
  const bool available = judge_tool(names, stages).available;
  // Each stage can only take away: no part of the stages gives less than the whole.
  for (std::size_t kept = 0; kept < stages.size(); ++kept)
    if (available && !judge_tool(names, std::span(stages).first(kept)).available) return "a stage widened a scope";
  if (available && literally_denied(config.at("tools"), names[0])) return "a denied tool is available";
  for (std::size_t i = stages.size(); i > 1; --i)
    std::swap(stages[i - 1], stages[dice.below(i)]);
  if (judge_tool(names, stages).available != available) return "the order of the stages changes the scope";
  // One more rule of an agent, whatever it says, gives nothing that was not there.
  auto more = config;
  if (!more.as_object().contains("agents")) {
    more.as_object()["agents"] =
        json::object{{"list", json::array{json::object{{"id", caller.agent_id}, {"tools", random_rules(dice)}}}}};
    if (!available && judge_tool(names, tool_stages(more, caller)).available) return "an agent's rule widened a scope";
  }
  return {};
}

struct Asked {
  Effect effect;
  Grant grant;
  enum class State { pending, allowed, denied, consumed } state = State::pending;
  int used = 0;
};

bool same_effect(const Effect& a, const Effect& b) {
  if (a.risk != b.risk || a.tool != b.tool || a.summary != b.summary || a.paths != b.paths || a.host != b.host ||
      a.command.has_value() != b.command.has_value())
    return false;
  if (!a.command) return true;
  return a.command->argv == b.command->argv && a.command->through_shell == b.command->through_shell &&
         a.command->resolved_binary == b.command->resolved_binary &&
         a.command->binary_sha256 == b.command->binary_sha256 && a.command->directory == b.command->directory &&
         a.command->environment == b.command->environment && a.command->network == b.command->network &&
         a.command->target == b.command->target;
}

class World {
public:
  explicit World(Dice& dice) : dice_(dice) {
    effects_.push_back(random_effect());
    policy_ = random_policy();
  }

  std::string step() {
    switch (dice_.below(9)) {
    case 0:
      policy_ = random_policy();
      return {};
    case 1:
      now_ += static_cast<std::int64_t>(dice_.below(60));
      return {};
    case 2:
      effects_.push_back(random_effect());
      return {};
    case 3:
      effects_.push_back(exchanged(dice_.of(effects_)));
      return {};
    case 4:
      return ask();
    case 5:
    case 6:
      if (!asked_.empty()) {
        auto& one = asked_[dice_.below(asked_.size())];
        if (one.state == Asked::State::pending)
          one.state = dice_.one_in(4) ? Asked::State::denied : Asked::State::allowed;
      }
      return {};
    default:
      return execute();
    }
  }

private:
  CommandPolicy random_policy() {
    CommandPolicy policy;
    policy.security = std::array{ExecSecurity::deny, ExecSecurity::allowlist, ExecSecurity::full}[dice_.below(3)];
    policy.ask = std::array{ExecAsk::off, ExecAsk::on_miss, ExecAsk::always}[dice_.below(3)];
    for (auto left = dice_.below(3); left > 0; --left)
      policy.allow.push_back({dice_.of(kBinaries), {dice_.of(kArguments)}});
    return policy;
  }

  Effect random_effect() {
    Effect effect;
    effect.risk = Risk::execute;
    effect.tool = "exec";
    CommandEffect command;
    command.resolved_binary = dice_.of(kBinaries);
    command.argv = {command.resolved_binary, dice_.of(kArguments)};
    command.binary_sha256 = dice_.of(kDigests);
    command.directory = dice_.of(kFolders);
    if (dice_.one_in(4)) command.environment["A"] = dice_.of(kArguments);
    if (dice_.one_in(6)) command.network = "host";
    if (dice_.one_in(10)) command.target = "host";
    if (dice_.one_in(6)) {
      command.through_shell = true;
      command.argv = {"/bin/sh", "-c", "a | b"};
    }
    effect.summary = command.argv[1];
    effect.command = std::move(command);
    return effect;
  }

  // Another command that a person would take for the same one.
  Effect exchanged(Effect effect) {
    auto& command = *effect.command;
    switch (dice_.below(7)) {
    case 0:
      command.argv.push_back(dice_.of(kArguments));
      break;
    case 1:
      command.argv[0] += "2";
      break;
    case 2:
      command.directory = dice_.of(kFolders);
      break;
    case 3:
      command.environment["LD_PRELOAD"] = "x.so";
      break;
    case 4:
      command.binary_sha256 = dice_.of(kDigests);
      break;
    case 5:
      command.network = command.network == "host" ? "none" : "host";
      break;
    default:
      // The same bytes, cut in another place.
      if (command.argv.size() > 1 && !command.argv[1].empty()) {
        command.argv[0] += command.argv[1][0];
        command.argv[1].erase(0, 1);
      }
    }
    return effect;
  }

  std::string ask() {
    const auto& effect = dice_.of(effects_);
    if (judge_command(*effect.command, policy_).verdict != Verdict::ask) return {};
    Asked one;
    one.effect = effect;
    one.grant = {std::to_string(asked_.size()), effect.digest(), dice_.of(kSessions), dice_.of(kAgents),
                 now_ + static_cast<std::int64_t>(dice_.below(60))};
    asked_.push_back(std::move(one));
    return {};
  }

  // As the store does it: an allowed one is given once.
  Asked* consume() {
    if (asked_.empty() || dice_.one_in(8)) return nullptr;
    auto& one = asked_[dice_.below(asked_.size())];
    if (one.state != Asked::State::allowed) return nullptr;
    one.state = Asked::State::consumed;
    return &one;
  }

  std::string execute() {
    const auto& effect = dice_.of(effects_);
    const auto session = std::string(dice_.of(kSessions));
    const auto agent = std::string(dice_.of(kAgents));
    const auto decision = judge_command(*effect.command, policy_);
    if (decision.verdict == Verdict::allow) {
      if (policy_.security == ExecSecurity::deny) return "security deny allowed a command";
      if (policy_.security == ExecSecurity::allowlist) {
        if (effect.command->through_shell) return "a shell text was allowed without a question";
        if (effect.command->target != "local") return "a command outside of the sandbox was allowed without a question";
        if (policy_.ask == ExecAsk::always) return "a command was allowed where every one is to be asked for";
        const auto rule = std::find_if(policy_.allow.begin(), policy_.allow.end(), [&](const CommandRule& each) {
          return each.binary == effect.command->resolved_binary &&
                 std::vector(effect.command->argv.begin() + 1, effect.command->argv.end()) == each.arguments;
        });
        const bool reads_only = effect.command->resolved_binary == "/usr/bin/cat";
        if (rule == policy_.allow.end() && !reads_only) return "a command was allowed that no rule names";
        if (!effect.command->environment.empty()) return "a command with its own environment was allowed";
      }
    }
    auto* one = consume();
    std::optional<Grant> grant;
    if (one) grant = one->grant;
    const auto permit = Permit::issue(decision, effect, grant, session, agent, now_);
    if (decision.verdict == Verdict::deny) return permit ? "a denied effect got a permit" : "";
    if (decision.verdict == Verdict::allow) return permit ? "" : "an allowed effect got no permit";
    const bool fits = one && same_effect(one->effect, effect) && one->grant.session_key == session &&
                      one->grant.agent_id == agent && one->grant.expires_at_ms > now_;
    if (permit && !fits) return "an effect happened without a grant for it";
    if (!permit && fits) return "a grant for exactly this was refused";
    if (permit && ++one->used > 1) return "a grant was used twice";
    if (permit && !same_effect(permit->effect(), effect)) return "the permit is for something else";
    return {};
  }

  static constexpr std::array<const char*, 4> kBinaries{"/usr/bin/cat", "/usr/bin/rm", "/work/tool", "/usr/bin/env"};
  static constexpr std::array<const char*, 4> kArguments{"x", "xy", "-rf", ""};
  static constexpr std::array<const char*, 2> kDigests{"11", "22"};
  static constexpr std::array<const char*, 2> kFolders{"/work", "/work/sub"};
  static constexpr std::array<const char*, 2> kSessions{"agent:a:main", "agent:a:other"};
  static constexpr std::array<const char*, 2> kAgents{"a", "b"};

  Dice& dice_;
  std::int64_t now_ = 1000;
  CommandPolicy policy_;
  std::vector<Effect> effects_;
  std::vector<Asked> asked_;
};

TEST(PolicyInvariants, ScopesNeverWidenAndNothingHappensWithoutAGrant) {
  const auto sequences = from_environment("OPENCLAW_PROPERTY_SEQUENCES", 100'000);
  const auto seed = from_environment("OPENCLAW_PROPERTY_SEED", 20261121);
  for (std::uint64_t i = 0; i < sequences; ++i) {
    Dice dice(seed + i * 0x2545f4914f6cdd1dULL);
    auto broken = check_scopes(dice);
    World world(dice);
    for (int step = 0; step < 24 && broken.empty(); ++step)
      broken = world.step();
    ASSERT_EQ(broken, "") << "sequence " << i << " with OPENCLAW_PROPERTY_SEED=" << seed;
  }
}

} // namespace
} // namespace openclaw::policy
