#include "gateway/delivery.hpp"

#include "messaging/channels.hpp"
#include "store/inbox.hpp"

namespace openclaw::gateway {
namespace {

// Of two names for a thing the one that is about the answer.
std::string reply_or(const json::object& params, std::string_view reply, std::string_view plain) {
  auto given = string_or(params, reply);
  return given.empty() ? string_or(params, plain) : given;
}

} // namespace

Result<> add_delivery(Services& services, const json::object& params, messaging::Inbound& message) {
  if (!bool_or(params, "deliver", false)) return {};
  const auto target = reply_or(params, "replyTo", "to");
  if (target.empty()) {
    TRY(const auto key, services.messaging.canonical(message.session_key));
    TRY(const auto text, store::last_messenger_body(services.database.reader(), key.canonical));
    if (text.empty()) return {};
    TRY(const auto body, parse_json(text, "inbox row"));
    auto where = messaging::delivery_from(*find(body, "delivery"));
    if (!where) return {};
    // It answers nothing that was said there, and what stands for that message may have run out.
    where->message_id.clear();
    where->reply_token.clear();
    message.delivery = to_text(json::value(messaging::to_json(*where)));
    return {};
  }
  if (!services.channels) return fail(Kind::missing, "There are no messengers in this gateway.");
  TRY(const auto where,
      services.channels->where(reply_or(params, "replyChannel", "channel"),
                               reply_or(params, "replyAccountId", "accountId"), target, string_or(params, "threadId")));
  message.delivery = to_text(json::value(messaging::to_json(where)));
  return {};
}

} // namespace openclaw::gateway
