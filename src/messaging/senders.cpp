#include "messaging/senders.hpp"

#include "base/text.hpp"

namespace openclaw::messaging {

std::string name_of(const ports::Person& person) {
  const auto& shown = !person.name.empty() ? person.name : !person.handle.empty() ? person.handle : person.id;
  return printable(shown, 80);
}

std::vector<std::string> ids_of(const ports::Person& person) {
  std::vector<std::string> ids = person.other_ids;
  if (!person.id.empty()) ids.push_back(person.id);
  return ids;
}

Delivery delivery_to(const Account& account, const ports::InboundEvent& event) {
  return {account.settings().channel, account.settings().account, event.chat, event.message_id, event.reply_token};
}

} // namespace openclaw::messaging
