#include "agent/chat_command.hpp"

#include "agent/notice.hpp"
#include "base/text.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::agent {
namespace {

bool has_name(const ChatCommand& command, std::string_view name) {
  return command.name == name ||
         std::find(command.aliases.begin(), command.aliases.end(), name) != command.aliases.end();
}

} // namespace

const ChatCommand* ChatCommandTable::find(std::string_view name) const {
  for (const auto& command : commands_)
    if (has_name(command, name)) return &command;
  return nullptr;
}

std::vector<std::string> ChatCommandTable::names() const {
  std::vector<std::string> names;
  names.reserve(commands_.size());
  for (const auto& command : commands_)
    names.push_back(command.name);
  return names;
}

const ChatCommandTable& chat_commands() {
  static const ChatCommandTable table = [] {
    ChatCommandTable made;
    register_chat_commands(made);
    return made;
  }();
  return table;
}

std::optional<ParsedCommand> parse_chat_command(std::string_view text) {
  text = trim(text);
  if (!text.starts_with('/') || text.size() < 2) return std::nullopt;
  std::size_t end = 1;
  while (end < text.size() && ((text[end] >= 'a' && text[end] <= 'z') || (text[end] >= 'A' && text[end] <= 'Z') ||
                               text[end] == '_' || text[end] == '-'))
    ++end;
  if (end == 1 || (end < text.size() && text[end] != ' ' && text[end] != ':' && text[end] != '\n')) return std::nullopt;
  ParsedCommand parsed{
      lowercase_ascii(text.substr(1, end - 1)),
      std::string(trim(text.substr(std::min(end + (end < text.size() && text[end] == ':' ? 1 : 0), text.size()))))};
  if (chat_commands().find(parsed.name)) return parsed;
  // A lone word that is nearly a command is a slip of the pen; anything else that begins with a slash is ordinary text
  // (a path).
  if (parsed.argument.empty() && nearest(parsed.name, chat_commands().names())) return parsed;
  return std::nullopt;
}

bool is_stop_word(std::string_view text) {
  auto word = lowercase_ascii(trim(text));
  while (!word.empty() && (word.back() == '!' || word.back() == '.'))
    word.pop_back();
  constexpr std::string_view words[] = {"stop", "/stop",     "esc",    "abort",  "wait",
                                        "exit", "interrupt", "stoppe", "arrête", "arrete"};
  return std::find(std::begin(words), std::end(words), word) != std::end(words);
}

Task<bool> answer_chat_command(Runtime& runtime, RunInfo run, ParsedCommand parsed, ports::Message user,
                               std::string channel, std::string dedupe_key, std::string body) {
  auto& services = runtime.services();
  std::string text;
  if (const auto* command = chat_commands().find(parsed.name)) {
    ChatCommandCall call{runtime, run.session_key, run.agent_id, parsed.argument};
    auto answered = co_await command->run(std::move(call));
    text = answered ? std::move(*answered) : answered.error().text();
  } else {
    const auto similar = nearest(parsed.name, chat_commands().names());
    text = fmt::format("There is no command /{}. Did you mean /{}? See /help.", parsed.name, similar.value_or("help"));
  }
  auto answer = injected_message(std::move(text), services.time.now_ms());
  answer.run_id = run.run_id;

  store::InboxRow row;
  row.channel = std::move(channel);
  row.dedupe_key = std::move(dedupe_key);
  row.run_id = run.run_id;
  row.session_key = run.session_key;
  row.body = std::move(body);
  row.state = "answered";
  row.received_ms = user.timestamp_ms;
  const auto agent_id = run.agent_id;
  const auto session_id = uuid_v7(services.time, services.random);
  auto* random = &services.random;
  user.run_id = "injected";
  const auto record_end = services.record_end;
  std::function<Result<bool>(store::Connection&)> record = [=](store::Connection& connection) -> Result<bool> {
    TRY(const bool fresh, store::accept_message(connection, row));
    if (!fresh) return false;
    TRY(auto session, store::ensure_session(connection, row.session_key, agent_id, session_id, row.received_ms));
    // The question is recorded as the gateway's too: a model must neither see nor answer it.
    auto question = user;
    question.stop_reason = ports::StopReason::injected;
    TRY_VOID(append_message(connection, session.session_id, row.run_id, question, *random));
    TRY_VOID(append_message(connection, session.session_id, row.run_id, answer, *random));
    session.updated_ms = answer.timestamp_ms;
    TRY_VOID(store::save_session(connection, session));
    TRY_VOID(record_end(connection, run, answer));
    return true;
  };
  CO_TRY(const bool fresh, co_await services.database.write<bool>(std::move(record)));
  if (fresh) services.events.finished(run, answer);
  co_return fresh;
}

} // namespace openclaw::agent
