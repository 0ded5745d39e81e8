// `deliver` of chat.send and agent: the answer goes to a messenger as well.
#pragma once
#include "gateway/services.hpp"
#include "messaging/messaging.hpp"

namespace openclaw::gateway {

// To the place that is named, else to where the session's last message from a messenger came from. Nowhere when it is
// not asked for, or when there was none.
Result<> add_delivery(Services& services, const json::object& params, messaging::Inbound& message);

} // namespace openclaw::gateway
