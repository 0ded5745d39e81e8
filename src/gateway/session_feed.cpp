#include "gateway/session_feed.hpp"

#include "agent/transcript.hpp"
#include "base/log.hpp"
#include "gateway/session_view.hpp"

namespace openclaw::gateway {
namespace {

constexpr std::int64_t kAtOnce = 64; // entries; of more the newest

bool follows_all(const Client& client) {
  return client.follows_all();
}

} // namespace

void SessionFeed::started(const agent::RunInfo& run, std::int64_t at_ms) {
  told_.emplace(run.run_id, 0);
  tell_messages(run);
  tell_change(run.session_key,
              {{"phase", "start"}, {"runId", run.run_id}, {"status", "running"}, {"startedAt", at_ms}});
}

void SessionFeed::ended(const agent::RunInfo& run, std::string_view phase, std::string_view status) {
  tell_messages(run);
  // A command's answer is no run.
  if (told_.erase(run.run_id) == 0) return;
  tell_change(run.session_key,
              {{"phase", phase}, {"runId", run.run_id}, {"status", status}, {"endedAt", time_.now_ms()}});
}

void SessionFeed::session_changed(std::string_view session_key, std::string_view reason) {
  tell_change(std::string(session_key), {{"reason", reason}});
}

json::object SessionFeed::about(const std::string& session_key) const {
  json::object payload;
  auto& reader = database_.reader();
  const auto session = store::find_session(reader, session_key);
  if (session && *session) {
    auto row = session_row(reader, **session, {}, {});
    if (row) {
      payload = *row;
      payload["session"] = std::move(*row);
    }
  }
  payload["key"] = session_key;
  payload["sessionKey"] = session_key;
  payload["ts"] = time_.now_ms();
  return payload;
}

void SessionFeed::tell_change(const std::string& session_key, json::object change) {
  if (!clients_.any(follows_all)) return;
  Broadcast event;
  event.event = "sessions.changed";
  event.payload = about(session_key);
  for (auto& field : change)
    event.payload[field.key()] = std::move(field.value());
  event.scope = Scope::read;
  event.may_skip = true;
  event.audience = follows_all;
  clients_.broadcast(std::move(event));
}

void SessionFeed::tell_messages(const agent::RunInfo& run) {
  const Audience following = [&run](const Client& client) { return client.follows(run.session_key); };
  if (!clients_.any(following)) return;
  auto& reader = database_.reader();
  const auto session = store::find_session(reader, run.session_key);
  if (!session || !*session) return;
  const auto known = told_.find(run.run_id);
  const auto after = known == told_.end() ? 0 : known->second;
  const auto entries = agent::read_messages_after(reader, (*session)->session_id, after, kAtOnce);
  if (!entries) return log::error("gateway", entries.error().text(), {{"doing", "session.message"}});
  for (const auto& entry : *entries) {
    if (known != told_.end()) known->second = entry.sequence;
    if (entry.run_id != run.run_id) continue;
    Broadcast event;
    event.event = "session.message";
    event.payload = about(run.session_key);
    event.payload["message"] = entry_to_json(entry);
    event.payload["messageId"] = entry.entry_id;
    event.payload["runId"] = entry.run_id;
    event.scope = Scope::read;
    event.may_skip = true;
    event.session_key = run.session_key;
    event.written_key = run.client_key;
    event.audience = following;
    clients_.broadcast(std::move(event));
  }
}

} // namespace openclaw::gateway
