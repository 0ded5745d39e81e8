// Our life on a homeserver: logging in, the /sync long poll, invitations, and what was missed. It hands events on in
// their order and goes on from the token that was stored with the last of them.
#pragma once
#include "extensions/channels/matrix/client_api.hpp"
#include "extensions/channels/matrix/rooms.hpp"

namespace openclaw::extensions::matrix {

class Stream {
public:
  // `services`, `settings` and `api` must live longer.
  Stream(const ports::ChannelServices& services, const json::value& settings, ClientApi& api);

  // One life of the connection, as Channel::receive().
  Task<> run(ports::ChannelHost& host);
  // Asks the homeserver who we are.
  Task<Me> introduce();
  // The room in which we talk to this person alone, made when there is none.
  Task<std::string> room_with(std::string user_id);

  const Me& me() const { return me_; }
  const Rooms& rooms() const { return rooms_; }

private:
  Task<> log_in(ports::ChannelHost& host);
  Task<> keep_token(ports::ChannelHost& host, std::string fact, Secret token);
  Task<Secret> kept_token(ports::ChannelHost& host, std::string fact);
  Task<> prepare(ports::ChannelHost& host);
  Task<> follow(ports::ChannelHost& host);
  Task<> take(ports::ChannelHost& host, json::value answer);
  Task<> take_invitation(ports::ChannelHost& host, std::string room_id, json::value invitation);
  Task<std::vector<ports::InboundEvent>> events_of(ports::ChannelHost& host, std::string room_id, json::value joined);
  // The events before `timeline` that came since our last answer, oldest first.
  Task<json::array> missed(ports::ChannelHost& host, std::string room_id, json::value timeline);
  // Null when it cannot be read.
  Task<json::value> event_of(std::string room_id, std::string event_id);
  Task<> tell_encrypted(ports::ChannelHost& host, std::string room_id);
  Task<> save_direct();
  // As ClientApi::get(), but waits where the homeserver asks for patience.
  Task<ApiAnswer> ask(std::string path);
  Task<> resolve_all(ports::ChannelHost& host);
  Task<std::map<std::string, std::string>> resolve(ports::ChannelHost& host, std::vector<std::string> aliases);
  bool may_join(const std::string& room_id) const;
  // Joins the rooms that replace ours.
  Task<> follow_upgrades(ports::ChannelHost& host);
  Task<ApiAnswer> join(std::string room_id, std::string via);
  // By which name `groups` lists the room or one that it replaced; empty: by its own id, or not at all.
  std::string configured_name(std::string room_id) const;

  const ports::ChannelServices& services_;
  const json::value& settings_;
  ClientApi& api_;
  Me me_;
  Rooms rooms_;
  std::string since_; // behind the last answer whose events are all on disk
  std::int64_t saved_ms_ = 0;
  std::set<std::string> upgrades_seen_;           // replacements that were followed or refused, in this life
  std::map<std::string, std::string> configured_; // room id → the alias by which `groups` names it
  std::map<std::string, std::string> invitable_;  // the same of `autoJoinAllowlist`
};

} // namespace openclaw::extensions::matrix
