// What a connection to Discord's gateway goes on from: kept as the account's checkpoint, so that a new connection, of a
// new process too, gets what was missed. Pure.
#pragma once
#include "base/json.hpp"
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace openclaw::extensions::discord {

struct Me {
  std::string id;
  std::string name;
  std::string application_id;
};

// Discord's ids are numbers in text, and larger when later.
bool is_snowflake(std::string_view id);
bool is_later(std::string_view id, std::string_view than);
std::int64_t time_of(std::string_view snowflake); // ms since 1970, 0 for what is none

struct Session {
  std::string id; // empty: a new one must be begun
  std::string resume_url;
  std::int64_t sequence = 0; // of the last event that is done with
  Me me;
  // The last message of the chats that were active last, the latest at the end: where a gap is closed after Discord
  // forgot the session.
  std::vector<std::pair<std::string, std::string>> seen;

  void saw(std::string channel_id, std::string message_id);
  void forget_session(); // but not what was seen
};
std::string to_checkpoint(const Session& session);
Session session_from(std::string_view checkpoint); // an empty one of what cannot be read

// What to do when the gateway closed with this code, or (1006) without one.
enum class Next { resume, identify, give_up };
struct Verdict {
  Next next = Next::resume;
  Error error;
};
Verdict verdict_of(int close_code);

} // namespace openclaw::extensions::discord
