// Letting people in: a stranger who writes directly gets a code once, and whoever owns the agent approves it.
#pragma once
#include "messaging/outbox.hpp"

namespace openclaw::messaging {

class Pairing {
public:
  Pairing(async::Time& time, Random& random, store::Database& database, Outbox& outbox)
      : time_(time), random_(random), database_(database), outbox_(outbox) {}

  // At most three of a channel wait at once; who is beyond that, or has a code already, hears nothing.
  Task<> offer(const Account& account, ports::InboundEvent event);
  // Lets the sender of a code in, and tells them.
  Task<store::PairingRequest> approve(std::string channel, std::string code, std::string by);

private:
  async::Time& time_;
  Random& random_;
  store::Database& database_;
  Outbox& outbox_;
};

} // namespace openclaw::messaging
