// What goes to Slack: messages, files, answers to slash commands. Slack knows no keys, so a message carries ours as
// metadata, and where it may have been sent before, the room is read first: it is there once, also after a crash.
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
  Sender(async::Time& time, WebApi& api, bool ephemeral)
      : time_(time), api_(api), ephemeral_(ephemeral), started_ms_(time.now_ms()) {}
  Task<ports::SendReport> send(ports::Outgoing message);
  Task<ports::SendReport> edit(std::string message_id, ports::Outgoing message);

private:
  Task<ApiAnswer> room_of(std::string chat_id);
  Task<ports::SendReport> post(std::string room, std::string thread, ports::Outgoing message);
  Task<ports::SendReport> upload(std::string room, std::string thread, ports::Outgoing message);
  Task<ports::SendReport> respond(ReplyToken token, std::string room, ports::Outgoing message);
  // Whether a message is in the room (or thread) since then; a problem when that cannot be said.
  struct Sought {
    std::string key;
    std::string file_name; // messages with a file carry no key, and are known by its name and size
    std::size_t file_bytes = 0;
  };
  static bool is(const Sought& sought, const json::value& message);
  Task<ports::SendReport> look_for(std::string room, std::string thread, Sought sought, std::int64_t since_ms);
  Task<ports::SendReport> settle(std::string room, std::string thread, Sought sought, ports::SendReport report);

  async::Time& time_;
  WebApi& api_;
  bool ephemeral_;
  std::int64_t started_ms_;
  Bounded<std::string> rooms_{500};     // of people: their direct rooms
  Bounded<std::int64_t> doubtful_{500}; // keys of messages that may have arrived, and when they were sent
};

} // namespace openclaw::extensions::slack
