#include "extensions/channels/matrix/stream.hpp"

#include "async/offload.hpp"
#include "base/encoding.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/seal.hpp"
#include <algorithm>
#include <fmt/core.h>
#include <span>

namespace openclaw::extensions::matrix {
namespace {

constexpr std::int64_t kPollMs = 30'000;
constexpr std::int64_t kPollTimeoutMs = 45'000; // the poll's own time and a margin
constexpr std::int64_t kLongestPauseMs = 60'000;
constexpr std::int64_t kSaveQuietMs = 10 * 60 * 1000;
constexpr int kMostPauses = 3;
constexpr int kMostPages = 5;     // of missed messages in one room
constexpr int kMostUpgrades = 20; // of one room
constexpr int kPageEvents = 100;

constexpr std::string_view kEventTypes =
    R"(["m.room.message","m.sticker","m.reaction","m.room.redaction","m.room.encrypted","m.room.member","m.room.name","m.room.canonical_alias","m.room.encryption","m.room.tombstone"])";

// Only what is read here; at the very start none of the past.
std::string sync_filter(bool first) {
  return fmt::format(
      R"({{"presence":{{"types":[]}},"account_data":{{"types":["m.direct"]}},"room":{{"account_data":{{"types":[]}},"ephemeral":{{"types":[]}},"state":{{"types":["m.room.member","m.room.name","m.room.canonical_alias","m.room.encryption","m.room.create","m.room.tombstone"],"lazy_load_members":true,"include_redundant_members":true}},"timeline":{{"types":{},"limit":{},"lazy_load_members":true,"include_redundant_members":true}}}}}})",
      kEventTypes, first ? 1 : 50);
}

std::vector<std::string> keys_of(const json::value& settings, std::string_view section) {
  std::vector<std::string> keys;
  if (const auto* found = find(settings, section); found && found->is_object())
    for (const auto& [key, value] : found->get_object())
      keys.emplace_back(key);
  return keys;
}

std::vector<std::string> allowed_rooms(const json::value& settings) {
  std::vector<std::string> rooms;
  if (const auto* list = find(settings, "autoJoinAllowlist"); list && list->is_array())
    for (const auto& room : list->get_array())
      if (room.is_string()) rooms.emplace_back(room.get_string());
  return rooms;
}

const json::object& section_of(const json::value& answer, std::string_view which) {
  static const json::object none;
  const auto* rooms = find(answer, "rooms");
  const auto* section = rooms ? find(*rooms, which) : nullptr;
  return section && section->is_object() ? section->get_object() : none;
}

} // namespace

Stream::Stream(const ports::ChannelServices& services, const json::value& settings, ClientApi& api)
    : services_(services), settings_(settings), api_(api) {}

Task<ApiAnswer> Stream::ask(std::string path) {
  for (int pauses = 0;; ++pauses) {
    CO_TRY(auto answer, co_await api_.get(path));
    const bool wait = answer.problem && answer.problem->fault == ports::SendFault::retry_after;
    if (!wait || pauses == kMostPauses) co_return answer;
    CO_TRY_VOID(
        co_await services_.time.sleep_ms(std::clamp<std::int64_t>(answer.problem->retry_after_ms, 0, kLongestPauseMs)));
  }
}

Task<> Stream::run(ports::ChannelHost& host) {
  CO_TRY_VOID(co_await prepare(host));
  co_return co_await follow(host);
}

// With a password: once, and the token is kept, for homeservers limit logins and know our keys by their device.
Task<> Stream::log_in(ports::ChannelHost& host) {
  if (api_.has_token()) co_return Result<>{};
  const auto user = string_or(settings_, "userId");
  const auto fact = "token:" + sha256_hex(string_or(settings_, "homeserver") + "\n" + user).substr(0, 16);
  CO_TRY(auto kept, co_await kept_token(host, fact));
  if (!kept.empty()) {
    log::redact(kept);
    api_.use(std::move(kept));
    auto whoami = client_path({"account", "whoami"});
    CO_TRY(const auto known, co_await ask(std::move(whoami)));
    if (known.code != "M_UNKNOWN_TOKEN") co_return Result<>{};
    api_.use({});
  }
  CO_TRY(const auto password, services_.secret("password"));
  json::object body{{"type", "m.login.password"},
                    {"identifier", json::object{{"type", "m.id.user"}, {"user", user}}},
                    {"password", password.reveal()},
                    {"initial_device_display_name", string_or(settings_, "deviceName", "OpenClaw")}};
  if (auto device = host.recall("device"); !device.empty()) body["device_id"] = std::move(device);
  auto path = client_path({"login"});
  CO_TRY(const auto answer, co_await api_.post(std::move(path), std::move(body)));
  if (answer.code == "M_FORBIDDEN")
    co_return fail(Kind::denied, "The homeserver does not take this user and password.",
                   "Set them with: openclaw config set channels.matrix.userId @NAME:SERVER, and password.");
  if (answer.problem) co_return std::unexpected(refusal(answer));
  Secret token(string_or(answer.result, "access_token"));
  log::redact(token);
  api_.use(token);
  CO_TRY_VOID(co_await keep_token(host, fact, std::move(token)));
  co_return co_await host.remember("device", string_or(answer.result, "device_id"));
}

// It is sealed by the vault's key of this account: what the state holds is of no use elsewhere.
Task<> Stream::keep_token(ports::ChannelHost& host, std::string fact, Secret token) {
  CO_TRY(const auto key, co_await async::offload<Secret>(services_.folder_key));
  const auto sealed = config::seal(key, token.reveal(), fact);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(sealed.data()), sealed.size());
  auto text = to_base64(bytes);
  co_return co_await host.remember(std::move(fact), std::move(text));
}

// Empty when there is none that can be opened: then a login gives another.
Task<Secret> Stream::kept_token(ports::ChannelHost& host, std::string fact) {
  const auto text = host.recall(fact);
  const auto sealed = from_base64(text);
  if (text.empty() || !sealed) co_return Secret();
  CO_TRY(const auto key, co_await async::offload<Secret>(services_.folder_key));
  auto token = config::open_seal(key, std::string(sealed->begin(), sealed->end()), fact);
  co_return token ? std::move(*token) : Secret();
}

Task<Me> Stream::introduce() {
  auto whoami = client_path({"account", "whoami"});
  CO_TRY(const auto answer, co_await ask(std::move(whoami)));
  if (answer.problem) co_return std::unexpected(refusal(answer));
  Me me{string_or(answer.result, "user_id"), {}};
  if (!is_user_id(me.id))
    co_return fail(Kind::transient, "What answered for the homeserver does not say who we are.",
                   "Check channels.matrix.homeserver.");
  const auto wanted = string_or(settings_, "userId");
  if (is_user_id(wanted) && wanted != me.id)
    co_return fail(Kind::denied, fmt::format("The access token belongs to {}, not to {}.", me.id, wanted),
                   "Set the token of the account that channels.matrix.userId names, or remove userId.");
  auto path = client_path({"profile", me.id, "displayname"});
  CO_TRY(const auto profile, co_await ask(std::move(path)));
  me.name = string_or(profile.result, "displayname");
  me_ = me;
  co_return me;
}

Task<> Stream::prepare(ports::ChannelHost& host) {
  CO_TRY_VOID(co_await log_in(host));
  CO_TRY(const auto me, co_await introduce());
  auto path = client_path({"user", me.id, "account_data", "m.direct"});
  CO_TRY(const auto direct, co_await ask(std::move(path)));
  if (!direct.problem)
    rooms_.take_direct(direct.result);
  else if (direct.problem->fault != ports::SendFault::missing)
    co_return std::unexpected(refusal(direct));
  if (since_.empty() && host.recall("user") == me.id) since_ = host.checkpoint();
  co_return Result<>{};
}

Task<> Stream::resolve_all(ports::ChannelHost& host) {
  auto groups = keys_of(settings_, "groups");
  if (groups.empty()) groups = keys_of(settings_, "rooms");
  CO_TRY(configured_, co_await resolve(host, std::move(groups)));
  auto allowed = allowed_rooms(settings_);
  CO_TRY(invitable_, co_await resolve(host, std::move(allowed)));
  co_return Result<>{};
}

// Room id → alias. The homeserver says which room it is: what a room says of itself anybody can make up.
Task<std::map<std::string, std::string>> Stream::resolve(ports::ChannelHost& host, std::vector<std::string> aliases) {
  std::map<std::string, std::string> rooms;
  for (const auto& alias : aliases) {
    if (!alias.starts_with('#')) continue;
    auto path = client_path({"directory", "room", alias});
    CO_TRY(const auto found, co_await ask(std::move(path)));
    if (found.problem)
      host.warn(fmt::format("The room {} was not found: {}", printable(alias, 100), found.problem->message));
    else
      rooms[string_or(found.result, "room_id")] = alias;
  }
  co_return rooms;
}

Task<> Stream::follow(ports::ChannelHost& host) {
  bool all_state = true; // of a new life: what rooms are like is not kept on disk
  bool lost = false;
  while (true) {
    CO_TRY_VOID(co_await async::check_cancelled());
    // With all state the answer comes at once, whatever the timeout. Synapse answers the same question for two minutes
    // as it did before, and what was said meanwhile would then look as if it came after our start.
    const auto timeout = all_state ? static_cast<std::int64_t>(services_.random.next() % 10'000) : kPollMs;
    auto query = fmt::format("timeout={}&filter={}", timeout, percent_encoded(sync_filter(since_.empty())));
    if (!since_.empty()) query += "&since=" + percent_encoded(since_);
    if (all_state) query += "&full_state=true";
    CO_TRY(auto answer, co_await api_.sync(std::move(query), kPollTimeoutMs));
    if (answer.problem && answer.problem->fault == ports::SendFault::retry_after) {
      CO_TRY_VOID(co_await services_.time.sleep_ms(
          std::clamp<std::int64_t>(answer.problem->retry_after_ms, 100, kLongestPauseMs)));
      continue;
    }
    if (answer.status == 400 && !since_.empty()) {
      lost = true;
      since_.clear();
      continue;
    }
    if (answer.problem) co_return std::unexpected(refusal(answer));
    host.alive();
    if (all_state) {
      host.connected(me_.id); // from now on what is said is heard
      CO_TRY_VOID(co_await resolve_all(host));
    }
    if (std::exchange(lost, false))
      host.warn("The homeserver does not know any more where we stopped. Messages that came meanwhile are not read.");
    CO_TRY_VOID(co_await take(host, std::move(answer.result)));
    all_state = false;
  }
}

Task<> Stream::take(ports::ChannelHost& host, json::value answer) {
  auto next = string_or(answer, "next_batch");
  if (next.empty())
    co_return fail(Kind::transient, "What answered for the homeserver is no sync answer.",
                   "Check channels.matrix.homeserver.");
  for (const auto& event : events_in(answer, "account_data"))
    if (const auto* content = find(event, "content"); content && string_or(event, "type") == "m.direct")
      rooms_.take_direct(*content);
  for (const auto& [room_id, left] : section_of(answer, "leave"))
    rooms_.forget(std::string(room_id));
  for (const auto& [room_id, invitation] : section_of(answer, "invite"))
    CO_TRY_VOID(co_await take_invitation(host, std::string(room_id), invitation));

  const bool first = since_.empty();
  std::vector<ports::InboundEvent> events;
  for (const auto& [room_id, joined] : section_of(answer, "join")) {
    rooms_.take(std::string(room_id), joined);
    if (first) continue; // what was said before our time is not answered
    CO_TRY(auto of_room, co_await events_of(host, std::string(room_id), joined));
    for (auto& event : of_room)
      events.push_back(std::move(event));
  }
  CO_TRY_VOID(co_await follow_upgrades(host));
  const auto now = services_.time.now_ms();
  // What is nothing to us moves the place too; kept now and then, so that a restart has little to go through.
  if (first || (events.empty() && next != since_ && now - saved_ms_ > kSaveQuietMs)) {
    CO_TRY_VOID(co_await host.save_checkpoint(next));
    saved_ms_ = now;
  }
  if (first) CO_TRY_VOID(co_await host.remember("user", me_.id));
  if (!events.empty()) saved_ms_ = now;
  std::map<std::string, std::string> read; // room → its last message
  for (std::size_t at = 0; at < events.size(); ++at) {
    auto& event = events[at];
    if (at + 1 == events.size()) event.checkpoint = next;
    if (event.type == ports::EventType::message || event.type == ports::EventType::command)
      read[event.chat.id] = event.message_id;
    CO_TRY_VOID(co_await host.receive(std::move(event)));
  }
  for (const auto& [room_id, event_id] : read)
    api_.post_aside(services_.background, client_path({"rooms", room_id, "receipt", "m.read", event_id}));
  since_ = std::move(next);
  co_return Result<>{};
}

bool Stream::may_join(const std::string& room_id) const {
  const auto policy = string_or(settings_, "autoJoin", "always");
  if (policy != "allowlist") return policy == "always";
  const auto rooms = allowed_rooms(settings_);
  return invitable_.contains(room_id) || std::any_of(rooms.begin(), rooms.end(), [&](const std::string& room) {
           return room == "*" || room == room_id;
         });
}

Task<> Stream::take_invitation(ports::ChannelHost& host, std::string room_id, json::value invitation) {
  if (!may_join(room_id)) co_return Result<>{};
  std::string inviter;
  bool direct = false;
  for (const auto& event : events_in(invitation, "invite_state")) {
    if (string_or(event, "type") != "m.room.member" || string_or(event, "state_key") != me_.id) continue;
    inviter = string_or(event, "sender");
    const auto* content = find(event, "content");
    direct = content && bool_or(*content, "is_direct", false);
  }
  direct = direct && is_user_id(inviter);
  if (direct) rooms_.mark_direct(inviter, room_id);
  CO_TRY(const auto answer, co_await join(room_id, ""));
  if (answer.problem) {
    host.warn(fmt::format("The invitation to {} could not be followed: {} Invite again to try it again.",
                          printable(room_id, 100), answer.problem->message));
    co_return Result<>{};
  }
  if (direct) co_return co_await save_direct();
  co_return Result<>{};
}

// Not tried for ever: a room that cannot be joined must not keep the others from being heard.
Task<ApiAnswer> Stream::join(std::string room_id, std::string via) {
  for (int pauses = 0;; ++pauses) {
    auto path = client_path({"join", room_id});
    // The older and the newer name of the server that knows the room.
    if (!via.empty()) path += fmt::format("?server_name={0}&via={0}", percent_encoded(via));
    CO_TRY(auto answer, co_await api_.post(std::move(path), json::object()));
    const bool wait = answer.problem && answer.problem->fault == ports::SendFault::retry_after;
    if (!wait || pauses == kMostPauses) co_return answer;
    CO_TRY_VOID(
        co_await services_.time.sleep_ms(std::clamp<std::int64_t>(answer.problem->retry_after_ms, 0, kLongestPauseMs)));
  }
}

Task<> Stream::follow_upgrades(ports::ChannelHost& host) {
  for (const auto& room_id : rooms_.joined()) {
    const auto next = rooms_.named_replacement(room_id);
    if (next.empty() || !upgrades_seen_.insert(next).second) continue;
    const auto joined = rooms_.joined();
    if (std::find(joined.begin(), joined.end(), next) != joined.end()) continue;
    const auto what = fmt::format("The room {} was replaced by {}", printable(room_id, 100), printable(next, 100));
    if (!may_join(next) && !may_join(room_id)) {
      host.warn(what + ", which channels.matrix.autoJoin does not let this account join.");
      continue;
    }
    CO_TRY(const auto answer, co_await join(next, rooms_.replaced_by(room_id)));
    if (answer.problem) {
      host.warn(
          fmt::format("{}, which cannot be joined: {} Invite this account there.", what, answer.problem->message));
      continue;
    }
    log::info("channels", what + ".", {{"channel", "matrix"}});
    if (const auto person = rooms_.person_of(room_id); !person.empty()) {
      rooms_.mark_direct(person, next);
      CO_TRY_VOID(co_await save_direct());
    }
  }
  co_return Result<>{};
}

std::string Stream::configured_name(std::string room_id) const {
  const auto groups = keys_of(settings_, find(settings_, "groups") ? "groups" : "rooms");
  for (int upgrades = 0; !room_id.empty() && upgrades < kMostUpgrades; ++upgrades) {
    if (const auto alias = configured_.find(room_id); alias != configured_.end()) return alias->second;
    if (std::find(groups.begin(), groups.end(), room_id) != groups.end())
      return upgrades == 0 ? std::string() : room_id;
    room_id = rooms_.predecessor(room_id);
  }
  return {};
}

Task<> Stream::save_direct() {
  auto content = rooms_.direct_content();
  auto path = client_path({"user", me_.id, "account_data", "m.direct"});
  CO_TRY(const auto answer, co_await api_.put(std::move(path), std::move(content)));
  if (answer.problem) log::warn("channels", answer.problem->message, {{"channel", "matrix"}});
  co_return Result<>{};
}

Task<std::string> Stream::room_with(std::string user_id) {
  if (auto room = rooms_.direct_room(user_id); !room.empty()) co_return room;
  json::object body{{"is_direct", true}, {"preset", "trusted_private_chat"}, {"invite", json::array{user_id}}};
  auto path = client_path({"createRoom"});
  CO_TRY(const auto answer, co_await api_.post(std::move(path), std::move(body)));
  auto room = string_or(answer.result, "room_id");
  if (answer.problem || room.empty()) co_return std::unexpected(refusal(answer));
  rooms_.mark_direct(user_id, room);
  rooms_.take(room, json::object()); // the next message need not wait until the stream shows it
  CO_TRY_VOID(co_await save_direct());
  co_return room;
}

Task<std::vector<ports::InboundEvent>> Stream::events_of(ports::ChannelHost& host, std::string room_id,
                                                         json::value joined) {
  RoomFacts facts;
  facts.id = room_id;
  facts.title = rooms_.title(room_id);
  facts.direct = rooms_.is_direct(room_id);
  facts.known_as = configured_name(room_id);
  const auto threads = string_or(settings_, "threadReplies", "inbound");
  facts.threads = threads == "off"      ? ThreadReplies::off
                  : threads == "always" ? ThreadReplies::always
                                        : ThreadReplies::inbound;
  facts.names = names_in(joined);
  auto timeline = events_in(joined, "timeline");
  const auto* section = find(joined, "timeline");
  if (section && bool_or(*section, "limited", false) && first_for_us(timeline, me_.id) == 0) {
    CO_TRY(auto older, co_await missed(host, room_id, *section));
    older.insert(older.end(), timeline.begin(), timeline.end());
    timeline = std::move(older);
  }
  std::vector<ports::InboundEvent> events;
  bool unreadable = false;
  for (auto at = first_for_us(timeline, me_.id); at < timeline.size(); ++at) {
    if (string_or(timeline[at], "type") == "m.room.encrypted" && string_or(timeline[at], "sender") != me_.id)
      unreadable = true;
    auto event = event_from(timeline[at], me_, facts);
    if (!event) continue;
    if (event->quote) {
      CO_TRY(const auto quoted, co_await event_of(room_id, event->quote->message_id));
      fill_quote(*event, quoted, me_, facts);
    }
    events.push_back(std::move(*event));
  }
  if (unreadable) CO_TRY_VOID(co_await tell_encrypted(host, room_id));
  co_return events;
}

Task<json::array> Stream::missed(ports::ChannelHost& host, std::string room_id, json::value timeline) {
  json::array newest_first;
  auto from = string_or(timeline, "prev_batch");
  const auto query = fmt::format("?dir=b&limit={}&to={}&filter={}&from=", kPageEvents, percent_encoded(since_),
                                 percent_encoded(fmt::format("{{\"types\":{}}}", kEventTypes)));
  for (int page = 0; page < kMostPages && !from.empty(); ++page) {
    auto path = client_path({"rooms", room_id, "messages"}) + query + percent_encoded(from);
    CO_TRY(const auto answer, co_await ask(std::move(path)));
    if (answer.problem && answer.status >= 400 && answer.status < 500) {
      host.warn(fmt::format("Messages that were missed in {} cannot be read: {}", printable(room_id, 100),
                            answer.problem->message));
      from.clear();
      break;
    }
    if (answer.problem) co_return std::unexpected(refusal(answer));
    const auto* chunk = find(answer.result, "chunk");
    from = string_or(answer.result, "end");
    if (!chunk || !chunk->is_array() || chunk->get_array().empty()) {
      from.clear();
      break;
    }
    newest_first.insert(newest_first.end(), chunk->get_array().begin(), chunk->get_array().end());
  }
  if (!from.empty())
    host.warn(fmt::format("More than {} messages came to {} meanwhile; the oldest of them are not read.",
                          newest_first.size(), printable(room_id, 100)));
  std::reverse(newest_first.begin(), newest_first.end());
  co_return newest_first;
}

Task<json::value> Stream::event_of(std::string room_id, std::string event_id) {
  auto path = client_path({"rooms", room_id, "event", event_id});
  CO_TRY(auto answer, co_await ask(std::move(path)));
  co_return std::move(answer.result);
}

// Once in a room's life: who writes there must learn why nobody answers.
Task<> Stream::tell_encrypted(ports::ChannelHost& host, std::string room_id) {
  const auto fact = "encrypted:" + event_key(room_id);
  if (!host.recall(fact).empty()) co_return Result<>{};
  host.warn(fmt::format("The room {} is encrypted, which this build cannot read.", printable(room_id, 100)));
  json::object body{{"msgtype", "m.notice"},
                    {"body",
                     "⚙️ This room is encrypted, and I cannot read encrypted messages yet. Please write to me in "
                     "a room without encryption."},
                    {"m.mentions", json::object{}}};
  auto path = client_path({"rooms", room_id, "send", "m.room.message", event_key(fact)});
  CO_TRY(const auto answer, co_await api_.put(std::move(path), std::move(body)));
  if (answer.problem) log::warn("channels", answer.problem->message, {{"channel", "matrix"}});
  co_return co_await host.remember(fact, "told");
}

} // namespace openclaw::extensions::matrix
