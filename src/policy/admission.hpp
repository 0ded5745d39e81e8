// Who may talk to an agent through a messenger, decided before any model is called. Pure: what must be looked up (a
// person let in by pairing) is handed in.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::policy {

enum class DirectPolicy { pairing, allowlist, open, disabled };
enum class GroupPolicy { allowlist, open, disabled };

// The settings that apply to one chat, most special first, already merged.
struct AccessRules {
  DirectPolicy direct = DirectPolicy::pairing;
  std::vector<std::string> allow_from; // ids; "*" is everybody
  GroupPolicy group = GroupPolicy::allowlist;
  std::vector<std::string> group_allow_from; // people in groups; empty: allow_from
  bool group_listed = false;                 // this group (or "*") stands in the configuration
  bool group_enabled = true;
  bool require_mention = true;
  bool allow_bots = false;
  std::vector<std::string> mention_patterns; // RE2, without case
  bool commands_for_all = false;             // commands.useAccessGroups is off: who is answered may also command
};

struct Approach {
  bool direct = true;
  std::vector<std::string> sender_ids; // the stable ones; never names
  bool sender_is_bot = false;
  bool sender_is_self = false;
  bool paired = false;      // let in by pairing
  bool mentions_me = false; // by the platform, by a pattern, or by replying to us
  bool command = false;     // a control command, from somebody who may give it, needs no mention
};

enum class Entrance {
  accept,
  remember, // in a group, without a mention: kept as context for the next turn
  pair,     // unknown person: give them a code, nothing else
  ignore,
};
struct Admission {
  Entrance verdict = Entrance::ignore;
  bool may_command = false;
  std::string_view reason; // a configuration key or a few words, for logs and `channels status`
};

Admission admit(const Approach& approach, const AccessRules& rules);

// Whether one of the ids stands in the list, with or without the platform's prefixes ("telegram:123", "user:U1",
// "@me:…" stays as it is). Case does not matter, spaces neither.
bool listed(const std::vector<std::string>& list, const std::vector<std::string>& ids);
// Whether a mention pattern matches; patterns that are not RE2 match nothing.
bool mentioned(std::string_view text, const std::vector<std::string>& patterns);

} // namespace openclaw::policy
