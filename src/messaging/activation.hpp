// Whether a group is answered without a mention, where somebody said so: there by /activation, or by sessions.patch. It
// is a fact of the account, named by the group's part of its session key.
#pragma once
#include "messaging/accounts.hpp"

namespace openclaw::messaging {

// "always", "mention", or empty: as the configuration says.
std::string activation(const Account& account, const ports::Chat& chat);
Task<> set_activation(Account& account, ports::Chat chat, std::string mode);
// The same by the session's key. Kind::invalid: it is no group's; Kind::missing: no account is in it.
Task<> set_activation(const Accounts& accounts, std::string session_key, std::string mode);

} // namespace openclaw::messaging
