// Slash commands: answered by the program itself, before the queue and without a model. One file each in
// agent/commands/, which defines register_NAME(ChatCommandTable&); cmake generates the list.
#pragma once
#include "agent/runtime.hpp"
#include <functional>
#include <string>
#include <vector>

namespace openclaw::agent {

struct ChatCommandCall {
  Runtime& runtime;
  std::string session_key; // canonical
  std::string agent_id;
  std::string argument; // trimmed text after the name
};

struct ChatCommand {
  std::string name; // without slash
  std::vector<std::string> aliases;
  std::string usage;                                     // "/model [PROVIDER/MODEL|default]"
  std::string help;                                      // one line
  std::function<Task<std::string>(ChatCommandCall)> run; // the answer, markdown
};

class ChatCommandTable {
public:
  void add(ChatCommand command) { commands_.push_back(std::move(command)); }
  const ChatCommand* find(std::string_view name) const;
  const std::vector<ChatCommand>& all() const { return commands_; }
  std::vector<std::string> names() const;

private:
  std::vector<ChatCommand> commands_;
};

void register_chat_commands(ChatCommandTable& table); // generated
const ChatCommandTable& chat_commands();

// "/name argument" or "/name: argument" -> the two parts; nothing when the text is not a command.
struct ParsedCommand {
  std::string name;
  std::string argument;
};
std::optional<ParsedCommand> parse_chat_command(std::string_view text);
// Runs the command and records question and answer (as the gateway's own words) together with the inbox row. False when
// this message had been taken before.
Task<bool> answer_chat_command(Runtime& runtime, RunInfo run, ParsedCommand command, ports::Message user,
                               std::string channel, std::string dedupe_key, std::string body);

// Whole messages that stop the run: stop, esc, abort, wait, exit, interrupt, "/stop" and the same in French (arrête,
// stoppe).
bool is_stop_word(std::string_view text);

} // namespace openclaw::agent
