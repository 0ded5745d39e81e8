#include "store/channels.hpp"

namespace openclaw::store {
namespace {

PairingRequest read_request(const Statement& query) {
  PairingRequest request;
  request.of = {query.text(0), query.text(1)};
  request.sender = query.text(2);
  request.code = query.text(3);
  request.name = query.text(4);
  request.chat = query.text(5);
  request.created_ms = query.integer(6);
  request.seen_ms = query.integer(7);
  return request;
}

constexpr const char* kExpire = "DELETE FROM pairing_requests WHERE created_ms < ?";

Result<> expire(Connection& connection, std::int64_t now_ms) {
  TRY(auto command, connection.prepare(kExpire));
  command.bind(now_ms - kPairingTtlMs);
  return command.run();
}

} // namespace

Result<> set_channel_fact(Connection& connection, const AccountName& of, std::string_view name, std::string_view value,
                          std::int64_t now_ms) {
  TRY(auto command,
      connection.prepare(
          "INSERT INTO channel_facts(channel, account, name, value, changed_ms) VALUES (?,?,?,?,?) ON CONFLICT "
          "DO UPDATE SET value = excluded.value, changed_ms = excluded.changed_ms"));
  command.bind(of.channel).bind(of.account).bind(name).bind(value).bind(now_ms);
  return command.run();
}

Result<std::optional<std::string>> channel_fact(Connection& connection, const AccountName& of, std::string_view name) {
  TRY(auto query, connection.prepare("SELECT value FROM channel_facts WHERE channel = ? AND account = ? AND name = ?"));
  query.bind(of.channel).bind(of.account).bind(name);
  TRY(const bool found, query.step());
  if (!found) return std::optional<std::string>{};
  return std::optional<std::string>(query.text(0));
}

Result<> forget_account(Connection& connection, const AccountName& of) {
  for (const char* sql : {"DELETE FROM channel_facts WHERE channel = ? AND account = ?",
                          "DELETE FROM pairing_requests WHERE channel = ? AND account = ?",
                          "DELETE FROM allowed_senders WHERE channel = ? AND account = ?"}) {
    TRY(auto command, connection.prepare(sql));
    command.bind(of.channel).bind(of.account);
    TRY_VOID(command.run());
  }
  return {};
}

Result<PairingOutcome> request_pairing(Connection& connection, PairingRequest request, std::int64_t now_ms) {
  TRY_VOID(expire(connection, now_ms));
  TRY(auto known, connection.prepare("SELECT channel, account, sender, code, name, chat, created_ms, seen_ms FROM "
                                     "pairing_requests WHERE channel = ? ORDER BY created_ms"));
  known.bind(request.of.channel);
  std::size_t pending = 0;
  while (true) {
    TRY(const bool found, known.step());
    if (!found) break;
    ++pending;
    auto row = read_request(known);
    if (row.sender != request.sender || row.of.account != request.of.account) continue;
    TRY(auto seen,
        connection.prepare("UPDATE pairing_requests SET seen_ms = ? WHERE channel = ? AND account = ? AND sender = ?"));
    seen.bind(now_ms).bind(request.of.channel).bind(request.of.account).bind(request.sender);
    TRY_VOID(seen.run());
    return PairingOutcome{std::move(row), false};
  }
  if (pending >= kPairingPending) return PairingOutcome{};
  request.created_ms = request.seen_ms = now_ms;
  TRY(auto command,
      connection.prepare("INSERT INTO pairing_requests(channel, account, sender, code, name, chat, created_ms, "
                         "seen_ms) VALUES (?,?,?,?,?,?,?7,?7)"));
  command.bind(request.of.channel).bind(request.of.account).bind(request.sender).bind(request.code).bind(request.name);
  command.bind(request.chat).bind(now_ms);
  TRY_VOID(command.run());
  return PairingOutcome{std::move(request), true};
}

Result<std::vector<PairingRequest>> pairing_requests(Connection& connection, std::int64_t now_ms) {
  TRY(auto query, connection.prepare("SELECT channel, account, sender, code, name, chat, created_ms, seen_ms FROM "
                                     "pairing_requests WHERE created_ms >= ? ORDER BY created_ms"));
  query.bind(now_ms - kPairingTtlMs);
  std::vector<PairingRequest> requests;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return requests;
    requests.push_back(read_request(query));
  }
}

Result<std::optional<PairingRequest>> approve_pairing(Connection& connection, std::string_view channel,
                                                      std::string_view code, std::string_view by, std::int64_t now_ms) {
  TRY_VOID(expire(connection, now_ms));
  TRY(auto query, connection.prepare("SELECT channel, account, sender, code, name, chat, created_ms, seen_ms FROM "
                                     "pairing_requests WHERE channel = ? AND code = ?"));
  query.bind(channel).bind(code);
  TRY(const bool found, query.step());
  if (!found) return std::optional<PairingRequest>{};
  const auto request = read_request(query);
  TRY_VOID(allow_sender(connection, {request.of, request.sender, request.name, now_ms}, by));
  TRY(auto remove, connection.prepare("DELETE FROM pairing_requests WHERE channel = ? AND account = ? AND sender = ?"));
  remove.bind(request.of.channel).bind(request.of.account).bind(request.sender);
  TRY_VOID(remove.run());
  return std::optional<PairingRequest>(request);
}

Result<bool> sender_allowed(Connection& connection, const AccountName& of, std::string_view sender) {
  TRY(auto query, connection.prepare("SELECT 1 FROM allowed_senders WHERE channel = ? AND account = ? AND sender = ?"));
  query.bind(of.channel).bind(of.account).bind(sender);
  return query.step();
}

Result<std::vector<AllowedSender>> allowed_senders(Connection& connection) {
  TRY(auto query, connection.prepare("SELECT channel, account, sender, name, created_ms FROM allowed_senders "
                                     "ORDER BY channel, account, sender"));
  std::vector<AllowedSender> senders;
  while (true) {
    TRY(const bool found, query.step());
    if (!found) return senders;
    senders.push_back({{query.text(0), query.text(1)}, query.text(2), query.text(3), query.integer(4)});
  }
}

Result<> allow_sender(Connection& connection, const AllowedSender& sender, std::string_view by) {
  TRY(auto command,
      connection.prepare("INSERT OR REPLACE INTO allowed_senders(channel, account, sender, name, created_ms, "
                         "created_by) VALUES (?,?,?,?,?,?)"));
  command.bind(sender.of.channel).bind(sender.of.account).bind(sender.sender).bind(sender.name).bind(sender.created_ms);
  command.bind(by);
  return command.run();
}

Result<bool> disallow_sender(Connection& connection, const AccountName& of, std::string_view sender) {
  TRY(auto command, connection.prepare("DELETE FROM allowed_senders WHERE channel = ? AND account = ? AND sender = ?"));
  command.bind(of.channel).bind(of.account).bind(sender);
  TRY_VOID(command.run());
  return connection.changes() > 0;
}

} // namespace openclaw::store
