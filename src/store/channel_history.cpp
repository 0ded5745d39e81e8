#include "store/channel_history.hpp"

namespace openclaw::store {
namespace {

constexpr std::int64_t kMostRows = 20'000; // of all chats together; the oldest go first

} // namespace

Result<> remember_said(Connection& connection, const AccountName& of, std::string_view chat, const Said& said,
                       std::size_t limit) {
  TRY(auto known, connection.prepare("SELECT 1 FROM channel_history WHERE channel = ? AND account = ? AND chat = ? AND "
                                     "message_id = ?"));
  known.bind(of.channel).bind(of.account).bind(chat).bind(said.message_id);
  TRY(const bool again, known.step());
  if (again && !said.message_id.empty()) return {};
  TRY(auto add, connection.prepare("INSERT INTO channel_history(channel, account, chat, message_id, sender, text) "
                                   "VALUES (?,?,?,?,?,?)"));
  add.bind(of.channel).bind(of.account).bind(chat).bind(said.message_id).bind(said.sender).bind(said.text);
  TRY_VOID(add.run());
  TRY(auto trim, connection.prepare("DELETE FROM channel_history WHERE sequence IN (SELECT sequence FROM "
                                    "channel_history WHERE channel = ? AND account = ? AND chat = ? ORDER BY sequence "
                                    "DESC LIMIT -1 OFFSET ?)"));
  trim.bind(of.channel).bind(of.account).bind(chat).bind(static_cast<std::int64_t>(limit));
  TRY_VOID(trim.run());
  TRY(auto bound, connection.prepare("DELETE FROM channel_history WHERE sequence <= (SELECT max(sequence) FROM "
                                     "channel_history) - ?"));
  bound.bind(kMostRows);
  return bound.run();
}

Result<> correct_said(Connection& connection, const AccountName& of, std::string_view chat, std::string_view message_id,
                      std::string_view text) {
  TRY(auto command, connection.prepare("UPDATE channel_history SET text = ? WHERE channel = ? AND account = ? AND "
                                       "chat = ? AND message_id = ?"));
  command.bind(text).bind(of.channel).bind(of.account).bind(chat).bind(message_id);
  return command.run();
}

Result<> forget_said(Connection& connection, const AccountName& of, std::string_view chat,
                     std::string_view message_id) {
  TRY(auto command, connection.prepare("DELETE FROM channel_history WHERE channel = ? AND account = ? AND chat = ? "
                                       "AND message_id = ?"));
  command.bind(of.channel).bind(of.account).bind(chat).bind(message_id);
  return command.run();
}

Result<std::vector<Said>> said_in(Connection& connection, const AccountName& of, std::string_view chat) {
  TRY(auto query, connection.prepare("SELECT sequence, message_id, sender, text FROM channel_history WHERE channel = ? "
                                     "AND account = ? AND chat = ? ORDER BY sequence"));
  query.bind(of.channel).bind(of.account).bind(chat);
  std::vector<Said> said;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return said;
    said.push_back({query.integer(0), query.text(1), query.text(2), query.text(3)});
  }
}

Result<> take_said(Connection& connection, const AccountName& of, std::string_view chat, std::int64_t through) {
  TRY(auto command, connection.prepare("DELETE FROM channel_history WHERE channel = ? AND account = ? AND chat = ? "
                                       "AND sequence <= ?"));
  command.bind(of.channel).bind(of.account).bind(chat).bind(through);
  return command.run();
}

} // namespace openclaw::store
