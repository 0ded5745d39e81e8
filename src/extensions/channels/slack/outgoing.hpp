// What goes to Slack: messages, files, answers to slash commands. One attempt each; whether a message arrived is looked
// up in the room where the answer was lost.
#pragma once
#include "async/time.hpp"
#include "extensions/channels/slack/bounded.hpp"
#include "extensions/channels/slack/events.hpp"
#include "extensions/channels/slack/web_api.hpp"

namespace openclaw::extensions::slack {

// "user:U1", "channel:C1", "<@U1>", "#C1", an id; with ":thread:TS" behind it for a thread.
Result<ports::Chat> chat_from_target(std::string_view target);

class Sender {
public:
  // `ephemeral`: an answer to a slash command is shown to whoever gave it, and to nobody else.
  Sender(async::Time& time, WebApi& api, bool ephemeral) : time_(time), api_(api), ephemeral_(ephemeral) {}
  Task<ports::SendReport> send(ports::Outgoing message);
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message);

private:
  Task<ApiAnswer> room_of(std::string chat_id);
  Task<ports::SendReport> post(std::string room, std::string thread, ports::Outgoing message);
  Task<ports::SendReport> upload(std::string room, std::string thread, ports::Outgoing message);
  Task<ports::SendReport> respond(ReplyToken token, std::string room, ports::Outgoing message);
  Task<ports::SendReport> look_for(std::string room, std::string thread, std::string key, std::int64_t since_ms,
                                   ports::SendProblem problem);

  async::Time& time_;
  WebApi& api_;
  bool ephemeral_;
  Bounded<std::string> rooms_{500}; // of people: their direct rooms
};

} // namespace openclaw::extensions::slack
