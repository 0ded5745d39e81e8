#include "extensions/channels/slack/intake.hpp"

#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

constexpr std::int64_t kLookUpMs = 1200; // Slack waits three seconds for everything
constexpr std::int64_t kNameGoodMs = 60 * 60 * 1000;
constexpr std::int64_t kNoNameMs = 60 * 1000;
constexpr std::int64_t kAbsenceMs = 4 * 60 * 1000; // shorter ones are covered by Slack's own redelivery
constexpr std::int64_t kLongestAbsenceMs = 7 * 24 * 60 * 60 * 1000;
constexpr std::int64_t kOverlapMs = 30 * 1000; // what came at the same time as the last event that is on disk
constexpr std::string_view kCatchingUp = "catching-up-since";
constexpr int kMostPages = 3;
constexpr int kMostLimits = 10; // how often a limit is waited out

std::string shown_name(const json::value& user) {
  if (const auto* profile = find(user, "profile"))
    for (const std::string_view key : {"display_name", "real_name"})
      if (auto name = string_or(*profile, key); !name.empty()) return name;
  auto name = string_or(user, "real_name");
  return name.empty() ? string_or(user, "name") : name;
}

} // namespace

std::string Intake::name_of(std::string_view user_id) const {
  const auto* known = people_.find(user_id);
  return known ? known->name : std::string();
}

std::string Intake::newest_message(std::string_view chat_id) const {
  const auto* ts = newest_.find(chat_id);
  return ts ? *ts : std::string();
}

Task<> Intake::know(std::string user_id) {
  const auto* known = people_.find(user_id);
  if (known && known->until_ms > time_.monotonic_ms()) co_return Result<>{};
  json::object parameters{{"user", user_id}};
  CO_TRY(const auto answer, co_await api_.call_as(reader_, "users.info", std::move(parameters), kLookUpMs));
  const auto* user = answer.problem ? nullptr : find(answer.body, "user");
  Known now{user ? shown_name(*user) : name_of(user_id), time_.monotonic_ms() + (user ? kNameGoodMs : kNoNameMs)};
  people_.put(std::move(user_id), std::move(now));
  co_return Result<>{};
}

Task<std::string> Intake::name_of_room(std::string room_id) {
  const auto* known = rooms_.find(room_id);
  if (known && known->until_ms > time_.monotonic_ms()) co_return known->name;
  json::object parameters{{"channel", room_id}};
  CO_TRY(const auto answer, co_await api_.call_as(reader_, "conversations.info", std::move(parameters), kLookUpMs));
  const auto* room = answer.problem ? nullptr : find(answer.body, "channel");
  Known now{room ? string_or(*room, "name") : std::string(), time_.monotonic_ms() + (room ? kNameGoodMs : kNoNameMs)};
  auto name = now.name;
  rooms_.put(std::move(room_id), std::move(now));
  co_return name;
}

// Who reads a thread for the first time does not know what it is about; Slack says it only when it is asked.
Task<> Intake::add_starter(ports::InboundEvent& event, json::value payload) {
  const auto* inner = find(payload, "event");
  const bool parent_known = inner && !string_or(*inner, "parent_user_id").empty();
  const bool addressed =
      event.mentions_me || event.replies_to_me || event.chat.kind == ports::ChatKind::direct || event.quote;
  const auto key = fmt::format("{}:{}", event.chat.id, event.chat.thread_id);
  if (!is_ts(event.chat.thread_id) || threads_.find(key) || (parent_known && !addressed)) co_return Result<>{};
  json::object parameters{{"channel", event.chat.id}, {"ts", event.chat.thread_id}, {"limit", 1}, {"inclusive", true}};
  CO_TRY(const auto answer, co_await api_.call_as(reader_, "conversations.replies", std::move(parameters), kLookUpMs));
  const auto* messages = answer.problem ? nullptr : find(answer.body, "messages");
  if (!messages || !messages->is_array() || messages->get_array().empty()) co_return Result<>{};
  const auto& first = messages->get_array().front();
  auto author = string_or(first, "user");
  if (!me_.user_id.empty() && author == me_.user_id) event.replies_to_me = true;
  if (!addressed && !event.replies_to_me) co_return Result<>{};
  threads_.put(key, true);
  if (event.quote) co_return Result<>{};
  if (!author.empty() && author != me_.user_id) CO_TRY_VOID(co_await know(author));
  const NameOf names = [this](std::string_view id) { return name_of(id); };
  auto words = plain_words(string_or(first, "text"), me_.user_id, names);
  auto name = author == me_.user_id ? me_.name : name_of(author);
  event.quote = {string_or(first, "ts"), name.empty() ? author : name, std::move(words)};
  co_return Result<>{};
}

Task<> Intake::take_event(ports::ChannelHost& host, json::value payload) {
  const NameOf names = [this](std::string_view id) { return name_of(id); };
  // Our own echoes and what was taken need no names.
  const auto first_look = event_from(payload, me_, names);
  if (!first_look || first_look->from.is_self) co_return Result<>{};
  const bool message = first_look->type == ports::EventType::message || first_look->type == ports::EventType::command;
  if (message && taken_.find(first_look->event_id)) co_return Result<>{};
  const auto people = people_of(payload);
  for (const auto& id : people)
    if (id != me_.user_id) CO_TRY_VOID(co_await know(id));
  auto event = event_from(payload, me_, names);
  const auto id = event->event_id;
  if (rooms_by_name_ && event->chat.kind == ports::ChatKind::channel) {
    CO_TRY(event->chat.title, co_await name_of_room(event->chat.id));
  }
  if (message) {
    CO_TRY_VOID(co_await add_starter(*event, payload));
    newest_.put(event->chat.id, event->message_id);
  }
  auto ours = std::move(*event);
  CO_TRY_VOID(co_await host.receive(std::move(ours)));
  if (message) taken_.put(id, true);
  co_return Result<>{};
}

// All pages of a list; what a limit delays is waited for. Empty, and not_read_ says why, when Slack refuses.
Task<json::array> Intake::list_all(std::string method, std::string key, json::object parameters, int pages) {
  json::array all;
  int limits = 0;
  while (pages > 0) {
    auto asked = parameters;
    CO_TRY(const auto answer, co_await api_.call(method, std::move(asked)));
    if (answer.problem && answer.problem->fault != ports::SendFault::refused && ++limits <= kMostLimits) {
      CO_TRY_VOID(co_await time_.sleep_ms(std::clamp<std::int64_t>(answer.problem->retry_after_ms, 1000, 60'000)));
      continue;
    }
    if (answer.problem) {
      not_read_ = answer.problem->message;
      break;
    }
    if (const auto* items = find(answer.body, key); items && items->is_array())
      all.insert(all.end(), items->get_array().begin(), items->get_array().end());
    const auto* more = find(answer.body, "response_metadata");
    auto cursor = more ? string_or(*more, "next_cursor") : std::string();
    if (cursor.empty()) break;
    parameters["cursor"] = std::move(cursor);
    --pages;
  }
  co_return all;
}

Task<> Intake::read_room(ports::ChannelHost& host, json::value room, std::string since) {
  const auto id = string_or(room, "id");
  json::object parameters{{"channel", id}, {"oldest", since}, {"limit", 200}};
  CO_TRY(auto messages, co_await list_all("conversations.history", "messages", std::move(parameters), kMostPages));
  std::reverse(messages.begin(), messages.end()); // the newest came first
  const std::string_view type = bool_or(room, "is_im", false)     ? "im"
                                : bool_or(room, "is_mpim", false) ? "mpim"
                                                                  : "channel";
  for (const auto& message : messages) {
    if (!message.is_object()) continue;
    json::object event = message.get_object();
    event["channel"] = id;
    event["channel_type"] = type;
    json::value payload = json::object{{"team_id", me_.team_id}, {"event", std::move(event)}};
    CO_TRY_VOID(co_await take_event(host, std::move(payload)));
  }
  co_return Result<>{};
}

Task<> Intake::catch_up(ports::ChannelHost& host) {
  // A reading that was interrupted begins where it began.
  auto since = host.recall(kCatchingUp);
  const auto now = time_.now_ms();
  if (!is_ts(since)) {
    const auto last = ts_milliseconds(host.checkpoint());
    if (last == 0 || now - last < kAbsenceMs) co_return Result<>{};
    since = fmt::format("{}.000000", (std::max(last, now - kLongestAbsenceMs) - kOverlapMs) / 1000);
    CO_TRY_VOID(co_await host.remember(std::string(kCatchingUp), since));
  }
  not_read_.clear();
  json::object parameters{
      {"types", "im,mpim,public_channel,private_channel"}, {"exclude_archived", true}, {"limit", 200}};
  CO_TRY(const auto rooms, co_await list_all("users.conversations", "channels", std::move(parameters), kMostPages));
  for (const auto& room : rooms)
    CO_TRY_VOID(co_await read_room(host, room, since));
  if (!not_read_.empty())
    host.warn(fmt::format("What was said while the gateway was away could not be read. {}", not_read_));
  co_return co_await host.remember(std::string(kCatchingUp), "");
}

Task<> Intake::take(ports::ChannelHost& host, Envelope envelope) {
  if (envelope.type == "slash_commands") {
    auto event = command_from(envelope.payload, me_, command_);
    if (!event || command_.empty()) co_return Result<>{};
    auto ours = std::move(*event);
    co_return co_await host.receive(std::move(ours));
  }
  // Buttons and dialogs are none of ours, so there is nothing to do when one is pressed but to say that it came.
  if (envelope.type != "events_api") co_return Result<>{};
  auto payload = std::move(envelope.payload);
  co_return co_await take_event(host, std::move(payload));
}

} // namespace openclaw::extensions::slack
