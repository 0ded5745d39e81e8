// Activities of the Bot Framework as our events, and what is remembered of a conversation. Pure: bytes in, events out.
#pragma once
#include "base/json.hpp"
#include "ports/channel.hpp"
#include <optional>
#include <string>
#include <vector>

namespace openclaw::extensions::msteams {

// How a conversation is reached: all that a message needs which nobody asked for.
struct Reference {
  std::string service_url;
  std::string conversation_id; // without ";messageid="
  std::string type;            // personal, groupChat, channel
  std::string tenant_id;
  std::string bot_id, bot_name;
  bool operator==(const Reference&) const = default;
};
std::optional<Reference> reference_from(const json::value& activity);
std::string reference_text(const Reference& reference);
std::optional<Reference> reference_of(std::string_view text);

// Nothing for what this channel does not know; several for an activity that tells of several reactions.
std::vector<ports::InboundEvent> events_from(const json::value& activity, std::string_view app_id);

// "19:…@thread.tacv2;messageid=17" as the conversation and its thread.
std::pair<std::string, std::string> conversation_and_thread(std::string_view id);

// An attachment's reference: how it is fetched, and from where.
struct FileAddress {
  bool with_token = false;
  std::string url;
};
std::string file_reference(const FileAddress& address);
FileAddress file_address(std::string_view reference);

} // namespace openclaw::extensions::msteams
