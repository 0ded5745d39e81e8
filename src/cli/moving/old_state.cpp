#include "cli/moving/old_state.hpp"

#include "base/ids.hpp"
#include "config/files.hpp"
#include "store/sessions.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <set>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTranscriptLimit = 512ULL * 1024 * 1024;
constexpr std::size_t kSessionsLimit = 256ULL * 1024 * 1024;
constexpr std::string_view kAgentDatabase = "agent/openclaw-agent.sqlite";

std::vector<std::string> agents_of(const std::string& folder) {
  std::vector<std::string> ids;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder + "/agents", ignored))
    if (entry.is_directory(ignored) && valid_id(entry.path().filename().string()))
      ids.push_back(entry.path().filename().string());
  std::sort(ids.begin(), ids.end());
  return ids;
}

// A database is read from a copy: reading it where it lies would leave files beside it.
class CopiedDatabase {
public:
  static Result<CopiedDatabase> open(const std::string& path) {
    auto pattern = (fs::temp_directory_path() / "openclaw-reading-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      return fail(Kind::transient, fmt::format("No temporary folder can be made: {}.", strerror(errno)),
                  "Free some disk space, or set TMPDIR.");
    CopiedDatabase copy(pattern);
    for (const auto* ending : {"", "-wal"}) {
      std::error_code code;
      if (*ending && !fs::exists(path + ending, code)) continue;
      fs::copy_file(path + ending, pattern + "/copy" + ending, code);
      if (code)
        return fail(Kind::denied, fmt::format("{}{} cannot be read: {}.", path, ending, code.message()),
                    "Run the command as the owner of that folder.");
    }
    TRY(copy.connection_, store::Connection::open(pattern + "/copy", false));
    return copy;
  }
  CopiedDatabase(CopiedDatabase&& other) noexcept
      : folder_(std::exchange(other.folder_, {})), connection_(std::move(other.connection_)) {}
  CopiedDatabase& operator=(CopiedDatabase&&) = delete;
  ~CopiedDatabase() {
    connection_.reset();
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  store::Connection& connection() { return *connection_; }

private:
  explicit CopiedDatabase(std::string folder) : folder_(std::move(folder)) {}
  std::string folder_;
  std::unique_ptr<store::Connection> connection_;
};

// Where the entry says its transcript is, when that is in the folder of the sessions; else the usual name.
std::string transcript_path(const std::string& sessions, const OldSession& session) {
  const auto named = fs::path(string_or(session.entry, "sessionFile")).filename().string();
  std::error_code ignored;
  if (!named.empty() && fs::exists(sessions + "/" + named, ignored)) return sessions + "/" + named;
  return fmt::format("{}/{}.jsonl", sessions, session.session_id);
}

Result<> read_files(const std::string& folder, const std::string& agent, OldSessions& out) {
  const auto sessions = fmt::format("{}/agents/{}/sessions", folder, agent);
  TRY(const auto text, config::read_small_file(sessions + "/sessions.json", kSessionsLimit));
  if (!text) return {};
  const auto parsed = parse_json(*text, sessions + "/sessions.json");
  if (!parsed || !parsed->is_object())
    return fail(Kind::invalid, fmt::format("{}/sessions.json is no list of sessions.", sessions),
                "Repair it, or move it away: then its conversations are not taken over.");
  for (const auto& member : parsed->get_object()) {
    if (!member.value().is_object()) continue;
    OldSession session;
    session.key = member.key();
    session.agent_id = agent;
    session.entry = member.value().get_object();
    session.session_id = string_or(session.entry, "sessionId");
    if (valid_id(session.session_id)) {
      TRY(const auto lines, config::read_small_file(transcript_path(sessions, session), kTranscriptLimit));
      session.transcript_found = lines.has_value();
      if (lines) session.transcript = read_old_transcript(*lines, session.session_id);
    }
    out.sessions.push_back(std::move(session));
  }
  return {};
}

Result<> read_database(const std::string& folder, const std::string& agent, OldSessions& out) {
  const auto path = fmt::format("{}/agents/{}/{}", folder, agent, kAgentDatabase);
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return {};
  TRY(auto copy, CopiedDatabase::open(path));
  TRY(const auto rows, store::openclaw_sessions(copy.connection()));
  for (const auto& row : rows) {
    OldSession session;
    session.key = row.key;
    session.agent_id = agent;
    session.session_id = row.session_id;
    if (auto entry = parse_json(row.entry_json, "session"); entry && entry->is_object())
      session.entry = std::move(entry->get_object());
    TRY(const auto transcript, store::openclaw_transcript(copy.connection(), row.session_id));
    std::string text;
    for (const auto& line : transcript.lines)
      text += line + "\n";
    session.compressed = transcript.compressed;
    session.transcript_found = !transcript.lines.empty();
    session.transcript = read_old_transcript(text, row.session_id);
    out.sessions.push_back(std::move(session));
  }
  TRY(auto logins, store::openclaw_logins(copy.connection()));
  for (auto& login : logins) {
    out.logins.push_back(std::move(login));
    out.login_agents.push_back(agent);
  }
  return {};
}

} // namespace

OldKind old_kind(const std::string& folder) {
  std::error_code ignored;
  auto kind = OldKind::none;
  if (fs::exists(folder + "/state/openclaw.sqlite", ignored)) return OldKind::databases;
  for (const auto& agent : agents_of(folder)) {
    const auto base = fmt::format("{}/agents/{}/", folder, agent);
    if (fs::exists(base + std::string(kAgentDatabase), ignored)) return OldKind::databases;
    for (const auto* name : {"sessions/sessions.json", "agent/auth-profiles.json", "auth-profiles.json"})
      if (fs::exists(base + name, ignored)) kind = OldKind::files;
  }
  for (const auto* name : {"devices/paired.json", "cron/jobs.json", "exec-approvals.json", "credentials"})
    if (fs::exists(folder + "/" + name, ignored)) kind = OldKind::files;
  return kind;
}

bool holds_unknown_state(const std::string& folder) {
  std::error_code ignored;
  if (fs::exists(folder + "/migration.json", ignored)) return false;
  const auto kind = old_kind(folder);
  if (kind != OldKind::files) return kind == OldKind::databases;
  // This program keeps such lists as well: only a conversation that it does not have tells that another wrote them.
  std::set<std::string> known;
  if (fs::exists(folder + "/state.db", ignored))
    if (const auto state = store::Connection::open(folder + "/state.db", true))
      if (const auto rows = store::list_sessions(**state, 1'000'000))
        for (const auto& row : *rows)
          known.insert(row.session_id);
  for (const auto& agent : agents_of(folder)) {
    const auto text =
        config::read_small_file(fmt::format("{}/agents/{}/sessions/sessions.json", folder, agent), kSessionsLimit);
    if (!text || !*text) continue;
    const auto list = parse_json(**text, "sessions.json");
    if (!list || !list->is_object()) continue;
    for (const auto& member : list->get_object())
      if (!known.contains(string_or(member.value(), "sessionId"))) return true;
  }
  return false;
}

Result<OldSessions> read_old_sessions(const std::string& folder) {
  OldSessions out;
  for (const auto& agent : agents_of(folder)) {
    TRY_VOID(read_files(folder, agent, out));
    TRY_VOID(read_database(folder, agent, out));
  }
  std::sort(out.sessions.begin(), out.sessions.end(), [](const OldSession& a, const OldSession& b) {
    return integer_or(a.entry, "updatedAt", 0) > integer_or(b.entry, "updatedAt", 0);
  });
  const auto shared = folder + "/state/openclaw.sqlite";
  std::error_code ignored;
  if (fs::exists(shared, ignored)) {
    TRY(auto copy, CopiedDatabase::open(shared));
    out.remainder = store::openclaw_remainder(copy.connection());
  }
  return out;
}

} // namespace openclaw::cli
