// Which messenger and account a command means: --channel and --account, or the only one that is set up.
#pragma once
#include "base/json.hpp"
#include "cli/setup.hpp"

namespace openclaw::cli {

// The options, followed by the command's own and those of every call to the gateway.
std::vector<Option> channel_options(std::vector<Option> own = {});
// {channel, accountId?}; Kind::invalid when --channel is missing and several are set up.
Result<json::object> channel_params(const Invocation& invocation);

} // namespace openclaw::cli
