// What the sync answers tell of our rooms: names, encryption, upgrades, who is there, and which are conversations of
// two. Pure; the homeserver's state is the state, and all of it comes again at the first sync of a process.
#pragma once
#include "extensions/channels/matrix/events.hpp"
#include <map>
#include <set>
#include <string>
#include <vector>

namespace openclaw::extensions::matrix {

class Rooms {
public:
  bool empty() const { return rooms_.empty(); }
  void clear() { rooms_.clear(); }

  // The content of account data m.direct: people and their rooms.
  void take_direct(const json::value& content);
  json::object direct_content() const;
  void mark_direct(const std::string& user_id, const std::string& room_id);
  // The room in which we talk to this person alone; empty: none that we are in.
  std::string direct_room(const std::string& user_id) const;

  // One room's part of `rooms.join`: its state and what changed it in the timeline.
  void take(const std::string& room_id, const json::value& joined);
  void forget(const std::string& room_id) { rooms_.erase(room_id); }

  // Upgrades. A room counts as replaced by another only when both say so, for anybody can make a room that claims it.
  // What a room that we are in names as its replacement; empty: none.
  std::string named_replacement(const std::string& room_id) const;
  // The homeserver of who replaced it, which knows the other room; empty: none.
  std::string replaced_by(const std::string& room_id) const;
  // Where its conversation goes on: itself, or the last of those that replaced it and that we are in.
  std::string latest(const std::string& room_id) const;
  // The room that this one replaced, and that we are still in; empty: none.
  std::string predecessor(const std::string& room_id) const;

  bool is_direct(const std::string& room_id) const;
  bool encrypted(const std::string& room_id) const;
  std::string title(const std::string& room_id) const;
  std::vector<std::string> joined() const;
  std::vector<std::string> people() const;                 // with whom we talk alone
  std::string person_of(const std::string& room_id) const; // the one of a room that is marked as direct, or empty

private:
  struct Room {
    std::string name;
    std::string alias;
    std::string replacement; // as its tombstone says
    std::string replaced_by; // a homeserver
    std::string predecessor; // as its creation says
    bool encrypted = false;
    std::int64_t members = 0; // joined; 0: not said
    std::int64_t invited = 0;
  };
  void take_state(Room& room, const json::value& event);
  std::map<std::string, Room> rooms_;
  std::map<std::string, std::vector<std::string>> direct_; // person → rooms
  std::set<std::string> direct_rooms_;
};

// Display names of the members that this part of an answer holds.
std::map<std::string, std::string> names_in(const json::value& joined);
// The array at `section`.events, or an empty one.
const json::array& events_in(const json::value& value, std::string_view section);

} // namespace openclaw::extensions::matrix
