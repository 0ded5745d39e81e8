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
  // `reader` is the token that people and threads are looked up with; `command` the slash command for plain words,
  // empty: commands are turned off.
  Intake(async::Time& time, WebApi& api, Secret reader, std::string command)
      : time_(time), api_(api), reader_(std::move(reader)), command_(std::move(command)) {}

  void is(Me me) { me_ = std::move(me); }
  const Me& me() const { return me_; }
  // Done: it is on disk, or nothing for us.
  Task<> take(ports::ChannelHost& host, Envelope envelope);
  // The newest message of a chat, which "is typing" is shown at; empty: none was seen.
  std::string newest_message(std::string_view chat_id) const;

private:
  struct Known {
    std::string name;
    std::int64_t until_ms = 0;
  };
  Task<> take_event(ports::ChannelHost& host, json::value payload);
  Task<> know(std::string user_id);
  Task<> add_starter(ports::InboundEvent& event, json::value payload);
  std::string name_of(std::string_view user_id) const;

  async::Time& time_;
  WebApi& api_;
  Secret reader_;
  std::string command_;
  Me me_;
  Bounded<Known> people_{1000};
  Bounded<bool> taken_{500};   // messages that are on disk
  Bounded<bool> threads_{500}; // whose first message was told
  Bounded<std::string> newest_{500};
};

} // namespace openclaw::extensions::slack
