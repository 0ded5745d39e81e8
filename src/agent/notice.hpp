// A word of the gateway itself in a session: people see it at once and in the history, models never.
#pragma once
#include "agent/runtime.hpp"

namespace openclaw::agent {

// The message itself: what the gateway says in its own name.
ports::Message injected_message(std::string text, std::int64_t now_ms);

// `run` is the run on whose way it is said; the notice is none of its messages.
Task<> tell_session(Runtime& runtime, RunInfo run, std::string session_id, std::string text);

} // namespace openclaw::agent
