// What a command needs from the surroundings, read when it asks and not before: environment, state folder,
// configuration, and where the running gateway is.
#pragma once
#include "cli/command.hpp"
#include "config/config.hpp"
#include "config/state_folder.hpp"

namespace openclaw::cli {

struct Setup {
  config::Environment environment;
  config::StateFolder folder;
  config::Config config;
};
Result<Setup> load_setup(const Invocation& invocation);

// The log of the gateway lives in this folder of the state folder.
inline constexpr const char* kLogFolder = "logs";

struct GatewayAddress {
  std::string url; // ws:// or wss://
  Secret token;
  std::string origin; // for messages: "the state folder X", "--url"
};
// --url and --token, else gateway.remote when gateway.mode is "remote", else the gateway that holds the state folder.
// Kind::missing: "No gateway is running for the state folder X."
Result<GatewayAddress> find_gateway(const Invocation& invocation);
// --url, --token and --timeout, for commands that call the gateway; followed by the command's own.
std::vector<Option> gateway_call_options(std::vector<Option> own = {});

} // namespace openclaw::cli
