// Files that came with a message. Each is kept in the agent's workspace and named in the message, so that tools find
// it; pictures that models read are shown to the model as well.
#pragma once
#include "ports/channel.hpp"
#include "ports/conversation.hpp"
#include "sandbox/workspace.hpp"
#include <string>
#include <vector>

namespace openclaw::messaging {

// As the newer OpenClaw announces them (policy.attachments): what a message may carry, and one picture of it, in bytes.
inline constexpr std::size_t kLargestAttachments = 19'464'192;
inline constexpr std::size_t kLargestImage = 6'291'456;
inline constexpr std::size_t kMostAttachments = 10;

// "<media:image>", as people know it from OpenClaw.
std::string placeholder(const ports::Attachment& attachment);

struct KeptFile {
  std::string line;                       // what the message says of it
  std::vector<ports::ImageBlock> picture; // at most one
};
// Writes media/inbound/HASH.ENDING, so that the same file again is the same; one that cannot be written is said to be
// so in the line.
KeptFile keep_file(const sandbox::Workspace& workspace, const ports::Attachment& attachment, const std::string& bytes);

} // namespace openclaw::messaging
