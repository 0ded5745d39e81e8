// One life of the link to WhatsApp: starts the confined sidecar with the keys that are kept, keeps what it hands over
// before it is told so, hands its messages on, and says at the end what came of it.
#pragma once
#include "async/scope.hpp"
#include "extensions/channels/whatsapp/events.hpp"
#include "extensions/channels/whatsapp/installation.hpp"
#include "extensions/channels/whatsapp/key_log.hpp"
#include "extensions/channels/whatsapp/sidecar.hpp"
#include <deque>

namespace openclaw::extensions::whatsapp {

struct LinkPlan {
  async::Executor executor;
  async::Time& time;
  Program program;
  std::shared_ptr<KeyLog> keys;
  json::object settings; // what the sidecar is told at its start
};

class Link {
public:
  using Self = std::shared_ptr<Link>;
  Link(LinkPlan plan, ports::ChannelHost& host)
      : plan_(std::move(plan)), host_(host), changed_(plan_.executor), over_(plan_.executor) {}

  enum class Ending { unlinked }; // the phone or a person ended it: nothing of it is kept
  // Until the connection ends. An error is what to do about it, as for Channel::receive().
  static Task<Ending> live(Self self);

  bool up() const { return up_; }
  const Me& me() const { return me_; }
  // As Sidecar::request; an error when there is no process.
  static Task<json::value> request(Self self, std::string method, json::object params, std::int64_t timeout_ms);
  static Task<> note(Self self, std::string method, json::object params);
  // A file that a message leads to.
  static Task<std::string> fetch(Self self, json::object parameters, std::size_t limit);
  // There, where that is possible, and here.
  static Task<> log_out(Self self);

private:
  struct Asked {
    json::value id;
    json::value params;
  };
  static Task<Ending> converse(Self self, Keys kept);
  static Task<> begin(Self self, Keys kept);
  static Task<> keep_changes(Self self);
  static Task<> write_changes(Self self);
  static Task<> hand_on(Self self);
  static Task<> watch(Self self);
  void take_connection(const json::value& params);
  void take_piece(const json::value& params);
  void break_off(Error error);

  LinkPlan plan_;
  ports::ChannelHost& host_;
  std::shared_ptr<Sidecar> sidecar_;
  async::Event changed_;
  async::Event over_;
  std::deque<Asked> changes_;
  std::deque<Asked> messages_;
  struct Transfer {
    std::size_t limit = 0;
    std::string bytes;
  };
  std::map<std::int64_t, Transfer> transfers_;
  std::int64_t last_transfer_ = 0;
  std::int64_t heard_ms_ = 0;
  Me me_;
  std::optional<Close> close_;
  std::optional<Error> broken_; // our own reason to end
  bool linked_ = false;
  bool code_shown_ = false;
  bool up_ = false;
  bool forget_ = false; // a person logs out
  bool ended_ = false;
};

} // namespace openclaw::extensions::whatsapp
