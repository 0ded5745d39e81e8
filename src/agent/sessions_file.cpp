#include "agent/sessions_file.hpp"

#include "agent/session_key.hpp"
#include "async/offload.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "config/files.hpp"
#include <filesystem>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

constexpr std::int64_t kQuietMs = 500;
constexpr std::int64_t kMostSessions = 10'000;
constexpr std::size_t kLargestFile = 64 * 1024 * 1024;

// The file of the original program is its users' only copy until they move in: it is put aside, once. It is recognised
// by a session that the database does not know and whose transcript is there.
Result<> keep_original(const std::string& folder, const json::object& ours) {
  const auto path = folder + "/sessions.json";
  TRY(const auto content, config::read_small_file(path, kLargestFile));
  const auto parsed = content ? parse_json(*content, "sessions.json") : Result<json::value>(json::object());
  if (!parsed || !parsed->is_object()) return {};
  std::set<std::string, std::less<>> known;
  for (const auto& [key, entry] : ours)
    known.insert(string_or(entry, "sessionId"));
  for (const auto& [key, entry] : parsed->get_object()) {
    const auto id = string_or(entry, "sessionId");
    std::error_code missing;
    if (id.empty() || known.contains(id) || !valid_id(id) ||
        !std::filesystem::exists(fmt::format("{}/{}.jsonl", folder, id), missing))
      continue;
    if (std::filesystem::exists(path + ".original", missing)) return {};
    if (::rename(path.c_str(), (path + ".original").c_str()) == 0) return {};
    return fail(Kind::transient, fmt::format("{} cannot be put aside.", path), "Move it away yourself.");
  }
  return {};
}

} // namespace

json::object session_file_entry(const store::SessionRow& row, const std::string& folder) {
  const auto* chat_type = is_group(row.key) ? "group" : "direct";
  json::object entry{{"sessionId", row.session_id},
                     {"updatedAt", row.updated_ms},
                     {"systemSent", row.context_tokens > 0},
                     {"abortedLastRun", row.aborted_last},
                     {"chatType", chat_type},
                     {"deliveryContext", {{"channel", row.channel}}},
                     {"lastChannel", row.channel},
                     {"origin", {{"provider", row.channel}, {"surface", row.channel}, {"chatType", chat_type}}},
                     {"sessionFile", fmt::format("{}/{}.jsonl", folder, row.session_id)},
                     {"compactionCount", 0},
                     {"inputTokens", row.input_tokens},
                     {"outputTokens", row.output_tokens},
                     {"totalTokens", row.context_tokens}};
  if (row.label) entry["label"] = *row.label;
  if (row.thinking) entry["thinkingLevel"] = *row.thinking;
  if (row.verbose) entry["verboseLevel"] = *row.verbose;
  if (row.last_provider) entry["modelProvider"] = *row.last_provider;
  if (row.last_model) entry["model"] = *row.last_model;
  if (row.model) {
    const auto slash = row.model->find('/');
    if (slash != std::string::npos) entry["providerOverride"] = row.model->substr(0, slash);
    entry["modelOverride"] = row.model->substr(slash == std::string::npos ? 0 : slash + 1);
  }
  return entry;
}

void SessionsFile::touch(async::Scope& scope, const std::string& agent_id) {
  due_.insert(agent_id);
  if (!writer_.running()) writer_ = scope.spawn("sessions.json", write_later());
}

Task<> SessionsFile::write_later() {
  while (!due_.empty()) {
    CO_TRY_VOID(co_await time_.sleep_ms(kQuietMs));
    CO_TRY_VOID(co_await flush());
  }
  co_return Result<>{};
}

Task<> SessionsFile::flush() {
  auto agents = std::exchange(due_, {});
  if (agents.empty()) co_return Result<>{};
  std::function<Result<bool>()> work = [this, agents = std::move(agents)]() -> Result<bool> {
    for (const auto& agent_id : agents)
      if (const auto written = write(agent_id); !written) log::warn("agent", written.error().text());
    return true;
  };
  CO_TRY([[maybe_unused]] const bool done, co_await async::offload<bool>(std::move(work)));
  co_return Result<>{};
}

Result<> SessionsFile::write(const std::string& agent_id) const {
  TRY_VOID(check_id(agent_id, "agent id"));
  TRY(const auto database, store::Connection::open(folder_ + "/state.db", true));
  TRY(const auto rows, store::list_sessions(*database, kMostSessions));
  const auto folder = fmt::format("{}/agents/{}/sessions", folder_, agent_id);
  json::object entries;
  for (const auto& row : rows)
    if (row.agent_id == agent_id) entries[row.key] = session_file_entry(row, folder);
  std::error_code ignored; // the write below says what is wrong
  // Without a session of our own there is nothing to say, and what stands there is somebody else's.
  if (entries.empty() && std::filesystem::exists(folder + "/sessions.json", ignored)) return {};
  std::filesystem::create_directories(folder, ignored);
  TRY_VOID(keep_original(folder, entries));
  return config::replace_file(folder + "/sessions.json", to_text(entries) + "\n");
}

} // namespace openclaw::agent
