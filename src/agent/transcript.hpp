// Transcript entries: messages as rows of the state database and as lines of OpenClaw's JSONL session format (version
// 3).
#pragma once
#include "base/file_descriptor.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "ports/conversation.hpp"
#include "store/database.hpp"
#include "store/sessions.hpp"
#include <mutex>
#include <vector>

namespace openclaw::agent {

struct Entry {
  std::string entry_id;
  std::string run_id;
  ports::Message message;
  std::int64_t sequence = 0; // of its row, where it was read from one
};

// A message as the clients and the JSONL see it: {"role","content",...}.
json::object message_to_json(const ports::Message& message);
ports::Message message_from_json(const json::value& value);

// Pictures as the blocks of a message; from_json passes over what is none.
json::array images_to_json(const std::vector<ports::ImageBlock>& images);
std::vector<ports::ImageBlock> images_from_json(const json::value* value);

// Appends inside a transaction; the entry id is new, the parent is the session's last entry.
Result<Entry> append_message(store::Connection& connection, const std::string& session_id, const std::string& run_id,
                             const ports::Message& message, Random& random);
// The last `limit` messages, oldest first; entries of other types are passed over.
Result<std::vector<Entry>> read_messages(store::Connection& connection, const std::string& session_id,
                                         std::int64_t limit);
// The same of those after a sequence number.
Result<std::vector<Entry>> read_messages_after(store::Connection& connection, const std::string& session_id,
                                               std::int64_t sequence, std::int64_t limit);

// Brings agents/ID/sessions/SESSION.jsonl up to the database: appends what is missing, rewrites a torn or foreign tail.
// Blocking: run it on the pool. Nothing depends on it but other programs that read the files.
class TranscriptFiles {
public:
  TranscriptFiles(std::string agents_folder, std::string database_path)
      : folder_(std::move(agents_folder)), database_path_(std::move(database_path)) {}
  Result<> update(const std::string& agent_id, const std::string& session_id, std::int64_t created_ms,
                  const std::string& workspace);
  Result<> retire(const std::string& agent_id, const std::string& session_id,
                  std::int64_t now_ms); // renames to .deleted.TIME

private:
  std::string folder_;
  std::string database_path_;
  std::mutex mutex_;                            // one file is written at a time
  std::unique_ptr<store::Connection> database_; // opened at first use
};

} // namespace openclaw::agent
