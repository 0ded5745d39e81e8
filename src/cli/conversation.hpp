// One turn with an agent on the terminal: the answer as it streams, tool calls as one-line notes, approvals as
// questions.
#pragma once
#include "cli/gateway_client.hpp"
#include <string>
#include <string_view>

namespace openclaw::cli {

struct TurnRequest {
  TurnRequest(std::string session_key_, std::string message_, std::string thinking_, std::string run_id_)
      : session_key(std::move(session_key_)), message(std::move(message_)), thinking(std::move(thinking_)),
        run_id(std::move(run_id_)) {}
  std::string session_key;
  std::string message;
  std::string thinking;
  std::string run_id;
};

// Prints what is new of a text that arrives as "everything so far".
class GrowingText {
public:
  // What to print now.
  std::string grow(std::string_view whole);
  bool empty() const { return shown_.empty() && finished_.empty(); }

private:
  std::string shown_;    // of the present piece
  std::string finished_; // of earlier pieces
};

// The exit status: 0 for an answer, 130 when it was stopped.
Task<int> run_turn(GatewayClient* client, TurnRequest request, Output* output);

} // namespace openclaw::cli
