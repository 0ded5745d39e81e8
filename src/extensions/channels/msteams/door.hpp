// Who may hand us an activity: only the Bot Framework itself, by its signature, for our app, and for an address that
// our own token may go to.
#pragma once
#include "extensions/channels/msteams/signing_keys.hpp"
#include "net/http.hpp"

namespace openclaw::extensions::msteams {

struct DoorSettings {
  std::string app_id;
  std::string tenant_id;   // empty: the bot serves every tenant
  std::string service_url; // configured; empty: Microsoft's
};

struct Visit {
  int status = 200; // what to answer when there is no activity
  std::string why;
  std::optional<json::value> activity;
};

// Token and body together; pure but for the key, which is fetched before.
Visit judge(const Token& token, const PublicKey& key, std::string_view body, const DoorSettings& settings,
            std::int64_t now_ms);

class Door {
public:
  Door(SigningKeys keys, async::Time& time, DoorSettings settings)
      : keys_(std::move(keys)), time_(time), settings_(std::move(settings)) {}
  Task<Visit> admit(net::Request request, std::string body);

private:
  SigningKeys keys_;
  async::Time& time_;
  DoorSettings settings_;
};

} // namespace openclaw::extensions::msteams
