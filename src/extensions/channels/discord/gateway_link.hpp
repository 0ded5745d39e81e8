// One connection to Discord's gateway: greets, keeps the heart beating and hands on what comes, in order. Reading goes
// on while an event is being stored, so that a busy disk is not taken for a dead connection.
#pragma once
#include "extensions/channels/discord/rest_api.hpp"
#include "extensions/channels/discord/session.hpp"
#include "ports/channel.hpp"
#include <deque>
#include <memory>

namespace openclaw::extensions::discord {

// The answer that Discord wants within three seconds of a command: "I am thinking". Given as soon as the frame is read.
struct Deferral {
  explicit Deferral(async::Executor executor) : changed(executor) {}
  bool done = false;
  bool accepted = false; // an answer can follow by the interaction's token
  async::Event changed;
};

struct Dispatch {
  std::string type;
  std::int64_t sequence = 0;
  json::value data;
  std::shared_ptr<Deferral> deferral; // of a command
};

struct LinkSettings {
  int intents = 0;
  bool ephemeral = true; // answers to commands are seen by who gave them alone
};

class GatewayLink {
public:
  // `services` is used while the link lives; what it starts ends with it and refers to nothing of the caller but
  // `host`.
  GatewayLink(const ports::ChannelServices& services, ports::ChannelHost& host, std::shared_ptr<RestApi> rest,
              LinkSettings settings);
  ~GatewayLink(); // leaves so that Discord keeps the session

  // Connects, and resumes the session or, when it has no id, begins one.
  Task<> connect(std::string url, const Session& session);
  // The next event; nothing when the connection ended: verdict() says how.
  Task<std::optional<Dispatch>> next();
  // Everything up to this one is done with.
  void done(std::int64_t sequence);
  Verdict verdict() const;

private:
  struct State;
  std::shared_ptr<State> state_;
  async::Scope& background_;
  async::Scope::Child reader_;
};

} // namespace openclaw::extensions::discord
