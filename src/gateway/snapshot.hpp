// What a client learns about the gateway at once: health and the payload of hello-ok.
#pragma once
#include "base/json.hpp"
#include "gateway/handshake.hpp"

namespace openclaw::gateway {

struct Services;

json::object health_payload(Services& services);
json::object hello_payload(Services& services, const ClientFacts& client);

} // namespace openclaw::gateway
