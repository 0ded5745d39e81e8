// Rapid lines of one sender in one chat as one message. The first one is on disk and waits; each further one is added
// to it there before it is acknowledged, and begins the wait anew. After a crash what is on disk runs as it is.
#pragma once
#include "messaging/messaging.hpp"
#include <map>

namespace openclaw::messaging {

class Debounce {
public:
  Debounce(agent::Runtime& runtime, Messaging& messaging);

  bool holds(const std::string& key) const { return held_.contains(key); }
  // On disk when it returns. `key` names channel, account, chat and sender.
  Task<Receipt> take(std::string key, Inbound message, std::int64_t pause_ms);
  // What waits under the key goes onto its lane now: something comes that is not to wait, and not to overtake either.
  Task<> release(std::string key);
  Task<> shut_down();

private:
  struct Held {
    std::string run_id;
    std::int64_t until_ms = 0;
    int lines = 1;
    int joining = 0; // lines that are being written
  };
  Task<> queue(store::InboxRow row);
  Task<> wait(std::string key, std::string run_id);

  agent::Runtime& runtime_;
  Messaging& messaging_;
  std::map<std::string, Held> held_;
  async::Event changed_;
  async::Scope scope_;
};

} // namespace openclaw::messaging
