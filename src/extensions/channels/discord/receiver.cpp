#include "extensions/channels/discord/receiver.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

constexpr std::int64_t kQuickMs = 10'000; // a connection that ends sooner is a bad sign
constexpr int kMostQuick = 5;
constexpr std::int64_t kLongestStartWaitMs = 15 * 60 * 1000;
constexpr std::int64_t kOldestGapMs = 24 * 60 * 60 * 1000;
constexpr std::size_t kMostRooms = 1000;
constexpr std::int64_t kDeferralMs = 4000;
constexpr int kGapAttempts = 3;
constexpr std::size_t kMostRemoved = 100; // as many as Discord removes at once
constexpr int kDirect = 1;                // types of channels
constexpr int kGroup = 3;

} // namespace

Task<> Receiver::run(ports::ChannelHost& host) {
  if (session_.me.id.empty()) session_ = session_from(host.checkpoint());
  int quick = 0;
  while (true) {
    const auto began = services_.time.monotonic_ms();
    CO_TRY(auto verdict, co_await live(host));
    if (verdict.next != Next::resume) session_.forget_session();
    if (!verdict.error.message.empty()) co_return std::unexpected(std::move(verdict.error));
    quick = services_.time.monotonic_ms() - began < kQuickMs ? quick + 1 : 0;
    if (quick >= kMostQuick)
      co_return fail(Kind::transient, "Discord asks for a new connection again and again.", "It is made again later.");
    // Discord wants one to five seconds before a new session.
    if (verdict.next == Next::identify)
      CO_TRY_VOID(co_await services_.time.sleep_ms(1000 + static_cast<std::int64_t>(services_.random.next() % 4000)));
  }
}

Task<Verdict> Receiver::live(ports::ChannelHost& host) {
  auto url = session_.id.empty() ? std::string() : session_.resume_url;
  if (url.empty()) {
    CO_TRY(url, co_await gateway_url(host));
  }
  GatewayLink link(services_, host, rest_, settings_);
  if (auto connected = co_await link.connect(url, session_); !connected) {
    session_.resume_url.clear(); // another address may be in service by now
    co_return std::unexpected(std::move(connected).error());
  }
  while (true) {
    CO_TRY(auto dispatch, co_await link.next());
    if (!dispatch) co_return link.verdict();
    const auto sequence = dispatch->sequence;
    auto taken = std::move(*dispatch);
    CO_TRY_VOID(co_await take(host, std::move(taken)));
    if (sequence > 0) session_.sequence = sequence;
    link.done(sequence);
  }
}

Task<std::string> Receiver::gateway_url(ports::ChannelHost& host) {
  RestCall call{"GET", "/gateway/bot", {}, {}};
  CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
  if (answer.problem) co_return std::unexpected(refusal(answer));
  if (const auto* limit = find(answer.body, "session_start_limit"); limit && integer_or(*limit, "remaining", 1) < 1) {
    const auto pause = std::clamp<std::int64_t>(integer_or(*limit, "reset_after", 0), 1000, kLongestStartWaitMs);
    host.warn(fmt::format("Discord lets this bot begin no more sessions today; waiting for {} s.", pause / 1000));
    CO_TRY_VOID(co_await services_.time.sleep_ms(pause));
  }
  auto url = string_or(answer.body, "url");
  // The token goes there: never in the clear, unless everything is on a loopback server of tests.
  if (!url.starts_with("wss://") && !(url.starts_with("ws://") && rest_->base().starts_with("http://")))
    co_return fail(Kind::remote, "Discord named no address for its gateway.", "Check channels.discord.restBase.");
  co_return url;
}

Task<> Receiver::take(ports::ChannelHost& host, Dispatch dispatch) {
  if (dispatch.type == "READY") co_return co_await begin(host, std::move(dispatch));
  if (dispatch.type == "RESUMED") {
    host.connected("@" + session_.me.name);
  } else if (dispatch.type == "GUILD_CREATE") {
    const auto key = "role:" + string_or(dispatch.data, "id");
    auto role = string_or(dispatch.data, "own_role");
    if (is_snowflake(role) && host.recall(key) != role) CO_TRY_VOID(co_await host.remember(key, std::move(role)));
  } else if (dispatch.type == "CHANNEL_UPDATE" || dispatch.type == "THREAD_UPDATE") {
    rooms_.erase(string_or(dispatch.data, "id"));
  } else if (dispatch.type == "MESSAGE_DELETE_BULK") {
    const auto* list = find(dispatch.data, "ids");
    const auto ids = list && list->is_array() ? list->get_array() : json::array();
    for (std::size_t at = 0; at < ids.size() && at < kMostRemoved; ++at) {
      Dispatch one{"MESSAGE_DELETE", 0, dispatch.data, nullptr};
      one.data.get_object()["id"] = ids[at];
      CO_TRY_VOID(co_await take_event(host, std::move(one)));
    }
  } else if (dispatch.data.is_object()) {
    co_return co_await take_event(host, std::move(dispatch));
  }
  co_return Result<>{};
}

Task<> Receiver::begin(ports::ChannelHost& host, Dispatch ready) {
  if (const auto* user = find(ready.data, "user")) {
    session_.me.id = string_or(*user, "id");
    session_.me.name = string_or(*user, "username");
  }
  if (const auto* application = find(ready.data, "application"))
    session_.me.application_id = string_or(*application, "id");
  if (!is_snowflake(session_.me.id)) co_return fail(Kind::remote, "Discord does not say who this bot is.");
  host.connected("@" + session_.me.name);
  // The session is worth resuming only when what came before it has been read: until then a new one is begun.
  CO_TRY_VOID(co_await close_gap(host));
  session_.id = string_or(ready.data, "session_id");
  const auto url = string_or(ready.data, "resume_gateway_url");
  session_.resume_url = url.starts_with("wss://") || rest_->base().starts_with("http://") ? url : std::string();
  session_.sequence = ready.sequence;
  auto checkpoint = to_checkpoint(session_);
  co_return co_await host.save_checkpoint(std::move(checkpoint));
}

// A new session is told nothing of what happened before it.
Task<> Receiver::close_gap(ports::ChannelHost& host) {
  const auto oldest = services_.time.now_ms() - kOldestGapMs;
  const auto seen = session_.seen;
  for (const auto& [channel, last] : seen) {
    CO_TRY(auto messages, co_await messages_after(host, channel, last));
    if (messages.empty()) continue;
    CO_TRY(const auto room, co_await room_of(channel));
    // What is read does not say in which server it was said, and nothing of a server may pass for a direct message.
    const bool known = room.type == kDirect || room.type == kGroup || !room.guild_id.empty();
    if (!known) continue;
    std::reverse(messages.begin(), messages.end()); // the newest comes first
    for (auto& message : messages) {
      if (!message.is_object() || time_of(string_or(message, "id")) < oldest) continue;
      auto& fields = message.get_object();
      fields["channel_type"] = room.type;
      if (!room.guild_id.empty()) fields["guild_id"] = room.guild_id;
      Dispatch missed{"MESSAGE_CREATE", 0, std::move(message), nullptr};
      CO_TRY_VOID(co_await take_event(host, std::move(missed)));
    }
  }
  co_return Result<>{};
}

Task<json::array> Receiver::messages_after(ports::ChannelHost& host, std::string channel, std::string last) {
  for (int attempts = 1;; ++attempts) {
    RestCall call{"GET", fmt::format("/channels/{}/messages?after={}&limit=100", channel, last), {}, {}};
    call.patient = true;
    CO_TRY(auto answer, co_await rest_->call(std::move(call)));
    if (!answer.problem) co_return answer.body.is_array() ? std::move(answer.body.get_array()) : json::array();
    const bool gone = answer.status == 403 || answer.status == 404;
    if (!gone && attempts < kGapAttempts) {
      CO_TRY_VOID(co_await services_.time.sleep_ms(1000 * attempts));
      continue;
    }
    if (!gone)
      host.warn("What was written while the connection was lost could not be read: " + answer.problem->message);
    co_return json::array();
  }
}

Task<> Receiver::take_event(ports::ChannelHost& host, Dispatch dispatch) {
  std::string role;
  if (const auto* roles = find(dispatch.data, "mention_roles");
      roles && roles->is_array() && !roles->get_array().empty())
    role = host.recall("role:" + string_or(dispatch.data, "guild_id"));
  auto event = event_from(dispatch.type, dispatch.data, dispatch.sequence, session_.me, role);
  if (!event) co_return Result<>{};
  const auto channel = event->chat.id;
  if (event->from.is_self) {
    if (event->type == ports::EventType::message) session_.saw(channel, event->message_id);
    co_return Result<>{};
  }
  if (dispatch.deferral && event->type == ports::EventType::command) {
    const auto until = services_.time.monotonic_ms() + kDeferralMs;
    while (!dispatch.deferral->done && services_.time.monotonic_ms() < until) {
      auto waited = co_await dispatch.deferral->changed.wait_for(kDeferralMs);
      if (!waited && waited.error().kind == Kind::cancelled) co_return std::unexpected(waited.error());
    }
    // Too late for an answer to the command: it comes as a message.
    if (!dispatch.deferral->accepted) event->reply_token.clear();
  }
  if (const auto* said = find(dispatch.data, "channel"); said && find(*said, "type") && !event->chat.space_id.empty()) {
    auto room = room_from(*said);
    room.guild_id = event->chat.space_id;
    keep(channel, std::move(room));
  }
  if (!event->chat.space_id.empty()) CO_TRY_VOID(co_await settle(*event));
  auto after = session_;
  if (dispatch.sequence > 0) after.sequence = dispatch.sequence;
  if (event->type == ports::EventType::message) after.saw(channel, event->message_id);
  event->checkpoint = to_checkpoint(after);
  auto taken = std::move(*event);
  CO_TRY_VOID(co_await host.receive(std::move(taken)));
  session_ = std::move(after);
  co_return Result<>{};
}

Task<> Receiver::settle(ports::InboundEvent& event) {
  CO_TRY(const auto room, co_await room_of(event.chat.id));
  place(event.chat, room);
  if (event.chat.thread_id.empty()) co_return Result<>{};
  CO_TRY(const auto parent, co_await room_of(event.chat.id));
  event.chat.title = parent.name;
  co_return Result<>{};
}

Task<Room> Receiver::room_of(std::string id) {
  if (const auto known = rooms_.find(id); known != rooms_.end()) co_return known->second;
  RestCall call{"GET", "/channels/" + id, {}, {}};
  call.patient = true;
  CO_TRY(const auto answer, co_await rest_->call(std::move(call)));
  const bool gone = answer.problem && (answer.status == 403 || answer.status == 404);
  if (answer.problem && !gone) co_return std::unexpected(refusal(answer));
  auto room = gone ? Room{} : room_from(answer.body);
  keep(std::move(id), room);
  co_return room;
}

void Receiver::keep(std::string id, Room room) {
  if (rooms_.size() >= kMostRooms) rooms_.clear();
  rooms_.insert_or_assign(std::move(id), std::move(room));
}

} // namespace openclaw::extensions::discord
