#include "cli/command.hpp"

#include "base/embedded.hpp"
#include <charconv>
#include <fmt/core.h>
#include <set>

namespace openclaw::cli {

std::optional<std::string> Invocation::value(std::string_view option) const {
  const auto found = values_.find(std::string(option));
  if (found == values_.end()) return std::nullopt;
  return found->second;
}

Result<std::int64_t> Invocation::integer(std::string_view option, std::int64_t otherwise, std::int64_t least,
                                         std::int64_t most) const {
  const auto text = value(option);
  if (!text) return otherwise;
  std::int64_t number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  if (read.ec != std::errc() || read.ptr != text->data() + text->size() || number < least || number > most)
    return fail(Kind::invalid, fmt::format("--{} needs a whole number from {} to {}, and \"{}\" is none.", option,
                                           least, most, *text));
  return number;
}

Result<> Invocation::expect_arguments(std::size_t least, std::size_t most) const {
  const auto count = arguments_.size();
  if (count >= least && count <= most) return {};
  const auto usage = fmt::format("Usage: openclaw {} {}", command_->name, command_->usage);
  if (count < least)
    return fail(Kind::invalid, fmt::format("openclaw {} needs more than that.", command_->name), usage);
  return fail(Kind::invalid,
              fmt::format("openclaw {} does not know what to do with \"{}\".", command_->name, arguments_[most]),
              usage);
}

int Invocation::fail_with(const Error& error) const {
  output_->error(error);
  return exit_status(error.kind);
}

std::function<int(Invocation&)> reporting(Result<int> (*work)(Invocation&)) {
  return [work](Invocation& invocation) {
    const auto status = work(invocation);
    return status ? *status : invocation.fail_with(status.error());
  };
}

const Command* CommandTable::find(std::string_view name) const {
  for (const auto& command : commands_)
    if (command.name == name) return &command;
  return nullptr;
}

const Command* CommandTable::default_of(std::string_view group) const {
  for (const auto& command : commands_)
    if (command.is_default && command.group() == group) return &command;
  return nullptr;
}

bool CommandTable::has_group(std::string_view group) const {
  return std::any_of(commands_.begin(), commands_.end(), [&](const auto& command) { return command.group() == group; });
}

std::vector<std::string> CommandTable::problems() const {
  std::vector<std::string> out;
  std::set<std::string> names, defaults;
  for (const auto& command : commands_) {
    if (!names.insert(command.name).second) out.push_back(fmt::format("Two commands are called \"{}\".", command.name));
    if (command.is_default && !defaults.insert(command.group()).second)
      out.push_back(fmt::format("The group \"{}\" has two defaults.", command.group()));
    if (command.summary.empty()) out.push_back(fmt::format("\"{}\" has no summary.", command.name));
    if (!command.run) out.push_back(fmt::format("\"{}\" does nothing.", command.name));
    if (!find_embedded(embedded_texts(), fmt::format("cli/commands/{}.md", command.group())))
      out.push_back(fmt::format("\"{0}\" has no help text {1}.md.", command.name, command.group()));
    std::set<std::string> options;
    std::set<char> letters;
    auto all = common_options();
    all.insert(all.end(), command.options.begin(), command.options.end());
    for (const auto& option : all) {
      if (option.help.empty()) out.push_back(fmt::format("--{} of \"{}\" has no help.", option.name, command.name));
      if (!options.insert(option.name).second || (option.letter && !letters.insert(option.letter).second))
        out.push_back(fmt::format("\"{}\" has --{} or -{} twice.", command.name, option.name,
                                  option.letter ? option.letter : ' '));
    }
  }
  return out;
}

const std::vector<Option>& common_options() {
  static const std::vector<Option> options = {
      {"json", 0, "", "Print JSON for programs instead of text for people."},
      {"no-color", 0, "", "No colours, also on a terminal."},
      {"profile", 0, "NAME", "Use the state folder ~/.openclaw-NAME."},
      {"help", 'h', "", "Show this help."},
  };
  return options;
}

} // namespace openclaw::cli
