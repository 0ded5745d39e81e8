// What a person or an agent does in a messenger beyond answering: finds people and groups, reacts, edits, takes a
// message away, links or unlinks a device. What a channel cannot do is said in words.
#pragma once
#include "messaging/accounts.hpp"

namespace openclaw::messaging {

// Which message of which chat; `target` as the channel understands it.
struct MessagePlace {
  std::string channel;
  std::string account; // empty: the first
  std::string target;
  std::string message_id;
};

class Actions {
public:
  Actions(const Accounts& accounts, store::Database& database) : accounts_(accounts), database_(database) {}

  Task<std::string> probe(std::string channel, std::string account);
  Task<std::vector<ports::DirectoryEntry>> find(std::string channel, std::string account, bool people,
                                                std::string query, std::size_t limit);
  Task<> react(MessagePlace place, std::string emoji, bool remove);
  Task<> edit(MessagePlace place, std::string text);
  Task<> remove(MessagePlace place);
  // Connects again now, as after a person has acted.
  Result<> wake(std::string_view channel, std::string_view account) const;
  // Unlinks the device, there and here.
  Task<> log_out(std::string channel, std::string account);
  // Everything that is kept of an account which is not configured any more.
  Task<> forget(std::string channel, std::string account);

private:
  struct Found {
    std::shared_ptr<Account> account;
    ports::Chat chat;
  };
  Result<Found> find_place(const MessagePlace& place) const;

  const Accounts& accounts_;
  store::Database& database_;
};

} // namespace openclaw::messaging
