// What Discord's gateway brings, as events for the host: sessions that are resumed, gaps that are closed, threads put
// to their channels.
#pragma once
#include "extensions/channels/discord/events.hpp"
#include "extensions/channels/discord/gateway_link.hpp"
#include <map>
#include <memory>

namespace openclaw::extensions::discord {

class Receiver {
public:
  Receiver(const ports::ChannelServices& services, std::shared_ptr<RestApi> rest, LinkSettings settings)
      : services_(services), rest_(std::move(rest)), settings_(settings) {}

  // One life of the connection, with the reconnections that Discord itself asks for.
  Task<> run(ports::ChannelHost& host);

private:
  Task<Verdict> live(ports::ChannelHost& host);
  Task<std::string> gateway_url(ports::ChannelHost& host);
  Task<> take(ports::ChannelHost& host, Dispatch dispatch);
  Task<> begin(ports::ChannelHost& host, Dispatch ready);
  Task<> close_gap(ports::ChannelHost& host);
  Task<json::array> messages_after(ports::ChannelHost& host, std::string channel, std::string last);
  Task<> take_event(ports::ChannelHost& host, Dispatch dispatch);
  Task<> settle(ports::InboundEvent& event);
  Task<Room> room_of(std::string id);
  void keep(std::string id, Room room);

  const ports::ChannelServices& services_;
  std::shared_ptr<RestApi> rest_;
  LinkSettings settings_;
  Session session_;
  std::map<std::string, Room> rooms_; // those that were written in
};

} // namespace openclaw::extensions::discord
