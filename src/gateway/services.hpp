// Everything that methods and HTTP routes stand on; made by the composition root.
#pragma once
#include "agent/runtime.hpp"
#include "config/config.hpp"
#include "gateway/gateway.hpp"
#include "messaging/channels.hpp"
#include "messaging/messaging.hpp"
#include <functional>
#include <string>

namespace openclaw::gateway {

struct Services {
  async::Time& time;
  Random& random;
  store::Database& database;
  agent::Runtime& runtime;
  agent::Models& models;
  messaging::Messaging& messaging;
  Gateway& gateway;
  std::string state_folder;
  std::string config_path;
  std::string version;
  const config::Config& config; // the file; a change is taken up by the program itself
  // The configuration as it is shown: secrets replaced; {path, exists, raw, parsed, valid, config, hash, issues,
  // warnings}.
  std::function<json::object()> shown_config;
  messaging::Channels* channels = nullptr; // none in tests that need no messengers
  // Of the configuration in force: equal to config.get's configRevisionHash when the file is as it is.
  std::function<std::string()> config_revision = [] { return std::string(); };
};

} // namespace openclaw::gateway
