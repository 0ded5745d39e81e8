// The one way in from messengers: every event of every type is judged here before anything else happens, and nothing
// reaches a model that was not admitted. What is admitted becomes a message for an agent, context of a later one, or a
// line about what happened.
#pragma once
#include "messaging/accounts.hpp"
#include "messaging/debounce.hpp"
#include "messaging/messaging.hpp"
#include "messaging/outbox.hpp"
#include "messaging/pairing.hpp"
#include "messaging/replies.hpp"

namespace openclaw::messaging {

// What is done with an admitted event of a type.
enum class Handling {
  converse, // a person speaks to the agent, or around it
  correct,  // words that still wait as context are put right
  forget,   // and taken out
  note,     // a line that the session's next turn reads
  record,   // the log only
};
Handling handling_of(ports::EventType type);

struct IntakeServices {
  async::Time& time;
  Random& random;
  store::Database& database;
  agent::Runtime& runtime;
  Messaging& messaging;
  const json::value& config; // the one in force
  Accounts& accounts;
  Outbox& outbox;
  Replies& replies;
  Pairing& pairing;
  Debounce& debounce;
};

class Intake {
public:
  explicit Intake(IntakeServices services) : services_(services) {}
  // ports::ChannelHost::receive() for all accounts.
  Task<> receive(Account& account, ports::InboundEvent event);

private:
  struct Judged {
    policy::Admission admission;
    policy::AccessRules rules;
    std::string agent_id;
    bool mentioned = false;
    bool owner = false; // let in by name or by pairing, not by an open door
  };
  Result<Judged> judge(const Account& account, const ports::InboundEvent& event) const;
  Task<> converse(Account& account, ports::InboundEvent event, Judged judged);
  Task<> compose(Account& account, ports::InboundEvent event, std::string agent_id, std::int64_t most,
                 Inbound& message);
  Task<> accept(Account& account, ports::InboundEvent event, Judged judged);
  Task<> remember(Account& account, ports::InboundEvent event, std::string agent_id);
  Task<> change_remembered(Account& account, ports::InboundEvent event, Handling handling);
  Task<> note_reaction(Account& account, ports::InboundEvent event, std::string agent_id);
  // Commands that are about the chat and not about its session. False: the text is none of them.
  Task<bool> chat_command(Account& account, ports::InboundEvent event, bool owner);
  Task<> resend(Account& account, ports::InboundEvent event);
  Task<> activate(Account& account, ports::InboundEvent event, bool owner);
  Task<> say(Account& account, ports::InboundEvent event, std::string text);
  Task<> write(std::function<Result<>(store::Connection&)> work);

  IntakeServices services_;
};

} // namespace openclaw::messaging
