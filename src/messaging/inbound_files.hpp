// Fetches what comes with a message from its platform; what is not fetched is named with the reason, never dropped in
// silence.
#pragma once
#include "agent/runtime.hpp"
#include "messaging/account.hpp"

namespace openclaw::messaging {

struct InboundFiles {
  std::string lines; // that stand for them in the message
  std::vector<ports::ImageBlock> pictures;
};
// At most `limit` bytes of each are taken, and as much of all together as a message may carry.
Task<InboundFiles> take_files(agent::Runtime& runtime, ports::Channel& channel,
                              std::vector<ports::Attachment> attachments, std::string agent_id, std::int64_t limit);

} // namespace openclaw::messaging
