// Which addresses are Microsoft's: where our token may go, and where attachments may be fetched from. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::extensions::msteams {

// Whether a serviceUrl may be given our token: a host of the Bot Framework by HTTPS, or the address that the owner
// configured. A forged or mistaken activity must not lead it elsewhere.
bool trusted_service(std::string_view url, std::string_view configured);

// Whether an attachment may be fetched from there without a token. `allowed`: hosts, with their subdomains, "*" for
// all; empty: Microsoft's.
bool media_host_allowed(std::string_view url, const std::vector<std::string>& allowed);

} // namespace openclaw::extensions::msteams
