// The head of an outbound request as bytes, and what a redirect changes in the request. Pure.
#pragma once
#include "net/connect.hpp"
#include "net/http_client.hpp"

namespace openclaw::net {

// Kind::invalid when a method or a field would break out of its line.
Result<std::string> outbound_head(const Outbound& request, const Destination& destination,
                                  const std::string& user_agent);
// No credentials across origins, no way from https to http; 303 and the custom of 301 and 302 turn a POST into a GET.
Result<> prepare_redirect(Outbound& request, const Url& from, const Url& to, int status);

} // namespace openclaw::net
