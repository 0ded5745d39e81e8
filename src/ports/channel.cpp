#include "ports/channel.hpp"

#include <fmt/core.h>

namespace openclaw::ports {

std::string_view event_type_name(EventType type) {
  switch (type) {
  case EventType::message:
    return "message";
  case EventType::edit:
    return "edit";
  case EventType::removal:
    return "removal";
  case EventType::reaction:
    return "reaction";
  case EventType::command:
    return "command";
  case EventType::callback:
    return "callback";
  case EventType::membership:
    return "membership";
  }
  return {};
}

std::string_view link_state_name(LinkState state) {
  constexpr std::string_view names[] = {"off", "connecting", "needs-login", "up", "retrying", "failed"};
  return names[static_cast<std::size_t>(state)];
}

std::string folder_key_name(std::string_view channel, std::string_view account) {
  return fmt::format("channels.{}.{}.keys", channel, account);
}

SendProblem problem_from(const Error& error) {
  SendProblem problem;
  problem.message = error.text();
  if (error.code == net::kNotSent) return problem;
  switch (error.kind) {
  case Kind::denied:
    problem.fault = SendFault::refused;
    break;
  case Kind::missing:
    problem.fault = SendFault::missing;
    break;
  case Kind::invalid:
    problem.fault = SendFault::unsupported;
    break;
  default:
    problem.fault = SendFault::ambiguous;
  }
  return problem;
}

} // namespace openclaw::ports
