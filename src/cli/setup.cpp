#include "cli/setup.hpp"

#include "config/sections.hpp"
#include <fmt/core.h>

namespace openclaw::cli {

Result<Setup> load_setup(const Invocation& invocation) {
  auto environment = config::Environment::of_process();
  TRY(auto folder, config::StateFolder::locate(environment, invocation.value("profile").value_or("")));
  environment.add_file(folder.file(".env"));
  TRY(const auto sections, config::linked_sections());
  const auto path = config::config_path(environment, folder.path());
  config::Config config(path, config::compose_schema(sections), environment, folder.path());
  return Setup{std::move(environment), std::move(folder), std::move(config)};
}

Result<GatewayAddress> find_gateway(const Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  // A broken configuration must not hide the gateway that still runs with the last good one.
  const auto token = [&](std::string_view configured) -> Secret {
    if (auto given = invocation.value("token")) return Secret(std::move(*given));
    if (const auto* value =
            config::value_at(snapshot.value, config::Path{"gateway", "remote", std::string(configured)});
        value && value->is_string() && !configured.empty())
      return Secret(std::string(value->get_string()));
    const auto auth = config::gateway_auth(setup.folder, snapshot.value, setup.environment, config::CreateToken::no);
    return auth ? auth->secret : Secret();
  };
  if (auto url = invocation.value("url")) {
    if (!url->starts_with("ws://") && !url->starts_with("wss://"))
      return fail(Kind::invalid, fmt::format("--url must start with ws:// or wss://, and is \"{}\".", *url),
                  "For example: --url ws://127.0.0.1:18789");
    return GatewayAddress{std::move(*url), token(""), "--url"};
  }
  const auto* gateway = find(snapshot.value, "gateway");
  if (gateway && string_or(*gateway, "mode") == "remote") {
    const auto* remote = find(*gateway, "remote");
    auto url = remote ? string_or(*remote, "url") : std::string();
    if (url.empty())
      return fail(Kind::missing, "gateway.mode is \"remote\", and gateway.remote.url is not set.",
                  "openclaw config set gateway.remote.url wss://HOST:PORT");
    return GatewayAddress{std::move(url), token("token"), "gateway.remote.url"};
  }
  TRY(const auto running, config::find_running_gateway(setup.folder));
  if (!running)
    return fail(Kind::missing, fmt::format("No gateway is running for the state folder {}.", setup.folder.path()),
                "Start it with: openclaw gateway");
  if (running->port == 0)
    return fail(Kind::busy, fmt::format("The gateway (process {}) is still starting.", running->pid),
                "Try again in a moment.");
  return GatewayAddress{fmt::format("ws://127.0.0.1:{}", running->port), token(""),
                        fmt::format("the state folder {}", setup.folder.path())};
}

std::vector<Option> gateway_call_options(std::vector<Option> own) {
  own.push_back({"url", 0, "URL", "Talk to the gateway at this address (ws:// or wss://)."});
  own.push_back({"token", 0, "TOKEN", "The gateway token to use with --url."});
  own.push_back({"timeout", 0, "SECONDS", "How long to wait for an answer."});
  return own;
}

} // namespace openclaw::cli
