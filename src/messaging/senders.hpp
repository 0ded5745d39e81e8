// Who sent an event, and where its answer goes, in the words of the rest of messaging.
#pragma once
#include "messaging/account.hpp"
#include "messaging/delivery.hpp"

namespace openclaw::messaging {

std::string name_of(const ports::Person& person); // for people; proves nothing
std::vector<std::string> ids_of(const ports::Person& person);
Delivery delivery_to(const Account& account, const ports::InboundEvent& event);

} // namespace openclaw::messaging
