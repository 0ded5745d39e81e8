// Logins of messengers that OpenClaw keeps as files: found below credentials/, taken over by their channels, and
// written back for it. What the files hold only the channel knows (ports::LoginFolder).
#pragma once
#include "cli/moving/move_in.hpp"

namespace openclaw::cli {

struct OldLogin {
  MoveItem item;
  std::function<Result<>()> take; // from the target's credentials/, where the files lie by then
};
Result<std::vector<OldLogin>> find_channel_logins(const MovePlace& place, const config::Environment& environment);

// Into FOLDER/credentials/CHANNEL/ACCOUNT.
Result<std::vector<MoveItem>> write_channel_logins(const std::string& state, const config::Environment& environment,
                                                   const std::string& folder);

} // namespace openclaw::cli
