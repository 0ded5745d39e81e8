// The gateway in the background: start, stop, restart, and the same below `gateway` with its service.
#include "cli/daemon/service.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<Service> service_of(const Setup& setup, const Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  return Service(setup, invocation.value("profile").value_or(""));
}

int say(Invocation& invocation, json::object facts, std::string_view text) {
  auto& output = invocation.output();
  if (output.json())
    output.value(std::move(facts));
  else
    output.line(text);
  return 0;
}

int say_running(Invocation& invocation, const config::RunningGateway& gateway) {
  const auto url = fmt::format("http://127.0.0.1:{}", gateway.port);
  return say(
      invocation, {{"running", true}, {"pid", gateway.pid}, {"port", gateway.port}, {"url", url}},
      fmt::format("The gateway runs as process {} at {}. A link to log in with: openclaw dashboard", gateway.pid, url));
}

Result<int> start(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(auto service, service_of(setup, invocation));
  TRY(const auto gateway, service.start());
  return say_running(invocation, gateway);
}

Result<int> stop(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(auto service, service_of(setup, invocation));
  TRY(const bool stopped, service.stop());
  return say(invocation, {{"running", false}, {"stopped", stopped}},
             stopped ? "The gateway has ended." : "No gateway was running.");
}

Result<int> restart(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(auto service, service_of(setup, invocation));
  TRY([[maybe_unused]] const bool stopped, service.stop());
  TRY(const auto gateway, service.start());
  return say_running(invocation, gateway);
}

Result<int> install(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(auto service, service_of(setup, invocation));
  TRY_VOID(service.install());
  return say(
      invocation, {{"installed", true}, {"unit", service.unit_path()}},
      fmt::format("The service {} is there and begins when you log in; start it now with: openclaw start\nTo keep "
                  "it running without a login: loginctl enable-linger",
                  service.unit_path()));
}

Result<int> uninstall(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(auto service, service_of(setup, invocation));
  TRY_VOID(service.uninstall());
  return say(invocation, {{"installed", false}}, "The service is gone; the state folder is as it was.");
}

Result<int> status(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(auto service, service_of(setup, invocation));
  TRY(const auto running, service.running());
  const bool systemd = service.has_systemd();
  json::object facts{{"running", running.has_value()},
                     {"pid", running ? json::value(running->pid) : json::value(nullptr)},
                     {"port", running ? json::value(running->port) : json::value(nullptr)},
                     {"installed", service.installed()},
                     {"unit", service.unit_path()},
                     {"systemd", systemd}};
  const auto text = fmt::format("Gateway   {}\nService   {}\nSystemd   {}",
                                running ? fmt::format("runs as process {}, port {}", running->pid, running->port)
                                        : "does not run; openclaw start",
                                service.installed() ? service.unit_path() : "not installed; openclaw gateway install",
                                systemd ? "the user's instance answers"
                                        : "the user's instance does not answer; openclaw start works without it");
  return say(invocation, std::move(facts), text);
}

int watch(Invocation& invocation) {
  return watch_gateway(invocation.value("profile").value_or(""));
}

} // namespace

void register_start(CommandTable& table) {
  table.add({"start", "Start the gateway in the background.", "", {}, reporting(start)});
  table.add({"stop", "Stop the running gateway.", "", {}, reporting(stop)});
  table.add({"restart", "Stop the gateway and start it again.", "", {}, reporting(restart)});
  table.add({"gateway start", "The same as openclaw start.", "", {}, reporting(start)});
  table.add({"gateway stop", "The same as openclaw stop.", "", {}, reporting(stop)});
  table.add({"gateway restart", "The same as openclaw restart.", "", {}, reporting(restart)});
  table.add({"gateway install", "Let the user's systemd run the gateway.", "", {}, reporting(install)});
  table.add({"gateway uninstall", "Take the gateway out of the user's systemd.", "", {}, reporting(uninstall)});
  table.add({"gateway status", "Show the gateway's process and service.", "", {}, reporting(status)});
  table.add({"gateway watch", "Run the gateway, and start it again when it dies.", "", {}, watch});
}

} // namespace openclaw::cli
