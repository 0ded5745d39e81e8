// Sends what the outbox holds: in order within a chat, chats side by side, each message once or visibly not. The rows
// are the state; what is in memory is only what waits to be done.
#pragma once
#include "agent/runtime.hpp"
#include "messaging/account.hpp"
#include "messaging/delivery.hpp"
#include "messaging/parts.hpp"
#include <deque>
#include <map>
#include <set>

namespace openclaw::messaging {

// What the outbox asks of its surroundings.
class OutboxHost {
public:
  virtual ~OutboxHost() = default;
  virtual std::shared_ptr<Account> find_account(std::string_view channel, std::string_view account) = 0;
  virtual DeliverySettings delivery_of(const Account& account, const std::string& agent_id, ports::ChatKind kind) = 0;
  // The message that showed this run's text while it came; it becomes the answer's first part. Empty: none.
  virtual Task<std::string> take_preview(std::string run_id) = 0;
  // Bytes of a file in an agent's workspace.
  virtual Result<std::string> read_file(const std::string& agent_id, const std::string& path, std::size_t limit) = 0;
};

class Outbox {
public:
  Outbox(async::Executor executor, async::Time& time, Random& random, store::Database& database, OutboxHost& host);

  // What a former life left: rows in an attempt are sent again where the platform knows our key, else they become
  // failed, and their chat is told.
  Task<> recover();
  // Rows were added and are on disk.
  void wake();
  // Adds a row, on disk when it returns; false when the id was there before.
  Task<bool> add(store::OutboxRow row);
  // A failed or dead row is sent again.
  Task<> retry(std::string id);
  // The newest row of a chat that failed, for /resend.
  Result<std::optional<store::OutboxRow>> last_trouble(std::string_view channel, std::string_view chat) const;
  // An account's state changed: what waits for it may go on.
  void account_changed() { accounts_changed_.notify(); }
  // Begins nothing new, and gives what is being sent a moment to be known as sent.
  Task<> settle();
  Task<> shut_down();
  std::size_t waiting() const;

private:
  struct Strand {
    std::deque<store::OutboxRow> rows;
  };
  Task<> drain(std::string key);
  Task<> send_row(store::OutboxRow row);
  Task<> deliver(store::OutboxRow& row, const OutboxBody& body);
  Task<> send_parts(std::shared_ptr<Account> account, store::OutboxRow& row, const OutboxBody& body,
                    const Parts& parts);
  Task<ports::SendReport> send_part(std::shared_ptr<Account> account, store::OutboxRow& row, const OutboxBody& body,
                                    const Parts& parts, std::size_t index, bool plain);
  // True: try the part again. Otherwise the row has its end.
  Task<bool> after_problem(const ports::Capabilities& capabilities, store::OutboxRow& row, const OutboxBody& body,
                           ports::SendProblem problem, bool& plain);
  Task<std::shared_ptr<Account>> wait_for_account(const store::OutboxRow& row);
  Task<> save(store::OutboxRow row);
  Task<> give_up(store::OutboxRow& row, std::string state, std::string why);
  Task<> tell_chat(const store::OutboxRow& row, const OutboxBody& body, std::string text);

  async::Time& time_;
  Random& random_;
  store::Database& database_;
  OutboxHost& host_;
  std::map<std::string, Strand> strands_;
  std::int64_t last_sequence_ = 0;
  async::Event accounts_changed_;
  async::Scope scope_;
  std::int64_t tidied_ms_ = 0;
  int in_flight_ = 0;
  bool stopping_ = false;
};

} // namespace openclaw::messaging
