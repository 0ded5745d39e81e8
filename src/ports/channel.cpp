#include "ports/channel.hpp"

namespace openclaw::ports {

std::string_view event_type_name(EventType type) {
  constexpr std::string_view names[] = {"message", "edit", "removal", "reaction", "command", "callback", "membership"};
  return names[static_cast<std::size_t>(type)];
}

std::string_view link_state_name(LinkState state) {
  constexpr std::string_view names[] = {"off", "connecting", "needs-login", "up", "retrying", "failed"};
  return names[static_cast<std::size_t>(state)];
}

SendProblem problem_from(const Error& error) {
  SendProblem problem;
  problem.message = error.text();
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
  case Kind::transient:
  case Kind::busy:
    problem.fault = error.code == net::kNotSent ? SendFault::transient : SendFault::ambiguous;
    break;
  default:
    problem.fault = error.code == net::kNotSent ? SendFault::transient : SendFault::ambiguous;
  }
  return problem;
}

} // namespace openclaw::ports
