#include "store/journal.hpp"

#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::store {
namespace {

constexpr std::int64_t kKept = 500'000;
constexpr std::int64_t kLetGoAtOnce = 1000; // the oldest go in lots, so that most rows cost nothing for it
constexpr std::size_t kLongestText = 1024;

constexpr std::string_view kColumns =
    "SELECT sequence, time_ms, actor, behalf, agent_id, session_key, run_id, action, subject, outcome, cost_micro_usd, "
    "hash, previous_hash FROM journal ";

JournalEntry read_row(const Statement& row) {
  return {row.integer(0), row.integer(1), row.text(2), row.text(3), row.text(4),     row.text(5),
          row.text(6),    row.text(7),    row.text(8), row.text(9), row.integer(10), row.text(11)};
}

// Every field with its length, so that no two different rows spell the same bytes.
std::string hash_of(const JournalEntry& entry, std::string_view previous) {
  std::string bytes;
  const auto put = [&](std::string_view field) {
    bytes += std::to_string(field.size());
    bytes += ':';
    bytes += field;
  };
  put(previous);
  put(std::to_string(entry.sequence));
  put(std::to_string(entry.time_ms));
  for (const auto* field : {&entry.actor, &entry.behalf, &entry.agent_id, &entry.session_key, &entry.run_id,
                            &entry.action, &entry.subject, &entry.outcome})
    put(*field);
  put(std::to_string(entry.cost_micro_usd));
  return sha256_hex(bytes);
}

struct End {
  std::int64_t sequence = 0;
  std::string hash;
};

Result<End> end_of(Connection& connection, std::string_view place) {
  TRY(auto query, connection.prepare("SELECT sequence, hash FROM journal_ends WHERE place = ?"));
  query.bind(place);
  TRY(const bool found, query.step());
  if (!found) return fail(Kind::invalid, "The journal has lost the record of where it begins and ends.");
  return End{query.integer(0), query.text(1)};
}

Result<> set_end(Connection& connection, std::string_view place, const End& end) {
  TRY(auto command, connection.prepare("UPDATE journal_ends SET sequence = ?, hash = ? WHERE place = ?"));
  command.bind(end.sequence).bind(end.hash).bind(place);
  return command.run();
}

Result<> let_go(Connection& connection, std::int64_t last) {
  TRY(const auto before, end_of(connection, "before"));
  if (last - before.sequence < kKept + kLetGoAtOnce) return {};
  End cut{last - kKept, ""};
  {
    TRY(auto query, connection.prepare("SELECT hash FROM journal WHERE sequence = ?"));
    query.bind(cut.sequence);
    TRY(const bool found, query.step());
    if (!found) return {};
    cut.hash = query.text(0);
  }
  TRY(auto command, connection.prepare("DELETE FROM journal WHERE sequence <= ?"));
  command.bind(cut.sequence);
  TRY_VOID(command.run());
  return set_end(connection, "before", cut);
}

} // namespace

Result<> record(Connection& connection, JournalEntry entry) {
  TRY(auto last, end_of(connection, "last"));
  entry.sequence = last.sequence + 1;
  for (auto* field : {&entry.actor, &entry.behalf, &entry.agent_id, &entry.session_key, &entry.run_id, &entry.action,
                      &entry.subject, &entry.outcome})
    *field = printable(log::redacted(*field), kLongestText);
  entry.hash = hash_of(entry, last.hash);
  {
    TRY(auto command, connection.prepare("INSERT INTO journal(sequence, time_ms, actor, behalf, agent_id, session_key, "
                                         "run_id, action, subject, outcome, cost_micro_usd, previous_hash, hash) "
                                         "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"));
    command.bind(entry.sequence).bind(entry.time_ms).bind(entry.actor).bind(entry.behalf).bind(entry.agent_id);
    command.bind(entry.session_key).bind(entry.run_id).bind(entry.action).bind(entry.subject).bind(entry.outcome);
    command.bind(entry.cost_micro_usd).bind(last.hash).bind(entry.hash);
    TRY_VOID(command.run());
  }
  TRY_VOID(set_end(connection, "last", {entry.sequence, entry.hash}));
  return let_go(connection, entry.sequence);
}

Result<std::vector<JournalEntry>> journal(Connection& connection, const JournalQuery& query) {
  static const std::string sql = std::string(kColumns) +
                                 "WHERE time_ms >= ?1 AND (?2 = '' OR agent_id = ?2) AND (?3 = '' OR session_key = ?3) "
                                 "ORDER BY sequence DESC LIMIT ?4";
  TRY(auto rows, connection.prepare(sql));
  rows.bind(query.since_ms).bind(query.agent_id).bind(query.session_key).bind(query.limit);
  std::vector<JournalEntry> entries;
  while (true) {
    TRY(const bool found, rows.step());
    if (!found) break;
    entries.push_back(read_row(rows));
  }
  std::reverse(entries.begin(), entries.end());
  return entries;
}

Result<JournalVerdict> verify_journal(Connection& connection) {
  JournalVerdict verdict;
  // One snapshot for the rows and the ends: the gateway may be writing.
  TRY_VOID(connection.execute("BEGIN"));
  const auto check = [&]() -> Result<> {
    TRY(auto at, end_of(connection, "before"));
    TRY(const auto last, end_of(connection, "last"));
    static const std::string sql = std::string(kColumns) + "ORDER BY sequence";
    TRY(auto rows, connection.prepare(sql));
    while (true) {
      TRY(const bool found, rows.step());
      if (!found) break;
      const auto entry = read_row(rows);
      if (verdict.rows++ == 0) verdict.first = entry.sequence;
      if (entry.sequence != at.sequence + 1)
        verdict.problem = fmt::format("Rows {} to {} are missing.", at.sequence + 1, entry.sequence - 1);
      else if (rows.view(12) != at.hash)
        verdict.problem = fmt::format("Row {} does not continue row {}.", entry.sequence, at.sequence);
      else if (hash_of(entry, at.hash) != entry.hash)
        verdict.problem = fmt::format("Row {} was changed after it was written.", entry.sequence);
      if (!verdict.problem.empty()) return {};
      at = {entry.sequence, entry.hash};
    }
    if (at.sequence != last.sequence || at.hash != last.hash)
      verdict.problem = fmt::format("Rows {} to {} are missing.", at.sequence + 1, last.sequence);
    verdict.head = at.hash;
    return {};
  };
  const auto checked = check();
  (void)connection.execute("COMMIT");
  if (!checked) return std::unexpected(checked.error());
  return verdict;
}

Result<std::optional<JournalEntry>> last_journal_entry(Connection& connection, std::string_view action) {
  static const std::string sql = std::string(kColumns) + "WHERE action = ? ORDER BY sequence DESC LIMIT 1";
  TRY(auto rows, connection.prepare(sql));
  rows.bind(action);
  TRY(const bool found, rows.step());
  if (!found) return std::optional<JournalEntry>{};
  return std::optional<JournalEntry>(read_row(rows));
}

} // namespace openclaw::store
