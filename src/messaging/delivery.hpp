// Where an answer goes: kept with the accepted message, so that whatever ends its run, after a crash too, finds the
// way.
#pragma once
#include "base/json.hpp"
#include "base/trace.hpp"
#include "ports/channel.hpp"
#include "store/outbox.hpp"
#include <optional>
#include <string>

namespace openclaw::messaging {

struct Delivery {
  std::string channel;
  std::string account;
  ports::Chat chat;
  std::string message_id; // of the message that is answered
  std::string reply_token;
};
json::object to_json(const Delivery& delivery);
std::optional<Delivery> delivery_from(const json::value& value);
// Order is kept within it.
std::string strand_of(const ports::Chat& chat);

// What an outbox row's body says.
struct OutboxBody {
  Delivery delivery;
  std::string text;     // markdown
  std::string agent_id; // whose files MEDIA: lines name
  bool notice = false;
  std::string raw;      // of a block: the answer's own words, where `text` has its fences whole
  bool follows = false; // others of the same answer came before it
  std::string model;    // "provider/model" that made it
  trace::Context trace; // what it belongs to, so that its delivery does too, after a restart as well
};
std::string outbox_text(const OutboxBody& body);
Result<OutboxBody> outbox_body_from(std::string_view text);

store::OutboxRow outgoing_row(std::string id, std::string kind, std::string run_id, const OutboxBody& body,
                              std::int64_t now_ms);
// A row that says `text` to where `delivery` points.
store::OutboxRow outgoing_row(const Delivery& delivery, std::string id, std::string kind, std::string text,
                              std::string agent_id, std::string run_id, std::int64_t now_ms);

// What the gateway itself says is marked, so that nobody takes it for the model's words.
std::string as_notice(std::string_view text); // "⚙️ text"

} // namespace openclaw::messaging
