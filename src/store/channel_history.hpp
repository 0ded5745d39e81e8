// What was said in groups while nobody spoke to the agent. It waits here for the next turn in its chat, which takes it
// in the transaction that accepts the turn's message.
#pragma once
#include "store/channels.hpp"

namespace openclaw::store {

struct Said {
  std::int64_t sequence = 0;
  std::string message_id;
  std::string sender; // for people
  std::string text;
};

// Keeps the newest `limit` of the chat. The same message again changes nothing.
Result<> remember_said(Connection& connection, const AccountName& of, std::string_view chat, const Said& said,
                       std::size_t limit);
Result<> correct_said(Connection& connection, const AccountName& of, std::string_view chat, std::string_view message_id,
                      std::string_view text);
Result<> forget_said(Connection& connection, const AccountName& of, std::string_view chat, std::string_view message_id);
// Oldest first.
Result<std::vector<Said>> said_in(Connection& connection, const AccountName& of, std::string_view chat);
// Drops what said_in() gave, not what came after it.
Result<> take_said(Connection& connection, const AccountName& of, std::string_view chat, std::int64_t through);

} // namespace openclaw::store
