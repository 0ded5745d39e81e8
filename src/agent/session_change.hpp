// Changes that a person makes to a session: outer optional "is it to change", inner one "to what" (nothing: back to the
// default).
#pragma once
#include "agent/runtime.hpp"

namespace openclaw::agent {

struct SessionChange {
  std::optional<std::optional<std::string>> label;
  std::optional<std::optional<std::string>> model; // checked by the caller
  std::optional<std::optional<std::string>> thinking;
  std::optional<std::optional<std::string>> verbose;
};
// Creates the session when there is none. Kind::conflict when another session has the label.
Task<store::SessionRow> change_session(Runtime& runtime, std::string session_key, SessionChange change);

} // namespace openclaw::agent
