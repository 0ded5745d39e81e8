// What comes from Slack, by whichever way: looks up the names that an event needs, keeps out what came already, and
// hands it to messaging.
#pragma once
#include "async/time.hpp"
#include "extensions/channels/slack/bounded.hpp"
#include "extensions/channels/slack/events.hpp"
#include "extensions/channels/slack/socket_mode.hpp"
#include "extensions/channels/slack/web_api.hpp"

namespace openclaw::extensions::slack {

class Intake {
public:
  // `reader` is the token that people and rooms are looked up with; `command` the slash command for plain words, empty:
  // commands are turned off. `rooms_by_name`: the settings name rooms by their names, which must be looked up.
  Intake(async::Time& time, WebApi& api, Secret reader, std::string command, bool rooms_by_name)
      : time_(time), api_(api), reader_(std::move(reader)), command_(std::move(command)),
        rooms_by_name_(rooms_by_name) {}

  void is(Me me) { me_ = std::move(me); }
  const Me& me() const { return me_; }
  // Done: it is on disk, or nothing for us.
  Task<> take(ports::ChannelHost& host, Envelope envelope);
  // Slack delivers what was not taken again for five minutes only. After a longer absence this reads what was said
  // meanwhile in the rooms that we are in; threads are not read.
  Task<> catch_up(ports::ChannelHost& host);
  // The newest message of a chat, which "is typing" is shown at; empty: none was seen.
  std::string newest_message(std::string_view chat_id) const;

private:
  struct Known {
    std::string name;
    std::int64_t until_ms = 0;
  };
  Task<> take_event(ports::ChannelHost& host, json::value payload);
  Task<> know(std::string user_id);
  Task<std::string> name_of_room(std::string room_id);
  Task<json::array> list_all(std::string method, std::string key, json::object parameters, int pages);
  Task<> read_room(ports::ChannelHost& host, json::value room, std::string since);
  Task<> add_starter(ports::InboundEvent& event, json::value payload);
  std::string name_of(std::string_view user_id) const;

  async::Time& time_;
  WebApi& api_;
  Secret reader_;
  std::string command_;
  bool rooms_by_name_;
  Me me_;
  Bounded<Known> people_{1000};
  Bounded<Known> rooms_{500};
  Bounded<bool> taken_{500};   // messages that are on disk
  Bounded<bool> threads_{500}; // whose first message was told
  Bounded<std::string> newest_{500};
  std::string not_read_; // why the rooms could not be read
};

} // namespace openclaw::extensions::slack
