// Sessions as clients see them: one row shape for sessions.list and sessions.describe, one for status.
#pragma once
#include "agent/settings.hpp"
#include "agent/transcript.hpp"
#include "base/json.hpp"
#include "gateway/models_view.hpp"
#include "store/sessions.hpp"
#include <string>

namespace openclaw::gateway {

struct SessionExtras {
  bool derived_title = false;
  bool last_message = false;
};

// sessions.list; the extras read the transcript.
Result<json::object> session_row(store::Connection& reader, const store::SessionRow& row, const DefaultModel& defaults,
                                 SessionExtras extras);
// The entry of sessions.patch and sessions.reset: what is stored.
json::object session_entry(const store::SessionRow& row);
// status; `now_ms` for its age.
json::object status_row(const store::SessionRow& row, const DefaultModel& defaults, std::int64_t now_ms);
// A message of a transcript: chat.history and session.message.
json::object entry_to_json(const agent::Entry& entry);
// The thinking level that holds for the session.
std::string thinking_level(const store::SessionRow* row, const agent::Settings& settings);

} // namespace openclaw::gateway
