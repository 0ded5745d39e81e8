// The first request of a connection, judged: which protocol version, which client, with which rights. It sends and
// writes nothing; the words of its refusals are those that real clients and their documentation match on.
#pragma once
#include "gateway/credentials.hpp"
#include "gateway/frames.hpp"
#include "gateway/remote.hpp"
#include "store/devices.hpp"
#include <expected>
#include <set>
#include <string>
#include <vector>

namespace openclaw::gateway {

class Devices;

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
  std::string device_id;   // verified, may be empty
  std::string instance_id; // as it calls itself, may be empty
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
  Remote remote;
};

// What is left to do with the device before the client is in.
enum class DeviceStep {
  none,
  admit, // it showed the gateway's secret: it gets a token, and is paired when it is a program of this machine
  ask    // a person has to agree; the client is turned away until then
};

struct Admission {
  ClientFacts client;
  DeviceStep step = DeviceStep::none;
  store::DeviceFacts device;
  std::vector<std::string> wanted; // scopes for the device
};

std::expected<Admission, Refusal> shake_hands(const json::object& params, const HandshakeFacts& facts,
                                              Credentials& credentials, Devices& devices);
// What a device is told that a person has to agree to first.
Refusal pairing_required(std::string_view request_id, bool known);
// A refusal that closes with its own message.
Refusal refuse(std::string_view code, std::string message, json::object details = {}, int close_code = 1008);

} // namespace openclaw::gateway
