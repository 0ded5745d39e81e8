// Messages that go out through a messenger without being asked for, and those that could not be delivered.
#include "gateway/services.hpp"
#include "store/outbox.hpp"
#include <fmt/core.h>

namespace openclaw::gateway {
namespace {

constexpr std::size_t kMostTroubled = 200;

Task<json::value> send(Call call) {
  if (!call.services.channels) co_return fail(Kind::missing, "There are no messengers in this gateway.");
  const auto channel = string_or(call.params, "channel");
  auto text = string_or(call.params, "message");
  for (const std::string_view key : {"mediaUrl", "replyToId"})
    if (string_or(call.params, key).find_first_of("\n\r[]") != std::string::npos)
      co_return fail(Kind::invalid, fmt::format("{} has a character that it cannot have.", key));
  // In the words that an agent has for it, so that there is one way to say it.
  if (const auto media = string_or(call.params, "mediaUrl"); !media.empty()) text += "\nMEDIA:" + media;
  if (const auto reply_to = string_or(call.params, "replyToId"); !reply_to.empty())
    text = fmt::format("[[reply_to:{}]]{}", reply_to, text);
  auto& channels = *call.services.channels;
  CO_TRY(auto to, channels.where(channel, string_or(call.params, "accountId"), string_or(call.params, "to"),
                                 string_or(call.params, "threadId")));
  auto key = string_or(call.params, "idempotencyKey");
  CO_TRY(const auto id, co_await channels.send(std::move(to), std::move(text), std::move(key), call.trace));
  // It is on disk; whether the platform has taken it shows in messages.dead.list and channels.status.
  co_return json::value(json::object{{"runId", id}, {"messageId", id}, {"channel", channel}, {"status", "queued"}});
}

Task<json::value> dead_list(Call call) {
  CO_TRY(const auto rows, store::troubled_outgoing(call.services.database.reader(), kMostTroubled));
  json::array messages;
  for (const auto& row : rows) {
    const auto body = parse_json(row.body, "outbox row");
    messages.push_back(json::object{{"id", row.id},
                                    {"channel", row.channel},
                                    {"accountId", row.account},
                                    {"chat", row.chat},
                                    {"state", row.state},
                                    {"kind", row.kind},
                                    {"error", row.error},
                                    {"createdAtMs", row.created_ms},
                                    {"text", body ? string_or(*body, "text").substr(0, 500) : std::string()}});
  }
  co_return json::value(json::object{{"messages", std::move(messages)}});
}

Task<json::value> dead_retry(Call call) {
  if (!call.services.channels) co_return fail(Kind::missing, "There are no messengers in this gateway.");
  auto id = string_or(call.params, "id");
  CO_TRY_VOID(co_await call.services.channels->outbox().retry(std::move(id)));
  co_return json::value(json::object{{"ok", true}});
}

} // namespace

void register_send(MethodTable& table) {
  constexpr const char* message = R"({"type":"object","required":["to","channel","idempotencyKey"],
    "properties":{"to":{"type":"string","minLength":1,"maxLength":256},"message":{"type":"string"},"mediaUrl":{"type":"string","maxLength":1024},
    "replyToId":{"type":"string","maxLength":150},"threadId":{"type":"string","maxLength":150},
    "channel":{"type":"string","minLength":1,"maxLength":64},"accountId":{"type":"string","maxLength":64},
    "idempotencyKey":{"type":"string","minLength":1,"maxLength":64}}})";
  constexpr const char* one = R"({"type":"object","required":["id"],"additionalProperties":false,
    "properties":{"id":{"type":"string","minLength":1,"maxLength":128}}})";
  table.add({"send", Scope::write, message, send});
  table.add({"messages.dead.list", Scope::read, R"({"type":"object"})", dead_list});
  table.add({"messages.dead.retry", Scope::write, one, dead_retry});
}

} // namespace openclaw::gateway
