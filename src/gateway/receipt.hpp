// What a client is told about a message that messaging has taken.
#pragma once
#include "base/json.hpp"
#include "messaging/messaging.hpp"

namespace openclaw::gateway {

// {runId, status:"started"|"in_flight"|"ok"}, or {ok, aborted, runIds} for a stop word.
json::value receipt_to_json(const messaging::Receipt& receipt);
json::value stopped_to_json(const std::vector<std::string>& runs);

} // namespace openclaw::gateway
