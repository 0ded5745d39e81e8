// The process that speaks WhatsApp's protocol, as one line of JSON-RPC after the other: our requests and its answers,
// its requests and notes. One process is one life; nothing here starts it again.
#pragma once
#include "async/event.hpp"
#include "async/process.hpp"
#include "base/json.hpp"
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace openclaw::extensions::whatsapp {

class Sidecar {
public:
  Sidecar(async::Executor executor, std::shared_ptr<async::Process> process)
      : process_(std::move(process)), lines_(executor, kMostWaitingLines), executor_(executor) {}
  using Self = std::shared_ptr<Sidecar>;

  // The next note or request; answers go to who asked. Nothing once it has ended.
  static Task<std::optional<json::value>> next(Self self);
  // Sends what waits to be sent, until end(). Runs beside next().
  static Task<> pump(Self self);
  // Takes its standard error and forgets it: libraries print private keys there.
  static Task<> swallow_errors(Self self);

  // `code` of an error: the sidecar's name of the fault, or "ambiguous" when no answer came.
  static Task<json::value> request(Self self, std::string method, json::object params, std::int64_t timeout_ms);
  Task<> note(std::string method, json::object params);
  Task<> answer(json::value id);

  // Whoever still waits gets an error, and nothing is sent any more.
  void end();
  async::Process& process() { return *process_; }
  const std::shared_ptr<async::Process>& shared_process() { return process_; }

private:
  static constexpr std::size_t kMostWaitingLines = 16;
  static constexpr std::size_t kLongestLine = 2 * 1024 * 1024;
  struct Waiting {
    explicit Waiting(async::Executor executor) : ready(executor) {}
    std::optional<Result<json::value>> outcome;
    async::Event ready;
  };
  // The first whole line of what arrived, without its end.
  std::optional<std::string> take_line();
  bool settle(const json::value& message);

  std::shared_ptr<async::Process> process_;
  async::Queue<std::string> lines_;
  async::Executor executor_;
  std::string arrived_;
  std::size_t searched_ = 0;
  std::map<std::int64_t, std::shared_ptr<Waiting>> waiting_;
  std::int64_t last_request_ = 0;
  bool ended_ = false;
};

} // namespace openclaw::extensions::whatsapp
