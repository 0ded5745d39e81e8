#include "policy/admission.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <re2/re2.h>

namespace openclaw::policy {
namespace {

std::string bare(std::string_view id) {
  auto text = lowercase_ascii(trim(id));
  for (const std::string_view prefix :
       {"telegram:", "tg:", "discord:", "slack:", "signal:", "whatsapp:", "imessage:", "msteams:", "matrix:", "user:"})
    if (text.starts_with(prefix)) {
      text.erase(0, prefix.size());
      break;
    }
  return text;
}

Admission judge_direct(const Approach& approach, const AccessRules& rules) {
  if (rules.direct == DirectPolicy::disabled) return {Entrance::ignore, false, "dmPolicy is disabled"};
  // "open" without "*" would be a door that nobody meant to open.
  const bool everybody = std::find(rules.allow_from.begin(), rules.allow_from.end(), "*") != rules.allow_from.end();
  const bool known =
      listed(rules.allow_from, approach.sender_ids) || (rules.direct == DirectPolicy::pairing && approach.paired);
  if (known) return {Entrance::accept, true, "allowFrom"};
  if (rules.direct == DirectPolicy::open && everybody) return {Entrance::accept, false, "dmPolicy is open"};
  if (rules.direct == DirectPolicy::pairing) return {Entrance::pair, false, "unknown sender"};
  return {Entrance::ignore, false, "not in allowFrom"};
}

Admission judge_group(const Approach& approach, const AccessRules& rules) {
  if (rules.group == GroupPolicy::disabled) return {Entrance::ignore, false, "groupPolicy is disabled"};
  if (!rules.group_enabled) return {Entrance::ignore, false, "this group is disabled"};
  if (rules.group == GroupPolicy::allowlist && !rules.group_listed && rules.group_allow_from.empty())
    return {Entrance::ignore, false, "groupPolicy is allowlist and this group is not listed"};
  const auto& people = rules.group_allow_from.empty() ? rules.allow_from : rules.group_allow_from;
  const bool known = listed(people, approach.sender_ids) || approach.paired;
  // A listed group without a list of people is open to its members; a list of people holds in every group.
  const bool everybody = std::find(people.begin(), people.end(), "*") != people.end();
  if (!rules.group_allow_from.empty() && !everybody && !listed(rules.group_allow_from, approach.sender_ids))
    return {Entrance::ignore, false, "not in groupAllowFrom"};
  const bool addressed = !rules.require_mention || approach.mentions_me || (approach.command && known);
  if (!addressed) return {Entrance::remember, false, "not mentioned"};
  return {Entrance::accept, known, rules.require_mention ? "mentioned" : "requireMention is off"};
}

} // namespace

bool listed(const std::vector<std::string>& list, const std::vector<std::string>& ids) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& entry) {
    const auto wanted = bare(entry);
    return !wanted.empty() && wanted != "*" &&
           std::any_of(ids.begin(), ids.end(), [&](const std::string& id) { return bare(id) == wanted; });
  });
}

bool mentioned(std::string_view text, const std::vector<std::string>& patterns) {
  RE2::Options options;
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const RE2 expression(pattern, options);
    return expression.ok() && RE2::PartialMatch(text, expression);
  });
}

Admission admit(const Approach& approach, const AccessRules& rules) {
  if (approach.sender_is_self) return {Entrance::ignore, false, "our own message"};
  if (approach.sender_ids.empty()) return {Entrance::ignore, false, "no sender"};
  if (approach.sender_is_bot && !rules.allow_bots) return {Entrance::ignore, false, "a bot (allowBots is off)"};
  auto admission = approach.direct ? judge_direct(approach, rules) : judge_group(approach, rules);
  if (admission.verdict == Entrance::accept && rules.commands_for_all) admission.may_command = true;
  return admission;
}

} // namespace openclaw::policy
