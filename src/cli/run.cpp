#include "cli/run.hpp"

#include "base/text.hpp"
#include "cli/help.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

const Option* find_option(const Invocation& invocation, std::string_view name) {
  for (const auto* list : {&invocation.command().options, &common_options()})
    for (const auto& option : *list)
      if (option.name == name) return &option;
  return nullptr;
}

const Option* find_letter(const Invocation& invocation, char letter) {
  for (const auto* list : {&invocation.command().options, &common_options()})
    for (const auto& option : *list)
      if (option.letter == letter) return &option;
  return nullptr;
}

std::unexpected<Error> unknown_option(const Invocation& invocation, std::string_view name) {
  std::vector<std::string> names;
  for (const auto* list : {&invocation.command().options, &common_options()})
    for (const auto& option : *list)
      names.push_back(option.name);
  const auto near = nearest(name, names);
  return fail(Kind::invalid,
              fmt::format("openclaw {} has no option --{}{}", invocation.command().name, printable(name, 60),
                          near ? fmt::format("; did you mean --{}?", *near) : "."),
              fmt::format("openclaw help {} lists its options.", invocation.command().name));
}

Error unknown_command(const CommandTable& table, std::span<const std::string> words) {
  std::vector<std::string> names;
  if (table.has_group(words[0])) {
    for (const auto& command : table.commands())
      if (command.group() == words[0] && command.name != words[0])
        names.push_back(command.name.substr(words[0].size() + 1));
    if (words.size() < 2)
      return {Kind::invalid, fmt::format("openclaw {} needs one of: {}.", words[0], join(names, ", ")),
              fmt::format("openclaw help {} explains them.", words[0])};
    const auto near = nearest(words[1], names);
    return {Kind::invalid,
            fmt::format("openclaw {} has no command \"{}\"{}", words[0], printable(words[1], 60),
                        near ? fmt::format("; did you mean \"{}\"?", *near) : "."),
            fmt::format("openclaw help {} lists them.", words[0])};
  }
  for (const auto& command : table.commands())
    names.push_back(command.group());
  const auto near = nearest(words[0], names);
  return {Kind::invalid,
          fmt::format("There is no command \"{}\"{}", printable(words[0], 60),
                      near ? fmt::format("; did you mean \"{}\"?", *near) : "."),
          "openclaw help lists all commands."};
}

// Options may stand before the command (openclaw --json status): they are moved behind it.
std::vector<std::string> command_first(std::span<const std::string> words) {
  std::vector<std::string> before, rest;
  std::size_t at = 0;
  for (; at < words.size() && words[at].starts_with('-') && words[at] != "-V" && words[at] != "--version"; ++at) {
    before.push_back(words[at]);
    if (words[at] == "--profile" && at + 1 < words.size()) before.push_back(words[++at]);
  }
  rest.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
  const bool help = std::find(before.begin(), before.end(), "--help") != before.end() ||
                    std::find(before.begin(), before.end(), "-h") != before.end();
  if (rest.empty())
    rest.emplace_back("help");
  else if (help)
    rest.insert(rest.begin(), "help");
  std::erase_if(before, [](const auto& word) { return word == "--help" || word == "-h"; });
  // Behind "--" everything is an argument, so they go before it.
  rest.insert(std::find(rest.begin(), rest.end(), "--"), before.begin(), before.end());
  return rest;
}

} // namespace

Result<> read_arguments(std::span<const std::string> words, Invocation& invocation) {
  bool only_arguments = false;
  for (std::size_t at = 0; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (only_arguments || word.size() < 2 || word[0] != '-') {
      invocation.add_argument(word);
      continue;
    }
    if (word == "--") {
      only_arguments = true;
      continue;
    }
    const Option* option = nullptr;
    std::optional<std::string> value;
    if (word[1] == '-') {
      const auto equals = word.find('=');
      const auto name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      option = find_option(invocation, name);
      if (!option) return unknown_option(invocation, name);
      if (equals != std::string::npos) value = word.substr(equals + 1);
    } else {
      option = find_letter(invocation, word[1]);
      // A negative number is an argument.
      if (!option && word[1] >= '0' && word[1] <= '9') {
        invocation.add_argument(word);
        continue;
      }
      if (!option) return unknown_option(invocation, word.substr(1));
      if (word.size() > 2) value = word.substr(word[2] == '=' ? 3 : 2);
    }
    if (option->value.empty() && value) return fail(Kind::invalid, fmt::format("--{} takes no value.", option->name));
    if (!option->value.empty() && !value) {
      if (at + 1 >= words.size())
        return fail(Kind::invalid,
                    fmt::format("--{} needs a value: --{} {}.", option->name, option->name, option->value));
      value = words[++at];
    }
    invocation.set_value(option->name, value.value_or("true"));
  }
  return {};
}

int run(std::span<const std::string> given, const CommandTable& table, const Services& services, Output& output) {
  const auto words = command_first(given);
  if (words[0] == "-V" || words[0] == "--version") {
    const std::vector<std::string> version{"version"};
    return run(version, table, services, output);
  }
  const Command* command = nullptr;
  std::size_t used = 2;
  if (words.size() >= 2) command = table.find(words[0] + " " + words[1]);
  if (!command) {
    used = 1;
    command = table.find(words[0]);
    const bool asks_for_more = words.size() >= 2 && !words[1].starts_with('-');
    if (!command && !asks_for_more) command = table.default_of(words[0]);
  }
  if (!command) {
    const bool help = words.size() >= 2 && (words[1] == "--help" || words[1] == "-h");
    if (help && table.has_group(words[0])) return show_help(table, words[0], output);
    const auto error = unknown_command(table, words);
    output.error(error);
    return exit_status(error.kind);
  }
  Invocation invocation(*command, table, services, output);
  const auto read = read_arguments(std::span(words).subspan(used), invocation);
  output.set_json(invocation.has("json"));
  output.set_colour(!invocation.has("no-color"));
  if (invocation.has("help")) return show_help(table, command->name, output);
  if (!read) return invocation.fail_with(read.error());
  return command->run(invocation);
}

int run(std::span<const std::string> words, const Services& services, Output& output) {
  CommandTable table;
  register_commands(table);
  return run(words, table, services, output);
}

} // namespace openclaw::cli
