// From any channel to an agent: deduplicate, stop words and commands before the queue, onto disk, acknowledge, then
// onto the session's lane. WebChat and `chat.send` are one more channel here, not a second way in.
#pragma once
#include "agent/runtime.hpp"
#include "agent/session_key.hpp"
#include <functional>
#include <string>
#include <vector>

namespace openclaw::messaging {

struct Inbound {
  std::string channel = "webchat";
  std::string dedupe_key;  // the client's idempotency key, the platform's message id
  std::string run_id;      // empty: the dedupe key
  std::string session_key; // as written by the client
  std::string text;
  std::vector<ports::ImageBlock> images; // shown to the model; they stay in the transcript
  std::string thinking;                  // word, for this message only
  std::string extra_system_prompt;
  std::int64_t timeout_ms = 0;
  agent::Origin origin;                                // for messengers
  std::string delivery;                                // JSON: where the answer goes, for messengers; empty: WebChat
  std::function<Result<>(store::Connection&)> with_it; // recorded together with the message; none for commands
  trace::Context trace;                                // what the sender traces it with
  bool held = false;       // the run is not queued yet: Runtime::resume() does that, or a start of the gateway
  bool may_command = true; // slash commands and stop words are obeyed (an authorised sender)
};

struct Receipt {
  enum class State { started, in_flight, done, stopped };
  State state = State::started;
  std::string run_id;
  std::string session_key;               // canonical
  std::vector<std::string> stopped_runs; // for State::stopped
};

class Messaging {
public:
  explicit Messaging(agent::Runtime& runtime) : runtime_(runtime) {}

  // Returns once the message is on disk (or was there before).
  Task<Receipt> receive(Inbound message);
  // Runs the user message of a failed run again, without repeating it in the transcript.
  Task<Receipt> retry(std::string session_key, std::string run_id, std::string dedupe_key, trace::Context trace);
  // Adds words to a message that is held; false when it is not any more, or has become too long.
  Task<bool> join(std::string held_run, Inbound more);
  Result<agent::SessionKey> canonical(std::string_view written) const;

private:
  Task<Receipt> accept(Inbound message, agent::SessionKey key, std::string retry_of);
  agent::Runtime& runtime_;
};

} // namespace openclaw::messaging
