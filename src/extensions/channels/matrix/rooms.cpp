#include "extensions/channels/matrix/rooms.hpp"

#include "base/text.hpp"
#include <algorithm>

namespace openclaw::extensions::matrix {
namespace {

constexpr std::size_t kMostDirectRooms = 10'000;
constexpr int kMostUpgrades = 20; // of one room; what names itself in a circle ends here

template <class Each>
void each_event(const json::value& joined, Each each) {
  for (const std::string_view section : {"state", "timeline"})
    for (const auto& event : events_in(joined, section))
      each(event);
}

std::string content_text(const json::value& event, std::string_view key) {
  const auto* content = find(event, "content");
  return content ? string_or(*content, key) : std::string();
}

} // namespace

const json::array& events_in(const json::value& value, std::string_view section) {
  static const json::array none;
  const auto* part = find(value, section);
  const auto* events = part ? find(*part, "events") : nullptr;
  return events && events->is_array() ? events->get_array() : none;
}

std::map<std::string, std::string> names_in(const json::value& joined) {
  std::map<std::string, std::string> names;
  each_event(joined, [&](const json::value& event) {
    if (string_or(event, "type") == "m.room.member")
      names[string_or(event, "state_key")] = printable(content_text(event, "displayname"), 80);
  });
  return names;
}

void Rooms::take_direct(const json::value& content) {
  direct_.clear();
  direct_rooms_.clear();
  const auto* people = content.if_object();
  if (!people) return;
  for (const auto& [user, rooms] : *people) {
    if (!rooms.is_array() || !is_user_id(user)) continue;
    for (const auto& room : rooms.get_array())
      if (room.is_string() && direct_rooms_.size() < kMostDirectRooms)
        mark_direct(std::string(user), std::string(room.get_string()));
  }
}

json::object Rooms::direct_content() const {
  json::object content;
  for (const auto& [user, rooms] : direct_)
    content[user] = json::array(rooms.begin(), rooms.end());
  return content;
}

void Rooms::mark_direct(const std::string& user_id, const std::string& room_id) {
  auto& rooms = direct_[user_id];
  if (std::find(rooms.begin(), rooms.end(), room_id) == rooms.end()) rooms.push_back(room_id);
  direct_rooms_.insert(room_id);
}

std::string Rooms::direct_room(const std::string& user_id) const {
  const auto found = direct_.find(user_id);
  if (found == direct_.end()) return {};
  for (auto room = found->second.rbegin(); room != found->second.rend(); ++room) { // the newest is the living one
    const auto known = rooms_.find(*room);
    const bool alone = known != rooms_.end() && known->second.members == 1 && known->second.invited == 0;
    if (known != rooms_.end() && !alone && is_direct(*room)) return *room;
  }
  return {};
}

void Rooms::take(const std::string& room_id, const json::value& joined) {
  auto& room = rooms_[room_id];
  if (const auto* summary = find(joined, "summary")) {
    room.members = integer_or(*summary, "m.joined_member_count", room.members);
    room.invited = integer_or(*summary, "m.invited_member_count", room.invited);
  }
  each_event(joined, [&](const json::value& event) { take_state(room, event); });
}

void Rooms::take_state(Room& room, const json::value& event) {
  if (!find(event, "state_key")) return;
  const auto type = string_or(event, "type");
  if (type == "m.room.name") room.name = printable(content_text(event, "name"), 100);
  if (type == "m.room.canonical_alias") room.alias = printable(content_text(event, "alias"), 100);
  if (type == "m.room.encryption") room.encrypted = true; // for ever, by the specification
  if (type == "m.room.tombstone") {
    const auto sender = string_or(event, "sender");
    room.replacement = content_text(event, "replacement_room");
    room.replaced_by = sender.substr(std::min(sender.find(':'), sender.size() - 1) + 1);
  }
  if (type == "m.room.create") {
    const auto* content = find(event, "content");
    const auto* former = content ? find(*content, "predecessor") : nullptr;
    room.predecessor = former ? string_or(*former, "room_id") : std::string();
  }
}

std::string Rooms::named_replacement(const std::string& room_id) const {
  const auto found = rooms_.find(room_id);
  return found == rooms_.end() ? std::string() : found->second.replacement;
}

std::string Rooms::replaced_by(const std::string& room_id) const {
  const auto found = rooms_.find(room_id);
  return found == rooms_.end() ? std::string() : found->second.replaced_by;
}

std::string Rooms::latest(const std::string& room_id) const {
  auto latest = room_id;
  for (int upgrades = 0; upgrades < kMostUpgrades; ++upgrades) {
    auto next = named_replacement(latest);
    if (next.empty() || predecessor(next) != latest) break;
    latest = std::move(next);
  }
  return latest;
}

std::string Rooms::predecessor(const std::string& room_id) const {
  const auto found = rooms_.find(room_id);
  if (found == rooms_.end() || found->second.predecessor.empty()) return {};
  return named_replacement(found->second.predecessor) == room_id ? found->second.predecessor : std::string();
}

// Whoever is marked as such and is still of two; a third person makes a group of it, whatever its mark says. Two people
// in a room without a name are talking to each other, marked or not.
bool Rooms::is_direct(const std::string& room_id) const {
  const auto found = rooms_.find(room_id);
  if (found == rooms_.end()) return direct_rooms_.contains(room_id);
  const auto& room = found->second;
  if (room.members > 2) return false;
  return direct_rooms_.contains(room_id) || (room.members == 2 && room.name.empty() && room.alias.empty());
}

bool Rooms::encrypted(const std::string& room_id) const {
  const auto found = rooms_.find(room_id);
  return found != rooms_.end() && found->second.encrypted;
}

std::string Rooms::title(const std::string& room_id) const {
  const auto found = rooms_.find(room_id);
  if (found == rooms_.end()) return {};
  return found->second.name.empty() ? found->second.alias : found->second.name;
}

std::vector<std::string> Rooms::joined() const {
  std::vector<std::string> ids;
  for (const auto& [id, room] : rooms_)
    ids.push_back(id);
  return ids;
}

std::string Rooms::person_of(const std::string& room_id) const {
  for (const auto& [user, rooms] : direct_)
    if (std::find(rooms.begin(), rooms.end(), room_id) != rooms.end()) return user;
  return {};
}

std::vector<std::string> Rooms::people() const {
  std::vector<std::string> ids;
  for (const auto& [user, rooms] : direct_)
    ids.push_back(user);
  return ids;
}

} // namespace openclaw::extensions::matrix
