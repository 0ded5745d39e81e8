// A command of the program as data: its name, its options, what runs. The table of all of them is generated from
// src/cli/commands/, and help, completion and the argument parser read nothing else.
#pragma once
#include "base/result.hpp"
#include "base/secret.hpp"
#include "cli/output.hpp"
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace openclaw::cli {

struct Option {
  std::string name;  // "session-key", typed --session-key
  char letter = 0;   // 'm' for -m
  std::string value; // the value's name in help, e.g. "TEXT"; empty for a switch
  std::string help;
};

struct GatewayOptions {
  std::optional<int> port;
  std::string bind;
  Secret token;
  std::string profile;
  bool ready_json = false;
  bool model_download = true;
  bool setup_model = false; // before serving: fetch the built-in model when nothing else answers
  bool verbose = false;
  bool any_mode = false; // whatever gateway.mode says
};

// A look at one thing that may be wrong with this installation.
struct Finding {
  enum class State { ok, warn, fail } state = State::ok;
  std::string what;
  std::string fix; // empty when there is nothing to do
};
struct Check {
  std::string name;
  std::function<Finding()> look;
};

// What stands above the command line and is handed in by the composition root; an empty one is "not in this build".
struct Services {
  std::function<int(const GatewayOptions&)> run_gateway;
  std::vector<Check> checks; // for doctor, besides its own
};

struct Command;
class CommandTable;

class Invocation {
public:
  Invocation(const Command& command, const CommandTable& table, const Services& services, Output& output)
      : command_(&command), table_(&table), services_(&services), output_(&output) {}

  const Command& command() const { return *command_; }
  const CommandTable& table() const { return *table_; }
  const Services& services() const { return *services_; }
  Output& output() const { return *output_; }
  const std::vector<std::string>& arguments() const { return arguments_; }
  std::string argument(std::size_t index) const {
    return index < arguments_.size() ? arguments_[index] : std::string();
  }
  bool has(std::string_view option) const { return values_.contains(std::string(option)); }
  std::optional<std::string> value(std::string_view option) const;
  // Kind::invalid names the option when the value is not a whole number between `least` and `most`.
  Result<std::int64_t> integer(std::string_view option, std::int64_t otherwise, std::int64_t least,
                               std::int64_t most) const;
  // Kind::invalid when there are fewer or more arguments than that; the hint is the usage line.
  Result<> expect_arguments(std::size_t least, std::size_t most) const;
  // Prints the error and gives its exit status.
  int fail_with(const Error& error) const;

  void add_argument(std::string text) { arguments_.push_back(std::move(text)); }
  void set_value(const std::string& option, std::string text) { values_[option] = std::move(text); }

private:
  const Command* command_;
  const CommandTable* table_;
  const Services* services_;
  Output* output_;
  std::vector<std::string> arguments_;
  std::map<std::string, std::string> values_;
};

// A command whose failure is an Error: it is printed, and gives the exit status.
std::function<int(Invocation&)> reporting(Result<int> (*work)(Invocation&));

struct Command {
  std::string name;    // one word or two: "status", "models list"
  std::string summary; // one line, for the list of commands
  std::string usage;   // what follows the name: "PATH VALUE"
  std::vector<Option> options;
  std::function<int(Invocation&)> run;
  bool is_default = false; // of its group: "sessions" alone is "sessions list"

  std::string group() const { return name.substr(0, name.find(' ')); }
};

class CommandTable {
public:
  void add(Command command) { commands_.push_back(std::move(command)); }
  const std::vector<Command>& commands() const { return commands_; }
  const Command* find(std::string_view name) const;
  // The default one of that group.
  const Command* default_of(std::string_view group) const;
  bool has_group(std::string_view group) const;
  // Sentences about clashing names, missing summaries, options without help, missing help texts. Empty when all is
  // well.
  std::vector<std::string> problems() const;

private:
  std::vector<Command> commands_;
};

// Options that every command has.
const std::vector<Option>& common_options();

// Generated from the files that exist.
void register_commands(CommandTable& table);

} // namespace openclaw::cli
