#include "cli/gateway_client.hpp"
#include "config/json5.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

int run_gateway(Invocation& invocation) {
  if (invocation.arguments() != std::vector<std::string>{"run"})
    if (const auto checked = invocation.expect_arguments(0, 0); !checked) return invocation.fail_with(checked.error());
  if (invocation.has("force"))
    return invocation.fail_with(
        {Kind::denied, "--force would kill whatever program holds the port, so there is no such thing here.",
         "See who has the state folder with openclaw status, stop it, or choose another port with --port."});
  GatewayOptions options;
  if (invocation.has("port")) {
    const auto port = invocation.integer("port", 0, 0, 65'535);
    if (!port) return invocation.fail_with(port.error());
    options.port = static_cast<int>(*port);
  }
  options.bind = invocation.value("bind").value_or("");
  options.token = Secret(invocation.value("token").value_or(""));
  options.profile = invocation.value("profile").value_or("");
  options.ready_json = invocation.has("ready-json");
  options.model_download = !invocation.has("no-model-download");
  options.setup_model = invocation.has("setup-model");
  options.verbose = invocation.has("verbose");
  options.any_mode = invocation.has("allow-unconfigured");
  if (!invocation.services().run_gateway)
    return invocation.fail_with(
        {Kind::missing, "The gateway is not in this build.", "Build the program with its gateway layer."});
  return invocation.services().run_gateway(options);
}

int run_call(Invocation& invocation) {
  if (const auto checked = invocation.expect_arguments(1, 2); !checked) return invocation.fail_with(checked.error());
  json::object params;
  if (!invocation.argument(1).empty()) {
    const auto parsed = config::parse_json5(invocation.argument(1), "the parameters");
    if (!parsed) return invocation.fail_with(parsed.error());
    const auto value = parsed->root.value();
    if (!value.is_object())
      return invocation.fail_with(
          {Kind::invalid, "The parameters must be an object.", "For example: '{\"limit\": 5}'"});
    params = value.get_object();
  }
  const auto answer = call_gateway(invocation, invocation.argument(0), std::move(params));
  if (!answer) return invocation.fail_with(answer.error());
  invocation.output().value(*answer);
  return 0;
}

} // namespace

void register_gateway(CommandTable& table) {
  table.add({"gateway",
             "Run the gateway in the foreground.",
             "[run]",
             {{"port", 0, "PORT", "The port to listen on (default 18789, or gateway.port; 0 picks a free one)."},
              {"bind", 0, "WHERE", "loopback (default), lan, tailnet, auto, custom, or an address."},
              {"token", 0, "TOKEN",
               "The token that clients must show. Other users of this machine can see it in the process list."},
              {"ready-json", 0, "", "Print one line of JSON when it is ready to serve."},
              {"setup-model", 0, "", "Fetch the small built-in model first when no other one is connected."},
              {"no-model-download", 0, "", "Never fetch a local model."},
              {"verbose", 0, "", "Show the log on the terminal as well."},
              {"allow-unconfigured", 0, "", "Start even where gateway.mode is remote."},
              {"force", 0, "", "Not supported: it would kill a foreign program."}},
             run_gateway});
  table.add(
      {"gateway call", "Call a method of the running gateway.", "METHOD [PARAMS]", gateway_call_options(), run_call});
}

} // namespace openclaw::cli
