#include "extensions/channels/slack/intake.hpp"

#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::extensions::slack {
namespace {

constexpr std::int64_t kLookUpMs = 1200; // Slack waits three seconds for everything
constexpr std::int64_t kNameGoodMs = 60 * 60 * 1000;
constexpr std::int64_t kNoNameMs = 60 * 1000;

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
  if (message) {
    const auto people = people_of(payload);
    for (const auto& id : people)
      if (id != me_.user_id) CO_TRY_VOID(co_await know(id));
  }
  auto event = event_from(payload, me_, names);
  const auto id = event->event_id;
  if (message) {
    CO_TRY_VOID(co_await add_starter(*event, payload));
    newest_.put(event->chat.id, event->message_id);
  }
  auto ours = std::move(*event);
  CO_TRY_VOID(co_await host.receive(std::move(ours)));
  if (message) taken_.put(id, true);
  co_return Result<>{};
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
