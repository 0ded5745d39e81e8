// What the program keeps of its messenger accounts: where their streams go on, and who may talk to them.
#pragma once
#include "store/sqlite.hpp"
#include <vector>

namespace openclaw::store {

struct AccountName {
  std::string channel;
  std::string account;
};

Result<> set_channel_fact(Connection& connection, const AccountName& of, std::string_view name, std::string_view value,
                          std::int64_t now_ms);
Result<std::optional<std::string>> channel_fact(Connection& connection, const AccountName& of, std::string_view name);
// Everything of an account: facts, requests, allowed people. For `channels remove`.
Result<> forget_account(Connection& connection, const AccountName& of);

struct PairingRequest {
  AccountName of;
  std::string sender;
  std::string code;
  std::string name; // for people
  std::string chat; // JSON: where the answer goes
  std::int64_t created_ms = 0;
  std::int64_t seen_ms = 0;
};
inline constexpr std::int64_t kPairingTtlMs = 60 * 60 * 1000; // as OpenClaw: a code is good for one hour
inline constexpr std::size_t kPairingPending = 3;             // as OpenClaw: of one channel at once

// The pending request of this sender, made when there is none; nothing when too many others are pending. `fresh` says
// whether it was made now, so that the code is sent once.
struct PairingOutcome {
  std::optional<PairingRequest> request;
  bool fresh = false;
};
Result<PairingOutcome> request_pairing(Connection& connection, PairingRequest request, std::int64_t now_ms);
Result<std::vector<PairingRequest>> pairing_requests(Connection& connection, std::int64_t now_ms);
// Takes the request out and lets its sender in; nothing when no pending request of the channel has that code.
Result<std::optional<PairingRequest>> approve_pairing(Connection& connection, std::string_view channel,
                                                      std::string_view code, std::string_view by, std::int64_t now_ms);

struct AllowedSender {
  AccountName of;
  std::string sender;
  std::string name;
  std::int64_t created_ms = 0;
};
Result<bool> sender_allowed(Connection& connection, const AccountName& of, std::string_view sender);
Result<std::vector<AllowedSender>> allowed_senders(Connection& connection);
Result<> allow_sender(Connection& connection, const AllowedSender& sender, std::string_view by);
Result<bool> disallow_sender(Connection& connection, const AccountName& of, std::string_view sender);

} // namespace openclaw::store
