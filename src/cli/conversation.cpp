#include "cli/conversation.hpp"

#include "base/clock.hpp"
#include "base/text.hpp"
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

namespace openclaw::cli {
namespace {

std::string text_of(const json::value& message) {
  std::string out;
  const auto* content = find(message, "content");
  if (content && content->is_string()) return std::string(content->get_string());
  if (content && content->is_array())
    for (const auto& block : content->get_array())
      if (string_or(block, "type") == "text") out += string_or(block, "text");
  return out;
}

// Ctrl+C asks the gateway to stop the run; a second one leaves at once.
Task<> stop_on_interrupt(GatewayClient* client, std::string session_key, std::string run_id,
                         std::shared_ptr<bool> interrupted) {
  const auto executor = co_await async::asio::this_coro::executor;
  async::asio::basic_signal_set<async::Executor> signals(executor, SIGINT);
  const auto [failed, number] = co_await signals.async_wait(async::use_task);
  if (failed) co_return fail(Kind::cancelled, "The run ended.");
  *interrupted = true;
  client->send_request("chat.abort", {{"sessionKey", session_key}, {"runId", run_id}});
  std::signal(SIGINT, SIG_DFL);
  co_return Result<>{};
}

// A line from the terminal; empty when none came in time. Nothing else happens meanwhile, and nothing else needs to:
// the run waits.
std::string ask(std::string_view question, std::int64_t timeout_ms, Output& output) {
  output.note(question);
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, static_cast<int>(std::clamp<std::int64_t>(timeout_ms, 0, 600'000))) <= 0) return {};
  std::array<char, 256> buffer{};
  const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  return got > 0 ? lowercase_ascii(trim({buffer.data(), static_cast<std::size_t>(got)})) : std::string();
}

void decide(GatewayClient& client, const json::value& approval, Output& output) {
  const auto* request = find(approval, "request");
  const auto id = string_or(approval, "id");
  if (!request || id.empty()) return;
  output.note(output.styled(Style::yellow, fmt::format("The agent asks to run ({}): {}",
                                                       printable(string_or(*request, "tool", "exec"), 40),
                                                       printable(string_or(*request, "command"), 2000))));
  if (const auto folder = string_or(*request, "cwd"); !folder.empty()) output.note("  in " + printable(folder));
  if (const auto reason = string_or(*request, "reason"); !reason.empty()) output.note("  " + printable(reason, 500));
  if (!::isatty(STDIN_FILENO)) {
    output.note(fmt::format("Answer from another terminal: openclaw approvals allow {0} (or deny {0})", id));
    return;
  }
  const auto left = integer_or(approval, "expiresAtMs", 0) - SystemClock().now_ms();
  const auto answer = ask("Allow it? y = once, a = always, n = no", left > 0 ? left : 120'000, output);
  const auto decision = answer == "y" || answer == "yes"      ? "allow-once"
                        : answer == "a" || answer == "always" ? "allow-always"
                                                              : "deny";
  if (std::string_view(decision) == "deny") output.note("Denied.");
  client.send_request("exec.approval.resolve", {{"id", id}, {"decision", decision}});
}

std::string tool_note(const json::value& data) {
  auto detail = string_or(data, "meta");
  if (const auto* arguments = find(data, "args"); detail.empty() && arguments) {
    detail = to_text(*arguments);
    for (const auto* field : {"command", "path", "url", "query"})
      if (const auto text = string_or(*arguments, field); !text.empty()) detail = text;
  }
  return fmt::format("· {} {}", printable(string_or(data, "name"), 60), printable(detail, 160));
}

class Turn {
public:
  Turn(GatewayClient& client, const TurnRequest& request, Output& output)
      : client_(client), request_(request), output_(output) {}

  // The exit status once the turn is over.
  std::optional<Result<int>> take(const Incoming& incoming) {
    const auto& payload = incoming.payload;
    if (incoming.event == "exec.approval.requested") {
      const auto* request = find(payload, "request");
      if (request && string_or(*request, "sessionKey") == request_.session_key && !output_.json()) {
        break_line();
        decide(client_, payload, output_);
      }
      return std::nullopt;
    }
    if (incoming.event == "shutdown")
      return fail(Kind::transient, "The gateway is shutting down.",
                  "What was accepted is kept; look at the session once it runs again.");
    if (string_or(payload, "runId") != request_.run_id) return std::nullopt;
    if (incoming.event == "agent") show_tool(payload);
    if (incoming.event == "chat") return take_chat(payload);
    return std::nullopt;
  }

private:
  void show_tool(const json::value& payload) {
    const auto* data = find(payload, "data");
    if (!data || string_or(payload, "stream") != "tool" || output_.json()) return;
    const auto phase = string_or(*data, "phase");
    const bool failed = phase == "result" && bool_or(*data, "isError", false);
    if (phase != "start" && !failed) return;
    break_line();
    output_.note(output_.styled(failed ? Style::red : Style::dim, tool_note(*data) + (failed ? " failed" : "")));
  }

  void show_text(const json::value& payload) {
    const auto* message = find(payload, "message");
    if (!message || output_.json()) return;
    const auto fresh = terminal_safe(text_.grow(text_of(*message)));
    if (fresh.empty()) return;
    output_.write(fresh);
    open_line_ = !fresh.ends_with('\n');
  }

  void break_line() {
    if (open_line_) output_.line();
    open_line_ = false;
  }

  std::optional<Result<int>> take_chat(const json::value& payload) {
    const auto state = string_or(payload, "state");
    if (state == "delta") {
      // A pipe gets the final text only: half a line helps nobody there.
      if (output_.terminal()) show_text(payload);
      return std::nullopt;
    }
    show_text(payload);
    break_line();
    if (output_.json()) output_.value(payload);
    if (state == "error")
      return fail(Kind::remote, string_or(payload, "errorMessage", "The run failed, and the gateway did not say why."),
                  string_or(payload, "errorHint"));
    if (state == "aborted") return fail(Kind::cancelled, "The run was stopped.");
    return Result<int>(0);
  }

  GatewayClient& client_;
  const TurnRequest& request_;
  Output& output_;
  GrowingText text_;
  bool open_line_ = false;
};

Task<int> follow(GatewayClient* client, const TurnRequest* request, Output* output, std::string sent,
                 std::shared_ptr<bool> interrupted) {
  Turn turn(*client, *request, *output);
  while (true) {
    CO_TRY(const auto incoming, co_await client->next(0));
    if (incoming.event.empty() && incoming.id == sent) {
      if (incoming.error) co_return std::unexpected(*incoming.error);
      // Stop words are answered at once and start no run.
      if (!find(incoming.payload, "runId")) {
        output->note("Stopped what was running.");
        co_return 0;
      }
      continue;
    }
    auto status = turn.take(incoming);
    if (!status) continue;
    if (!*status && *interrupted && status->error().kind == Kind::cancelled) {
      output->note("Stopped.");
      co_return exit_status(Kind::cancelled);
    }
    co_return *status;
  }
}

} // namespace

std::string GrowingText::grow(std::string_view whole) {
  if (whole.starts_with(shown_)) {
    std::string fresh(whole.substr(shown_.size()));
    shown_ = whole;
    return fresh;
  }
  // The end of a turn may repeat everything that was said in it.
  if (!shown_.empty() && whole.ends_with(shown_)) return {};
  const bool first = empty();
  finished_ += shown_;
  shown_ = whole;
  return first ? shown_ : "\n" + shown_;
}

Task<int> run_turn(GatewayClient* client, TurnRequest request, Output* output) {
  json::object params{
      {"sessionKey", request.session_key}, {"message", request.message}, {"idempotencyKey", request.run_id}};
  if (!request.thinking.empty()) params["thinking"] = request.thinking;
  const auto sent = client->send_request("chat.send", std::move(params));
  const auto executor = co_await async::asio::this_coro::executor;
  async::Scope scope(executor);
  const auto interrupted = std::make_shared<bool>(false);
  scope.spawn("Ctrl+C", stop_on_interrupt(client, request.session_key, request.run_id, interrupted));
  auto status = co_await follow(client, &request, output, sent, interrupted);
  scope.cancel();
  auto joined = co_await scope.join();
  co_return status;
}

} // namespace openclaw::cli
