#include "agent/origin.hpp"

#include <algorithm>

namespace openclaw::agent {

json::object to_json(const Origin& origin) {
  json::object value{{"channel", origin.channel}, {"account", origin.account}, {"sender", origin.sender}};
  if (!origin.space.empty()) value["space"] = origin.space;
  if (!origin.group.empty()) value["group"] = origin.group;
  if (origin.history_turns > 0) value["historyTurns"] = origin.history_turns;
  return value;
}

Origin origin_from(const json::value* value) {
  Origin origin;
  if (!value) return origin;
  origin.channel = string_or(*value, "channel");
  origin.account = string_or(*value, "account");
  origin.space = string_or(*value, "space");
  origin.group = string_or(*value, "group");
  origin.sender = string_or(*value, "sender");
  origin.history_turns = static_cast<int>(std::clamp<std::int64_t>(integer_or(*value, "historyTurns", 0), 0, 10'000));
  return origin;
}

} // namespace openclaw::agent
