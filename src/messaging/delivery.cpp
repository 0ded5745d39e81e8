#include "messaging/delivery.hpp"

#include <fmt/core.h>

namespace openclaw::messaging {
namespace {

constexpr std::string_view kKinds[] = {"direct", "group", "channel"};

ports::ChatKind kind_from(std::string_view name) {
  return name == "group"     ? ports::ChatKind::group
         : name == "channel" ? ports::ChatKind::channel
                             : ports::ChatKind::direct;
}

} // namespace

json::object to_json(const Delivery& delivery) {
  json::object value{{"channel", delivery.channel},
                     {"account", delivery.account},
                     {"chat", delivery.chat.id},
                     {"kind", kKinds[static_cast<std::size_t>(delivery.chat.kind)]}};
  if (!delivery.chat.thread_id.empty()) value["thread"] = delivery.chat.thread_id;
  if (!delivery.chat.space_id.empty()) value["space"] = delivery.chat.space_id;
  if (!delivery.message_id.empty()) value["message"] = delivery.message_id;
  if (!delivery.reply_token.empty()) value["token"] = delivery.reply_token;
  return value;
}

std::optional<Delivery> delivery_from(const json::value& value) {
  Delivery delivery;
  delivery.channel = string_or(value, "channel");
  delivery.account = string_or(value, "account");
  delivery.chat.id = string_or(value, "chat");
  delivery.chat.kind = kind_from(string_or(value, "kind"));
  delivery.chat.thread_id = string_or(value, "thread");
  delivery.chat.space_id = string_or(value, "space");
  delivery.message_id = string_or(value, "message");
  delivery.reply_token = string_or(value, "token");
  if (delivery.channel.empty() || delivery.chat.id.empty()) return std::nullopt;
  return delivery;
}

std::string strand_of(const ports::Chat& chat) {
  return chat.thread_id.empty() ? chat.id : fmt::format("{}/{}", chat.id, chat.thread_id);
}

std::string outbox_text(const OutboxBody& body) {
  json::object value{{"delivery", to_json(body.delivery)}, {"text", body.text}, {"agent", body.agent_id}};
  if (body.notice) value["notice"] = true;
  if (!body.raw.empty()) value["raw"] = body.raw;
  if (body.follows) value["follows"] = true;
  if (!body.model.empty()) value["model"] = body.model;
  if (body.trace.valid()) value["trace"] = trace::traceparent(body.trace);
  return to_text(value);
}

Result<OutboxBody> outbox_body_from(std::string_view text) {
  TRY(const auto value, parse_json(text, "outbox row"));
  const auto* delivery = find(value, "delivery");
  const auto where = delivery ? delivery_from(*delivery) : std::nullopt;
  if (!where) return fail(Kind::bug, "A row of the outbox says not where it goes.");
  return OutboxBody{*where,
                    string_or(value, "text"),
                    string_or(value, "agent"),
                    bool_or(value, "notice", false),
                    string_or(value, "raw"),
                    bool_or(value, "follows", false),
                    string_or(value, "model"),
                    trace::parse_traceparent(string_or(value, "trace")).value_or(trace::Context{})};
}

store::OutboxRow outgoing_row(std::string id, std::string kind, std::string run_id, const OutboxBody& body,
                              std::int64_t now_ms) {
  store::OutboxRow row;
  row.id = std::move(id);
  row.channel = body.delivery.channel;
  row.account = body.delivery.account;
  row.chat = strand_of(body.delivery.chat);
  row.run_id = std::move(run_id);
  row.kind = std::move(kind);
  row.state = "queued";
  row.created_ms = now_ms;
  row.body = outbox_text(body);
  return row;
}

store::OutboxRow outgoing_row(const Delivery& delivery, std::string id, std::string kind, std::string text,
                              std::string agent_id, std::string run_id, std::int64_t now_ms) {
  const OutboxBody body{delivery, std::move(text), std::move(agent_id), kind == "notice"};
  return outgoing_row(std::move(id), std::move(kind), std::move(run_id), body, now_ms);
}

std::string as_notice(std::string_view text) {
  return fmt::format("⚙️ {}", text);
}

} // namespace openclaw::messaging
