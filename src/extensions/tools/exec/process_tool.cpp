#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/tools/exec/exec.hpp"
#include <charconv>
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

constexpr const char* kSchema = R"({"type":"object","properties":{
"action":{"type":"string","enum":["list","poll","log","write","send-keys","submit","paste","kill","clear","remove"]},
"sessionId":{"type":"string","description":"Which process; all actions but list need it."},
"data":{"type":"string","maxLength":1000000,"description":"For write: the input. For submit: text before Enter."},
"eof":{"type":"boolean","description":"For write: end the input afterwards."},
"offset":{"type":"integer","minimum":0,"description":"For log: line to start at, from 0; without it the last lines."},
"limit":{"type":"integer","minimum":1,"maximum":2000,"description":"For log: how many lines (default 200)."},
"keys":{"type":"array","maxItems":1000,"items":{"type":"string","maxLength":40},"description":"For send-keys: names such as Enter, C-c, Up, F5, M-x, or one character."},
"hex":{"type":"array","maxItems":1000,"items":{"type":"string","maxLength":2},"description":"For send-keys: bytes as two hex digits."},
"literal":{"type":"string","maxLength":1000000,"description":"For send-keys: text to type as it is."},
"text":{"type":"string","maxLength":1000000,"description":"For paste: the text."},
"bracketed":{"type":"boolean","description":"For paste: say to the program that it is a paste (default true on a terminal)."}},
"required":["action"],"additionalProperties":false})";

constexpr std::int64_t kLogLines = 200;

std::string state_of(const RunningProcess& running) {
  if (!running.status) return "running";
  return fmt::format("ended with code {}{}", running.status->code,
                     running.timed_out ? " because its time was over" : "");
}

json::object details_of(const RunningProcess& running) {
  json::object details{
      {"sessionId", running.id}, {"status", running.status ? "completed" : "running"}, {"pid", running.process->pid()}};
  if (running.status) details["exitCode"] = running.status->code;
  return details;
}

ports::ToolResult answer(std::string text, const RunningProcess& running) {
  auto result = ports::text_result(std::move(text));
  result.details_json = to_text(details_of(running));
  return result;
}

ports::ToolResult list_result(const std::vector<std::shared_ptr<RunningProcess>>& all) {
  if (all.empty()) return ports::text_result("There is no process.");
  std::string text;
  json::array rows;
  for (const auto& running : all) {
    text += fmt::format("{}  {}  {}\n", running->id, state_of(*running), printable(running->command, 120));
    auto row = details_of(*running);
    row["command"] = to_valid_utf8(running->command);
    rows.push_back(std::move(row));
  }
  auto result = ports::text_result(std::move(text));
  json::object details{{"status", "completed"}, {"sessions", std::move(rows)}};
  result.details_json = to_text(details);
  return result;
}

ports::ToolResult poll_result(RunningProcess& running) {
  auto fresh = running.output.since(running.polled, kTextLimit);
  running.polled = running.output.total();
  if (fresh.empty()) fresh = "(no new output)";
  return answer(fmt::format("{}\n\nThe process is {}.", fresh, state_of(running)), running);
}

ports::ToolResult log_result(const RunningProcess& running, const json::value& arguments) {
  const auto text = running.output.text(200'000);
  auto lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  const auto count = static_cast<std::int64_t>(lines.size());
  const auto limit = std::clamp<std::int64_t>(integer_or(arguments, "limit", kLogLines), 1, 2000);
  const auto start =
      std::clamp<std::int64_t>(integer_or(arguments, "offset", std::max<std::int64_t>(0, count - limit)), 0, count);
  const auto end = std::min(count, start + limit);
  std::string shown;
  for (auto i = start; i < end; ++i) {
    shown += lines[static_cast<std::size_t>(i)];
    shown += '\n';
  }
  if (shown.size() > kTextLimit) shown = cut_middle(shown, kTextLimit / 3, kTextLimit - kTextLimit / 3);
  return answer(fmt::format("{}[Lines {}-{} of {}. The process is {}.]", shown, start, end, count, state_of(running)),
                running);
}

bool is_input(std::string_view action) {
  return action == "write" || action == "send-keys" || action == "submit" || action == "paste";
}

Result<std::string> hex_byte(const std::string& digits) {
  unsigned value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [at, code] = std::from_chars(digits.data(), end, value, 16);
  if (digits.empty() || code != std::errc() || at != end || value > 255)
    return fail(Kind::invalid, fmt::format("\"{}\" in hex is no byte.", printable(digits)), "Write it like 0d or 1b.");
  return std::string(1, static_cast<char>(value));
}

std::vector<std::string> texts(const json::value& arguments, std::string_view name) {
  std::vector<std::string> all;
  if (const auto* list = find(arguments, name); list && list->is_array())
    for (const auto& item : list->get_array())
      if (item.is_string()) all.emplace_back(item.get_string());
  return all;
}

// What the program will read. On a pipe Enter is the end of a line.
Result<std::string> input_bytes(const json::value& arguments, bool terminal) {
  const auto action = string_or(arguments, "action");
  if (action == "write") return string_or(arguments, "data");
  if (action == "submit") return string_or(arguments, "data") + (terminal ? "\r" : "\n");
  if (action == "paste") {
    auto text = string_or(arguments, "text");
    if (!bool_or(arguments, "bracketed", terminal)) return text;
    // The end mark inside would let the rest be read as typed.
    if (text.find("\x1b[201~") != std::string::npos)
      return fail(Kind::invalid, "The text to paste contains the mark that ends a paste.",
                  "Leave it out, or set bracketed to false.");
    return "\x1b[200~" + text + "\x1b[201~";
  }
  auto bytes = string_or(arguments, "literal");
  for (const auto& name : texts(arguments, "keys")) {
    TRY(auto key, key_bytes(name));
    bytes += !terminal && key == "\r" ? "\n" : key;
  }
  for (const auto& digits : texts(arguments, "hex")) {
    TRY(const auto byte, hex_byte(digits));
    bytes += byte;
  }
  if (bytes.empty()) return fail(Kind::invalid, "There is no key to send.", "Give keys, literal or hex.");
  return bytes;
}

// The whole input counts for an approval, however much of it is shown.
std::string input_summary(const json::value& arguments, std::string_view bytes) {
  const auto action = string_or(arguments, "action");
  const auto shown = action == "send-keys" && string_or(arguments, "literal").empty() && texts(arguments, "hex").empty()
                         ? join(texts(arguments, "keys"), " ")
                         : std::string(bytes);
  auto summary = fmt::format("process {} {}: {}", printable(action), printable(string_or(arguments, "sessionId")),
                             printable(shown, 500));
  if (shown.size() > 500) summary += fmt::format(" ({} bytes, SHA-256 {})", bytes.size(), sha256_hex(bytes));
  if (bool_or(arguments, "eof", false)) summary += " and end the input";
  return summary;
}

Task<ports::ToolResult> write_input(std::shared_ptr<RunningProcess> running, std::string data, bool eof) {
  if (running->status) co_return fail(Kind::conflict, fmt::format("The process {} has ended.", running->id));
  if (!running->has_input)
    co_return fail(Kind::conflict, fmt::format("The process {} was started without an input.", running->id),
                   "Start it with background or pty set to true.");
  // On a terminal it is a key that ends the input.
  if (eof && running->terminal) {
    data += '\x04';
    eof = false;
  }
  if (!data.empty()) {
    const auto size = data.size();
    CO_TRY_VOID(co_await running->process->write_input(std::move(data)));
    if (!eof) co_return answer(fmt::format("Wrote {} bytes.", size), *running);
  }
  if (eof) {
    running->process->close_input();
    running->has_input = false;
  }
  co_return answer(eof ? "The input is closed." : "Nothing was written.", *running);
}

class ProcessTool final : public ports::Tool {
public:
  explicit ProcessTool(std::shared_ptr<ProcessTable> table) : table_(std::move(table)) {}

  ports::ToolSpec spec() const override {
    return {"process",
            "Look after commands that exec left in the background: list, poll (new output), log, write (input), kill, "
            "clear (forget a finished one), remove (end and forget); on a terminal also send-keys, submit (text and "
            "Enter), paste.",
            kSchema};
  }
  std::optional<policy::Risk> greatest_risk() const override { return policy::Risk::execute; }
  Task<policy::Effect> preview(std::string arguments_json, const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of process"));
    const auto action = string_or(arguments, "action");
    const auto id = string_or(arguments, "sessionId");
    const auto running = table_->find(id, context.agent_id, context.time.monotonic_ms());
    if (action != "list" && !running)
      co_return fail(Kind::missing, fmt::format("There is no process \"{}\".", printable(id)),
                     "The action list shows them.");
    policy::Effect effect;
    effect.tool = "process";
    // Input to a program is as much as running one. Ending what the agent itself started needs no right of its own.
    if (is_input(action)) {
      CO_TRY(const auto bytes, input_bytes(arguments, running->terminal.has_value()));
      effect.risk = policy::Risk::execute;
      effect.summary = input_summary(arguments, bytes);
    } else {
      effect.risk = policy::Risk::read;
      effect.summary = fmt::format("process {} {}", printable(action), printable(id));
    }
    co_return effect;
  }

  Task<ports::ToolResult> run(std::string arguments_json, policy::Permit permit,
                              const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of process"));
    const auto action = string_or(arguments, "action");
    const auto now = context.time.monotonic_ms();
    if (action == "list") co_return list_result(table_->of_agent(context.agent_id, now));
    const auto running = table_->find(string_or(arguments, "sessionId"), context.agent_id, now);
    if (!running) co_return fail(Kind::missing, "There is no such process any more.", "The action list shows them.");
    if (action == "poll") co_return poll_result(*running);
    if (action == "log") co_return log_result(*running, arguments);
    if (is_input(action)) {
      CO_TRY(auto bytes, input_bytes(arguments, running->terminal.has_value()));
      if (permit.effect().risk != policy::Risk::execute || permit.effect().summary != input_summary(arguments, bytes))
        co_return fail(Kind::denied, "The permit is not for this input to the process.");
      co_return co_await write_input(running, std::move(bytes), bool_or(arguments, "eof", false));
    }
    if (action == "clear" && !running->status)
      co_return fail(Kind::conflict, fmt::format("The process {} is still running.", running->id),
                     "Use remove to end and forget it.");
    if (action != "clear" && !running->status) {
      // The model knows that it ends; no notice is needed.
      running->notify = nullptr;
      const auto stopped = co_await async::terminate(running->process, kGraceMilliseconds);
      (void)stopped;
      // Whoever reads its output records the end, on a later turn of the loop.
      while (!running->status) {
        const auto waited = co_await running->changed.wait_for(100);
        if (!waited && waited.error().kind == Kind::cancelled) co_return std::unexpected(waited.error());
      }
    }
    if (action != "kill") table_->remove(running->id);
    co_return ports::text_result(action == "kill" ? fmt::format("The process {} is stopped.", running->id)
                                                  : fmt::format("The process {} is forgotten.", running->id));
  }

private:
  std::shared_ptr<ProcessTable> table_;
};

} // namespace

std::unique_ptr<ports::Tool> make_process_tool(std::shared_ptr<ProcessTable> table) {
  return std::make_unique<ProcessTool>(std::move(table));
}

} // namespace openclaw::tools
