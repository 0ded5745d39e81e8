// What comes with a message is fetched into the agent's workspace; what is not is named with the reason, never dropped
// in silence.
#pragma once
#include "agent/runtime.hpp"
#include "messaging/account.hpp"

namespace openclaw::messaging {

// "<media:image>" and the like: the placeholder that people know from OpenClaw.
std::string placeholder(const ports::Attachment& attachment);
// The lines that stand for the files in the message. At most `limit` bytes of each are taken.
Task<std::string> take_files(agent::Runtime& runtime, ports::Channel& channel,
                             std::vector<ports::Attachment> attachments, std::string agent_id, std::int64_t limit);

} // namespace openclaw::messaging
