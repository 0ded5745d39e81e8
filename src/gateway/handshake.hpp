// The first request of a connection, judged: which protocol version, which client, with which rights. It sends nothing;
// the words of its refusals are those that real clients and their documentation match on.
#pragma once
#include "gateway/credentials.hpp"
#include "gateway/frames.hpp"
#include <expected>
#include <set>
#include <string>
#include <vector>

namespace openclaw::gateway {

inline constexpr int kOldestProtocol = 3;
inline constexpr int kNewestProtocol = 4;

// An authenticated client, as the rest of the gateway sees it.
struct ClientFacts {
  std::string connection_id;
  int protocol = kNewestProtocol;
  std::string id;   // "cli", "webchat", …
  std::string mode; // "cli", "ui", …
  std::string name; // for people
  std::string version;
  std::string platform;
  std::string device_id; // verified, may be empty
  std::string role = "operator";
  std::string auth_method;
  std::vector<std::string> scopes;
  std::set<std::string> capabilities;
  std::int64_t connected_ms = 0;
};

struct Refusal {
  json::object error;
  int close_code = 1008;
  std::string close_reason;
};

struct HandshakeFacts {
  std::string connection_id;
  std::string nonce;
  std::int64_t now_ms = 0;
  bool loopback = false;
};

std::expected<ClientFacts, Refusal> shake_hands(const json::object& params, const HandshakeFacts& facts,
                                                Credentials& credentials);
// A refusal that closes with its own message.
Refusal refuse(std::string_view code, std::string message, json::object details = {}, int close_code = 1008);

} // namespace openclaw::gateway
