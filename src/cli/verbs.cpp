#include "cli/verbs.hpp"

#include "base/embedded.hpp"
#include <fmt/core.h>
#include <set>

namespace openclaw::cli {
namespace {

bool takes_words(const Command& command) {
  return !command.usage.empty() && command.usage.front() != '-';
}

void check_reserved(const CommandTable& table, const ReservedVerb& verb, std::vector<std::string>& out) {
  const auto word = verb.verb.substr(0, verb.verb.find(' '));
  if (verb.extends.empty()) {
    if (table.has_group(word))
      out.push_back(fmt::format("\"{}\" is kept for later and is a command as well: take it off the list.", verb.verb));
    return;
  }
  const auto* command = table.find(verb.extends);
  if (!command || word != verb.extends)
    out.push_back(fmt::format("\"{}\" is to belong to \"{}\", which is no such command.", verb.verb, verb.extends));
  else if (verb.verb.find(" --") == std::string::npos && takes_words(*command))
    out.push_back(fmt::format("\"{}\" is kept for later, and \"{}\" takes words already.", verb.verb, verb.extends));
}

} // namespace

Result<VerbPlan> verb_plan() {
  VerbPlan plan;
  TRY(const auto content, parse_json(find_embedded(embedded_texts(), "cli/reserved_verbs.json").value_or(""), "verbs"));
  if (const auto* list = find(content, "reserved"); list && list->is_array())
    for (const auto& one : list->get_array())
      plan.reserved.push_back({string_or(one, "verb"), string_or(one, "meaning"), string_or(one, "extends")});
  if (const auto* aliases = find(content, "aliases"); aliases && aliases->is_object())
    for (const auto& one : aliases->get_object())
      if (one.value().is_string()) plan.aliases[one.key()] = one.value().get_string();
  return plan;
}

std::vector<std::string> verb_clashes(const CommandTable& table, const VerbPlan& plan) {
  std::vector<std::string> out;
  std::map<std::string, std::string> meanings; // and who has it
  std::set<std::string> verbs;
  for (const auto& command : table.commands()) {
    if (!verbs.insert(command.name).second)
      out.push_back(fmt::format("Two commands claim the verb \"{}\".", command.name));
    if (plan.aliases.contains(command.name)) continue;
    const auto [other, fresh] = meanings.try_emplace(command.summary, command.name);
    if (!fresh)
      out.push_back(
          fmt::format("\"{}\" and \"{}\" mean the same: \"{}\"", other->second, command.name, command.summary));
  }
  for (const auto& [alias, target] : plan.aliases) {
    if (!table.find(alias)) out.push_back(fmt::format("The alias \"{}\" is no command.", alias));
    if (!table.find(target) || plan.aliases.contains(target))
      out.push_back(fmt::format("The alias \"{}\" leads to \"{}\", which is no command of its own.", alias, target));
  }
  for (const auto& verb : plan.reserved) {
    if (!verbs.insert(verb.verb).second && verb.extends.empty() && !table.has_group(verb.verb))
      out.push_back(fmt::format("\"{}\" is kept for later twice.", verb.verb));
    if (verb.meaning.empty()) out.push_back(fmt::format("\"{}\" has no meaning.", verb.verb));
    check_reserved(table, verb, out);
  }
  return out;
}

} // namespace openclaw::cli
