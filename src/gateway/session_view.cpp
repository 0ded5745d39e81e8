#include "gateway/session_view.hpp"

#include "agent/session_key.hpp"
#include "base/text.hpp"

namespace openclaw::gateway {
namespace {

constexpr std::size_t kTitleBytes = 60;
constexpr std::size_t kPreviewBytes = 200;
constexpr std::int64_t kTitleEntries = 6;   // the first message of a person is among them
constexpr std::int64_t kPreviewEntries = 6; // and the last words among as many

// One line without markup of lines, cut between characters.
std::string one_line(std::string_view text, std::size_t bytes) {
  std::string line;
  for (const char letter : utf8_prefix(text, bytes * 4)) {
    const bool space = letter == ' ' || letter == '\n' || letter == '\t' || letter == '\r';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : letter;
  }
  if (line.size() <= bytes) return std::string(trim(line));
  return std::string(trim(utf8_prefix(line, bytes))) + "…";
}

struct ModelName {
  std::string provider;
  std::string model;
};
ModelName model_of(const store::SessionRow& row, const DefaultModel& defaults) {
  if (row.model) {
    const auto slash = row.model->find('/');
    if (slash != std::string::npos) return {row.model->substr(0, slash), row.model->substr(slash + 1)};
  }
  if (!defaults.model.empty()) return {defaults.provider, defaults.model};
  return {row.last_provider.value_or(""), row.last_model.value_or("")};
}

std::string kind_of(const store::SessionRow& row) {
  return agent::is_group(row.key) ? "group" : "direct";
}

} // namespace

json::object session_entry(const store::SessionRow& row) {
  json::object entry{{"sessionId", row.session_id},          {"updatedAt", row.updated_ms},
                     {"systemSent", row.context_tokens > 0}, {"abortedLastRun", row.aborted_last},
                     {"inputTokens", row.input_tokens},      {"outputTokens", row.output_tokens},
                     {"totalTokens", row.context_tokens},    {"costMicroUsd", row.cost_micro_usd},
                     {"unpricedCalls", row.unpriced_calls},  {"channel", row.channel}};
  if (row.label) entry["label"] = *row.label;
  if (row.thinking) entry["thinkingLevel"] = *row.thinking;
  if (row.verbose) entry["verboseLevel"] = *row.verbose;
  if (row.model) {
    const auto slash = row.model->find('/');
    entry["modelOverride"] = row.model->substr(slash == std::string::npos ? 0 : slash + 1);
    if (slash != std::string::npos) entry["providerOverride"] = row.model->substr(0, slash);
  }
  return entry;
}

Result<json::object> session_row(store::Connection& reader, const store::SessionRow& row, const DefaultModel& defaults,
                                 SessionExtras extras) {
  auto out = session_entry(row);
  out["key"] = row.key;
  out["agentId"] = row.agent_id;
  out["kind"] = kind_of(row);
  const auto [provider, model] = model_of(row, defaults);
  out["modelProvider"] = provider;
  out["model"] = model;
  if (provider == defaults.provider && model == defaults.model && defaults.context_tokens > 0)
    out["contextTokens"] = defaults.context_tokens;
  out["lastChannel"] = row.channel;
  if (row.label) out["displayName"] = *row.label;
  if (extras.derived_title) {
    TRY(const auto first, store::first_entries(reader, row.session_id, kTitleEntries));
    for (const auto& entry : first) {
      const auto body = parse_json(entry.body, "transcript entry");
      const auto* said = body ? find(*body, "message") : nullptr;
      if (!said || string_or(*said, "role") != "user") continue;
      if (auto title = one_line(ports::text_of(agent::message_from_json(*said)), kTitleBytes); !title.empty()) {
        out["derivedTitle"] = std::move(title);
        break;
      }
    }
  }
  if (extras.last_message) {
    TRY(const auto last, agent::read_messages(reader, row.session_id, kPreviewEntries));
    for (auto entry = last.rbegin(); entry != last.rend(); ++entry) {
      if (entry->message.role == ports::Role::tool_result) continue;
      if (auto text = one_line(ports::text_of(entry->message), kPreviewBytes); !text.empty()) {
        out["lastMessagePreview"] = std::move(text);
        break;
      }
    }
  }
  return out;
}

json::object status_row(const store::SessionRow& row, const DefaultModel& defaults, std::int64_t now_ms) {
  const auto [provider, model] = model_of(row, defaults);
  json::object out{{"agentId", row.agent_id},
                   {"key", row.key},
                   {"kind", kind_of(row)},
                   {"sessionId", row.session_id},
                   {"updatedAt", row.updated_ms},
                   {"age", now_ms - row.updated_ms},
                   {"systemSent", row.context_tokens > 0},
                   {"abortedLastRun", row.aborted_last},
                   {"inputTokens", row.input_tokens},
                   {"outputTokens", row.output_tokens},
                   {"totalTokens", row.context_tokens},
                   {"model", model},
                   {"flags", json::array()}};
  if (row.thinking) out["thinkingLevel"] = *row.thinking;
  if (row.verbose) out["verboseLevel"] = *row.verbose;
  const auto context = model == defaults.model ? defaults.context_tokens : 0;
  out["contextTokens"] = context > 0 ? json::value(context) : json::value(nullptr);
  out["remainingTokens"] =
      context > 0 ? json::value(std::max<std::int64_t>(context - row.context_tokens, 0)) : json::value(nullptr);
  out["percentUsed"] =
      context > 0 ? json::value(std::min<std::int64_t>(row.context_tokens * 100 / context, 100)) : json::value(nullptr);
  return out;
}

json::object entry_to_json(const agent::Entry& entry) {
  auto message = agent::message_to_json(entry.message);
  message["id"] = entry.entry_id;
  json::object identity{{"id", entry.entry_id}}; // where 2026.9 looks for it
  if (!entry.run_id.empty()) {
    message["runId"] = entry.run_id;
    identity["runId"] = entry.run_id;
    if (entry.message.stop_reason == ports::StopReason::error) message["retryable"] = true;
  }
  message["__openclaw"] = std::move(identity);
  return message;
}

std::string thinking_level(const store::SessionRow* row, const agent::Settings& settings) {
  if (row && row->thinking) return *row->thinking;
  return settings.thinking ? std::string(ports::thinking_name(*settings.thinking)) : std::string("off");
}

} // namespace openclaw::gateway
