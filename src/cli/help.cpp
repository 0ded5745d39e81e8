#include "cli/help.hpp"

#include "base/embedded.hpp"
#include "base/text.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

void show_overview(const CommandTable& table, Output& output) {
  output.line(output.styled(Style::bold, "openclaw - your own agents, on your own machine"));
  output.line();
  output.line("Usage: openclaw COMMAND [ARGUMENTS] [OPTIONS]");
  output.line();
  std::vector<const Command*> sorted;
  for (const auto& command : table.commands())
    sorted.push_back(&command);
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  std::vector<std::vector<std::string>> rows;
  for (const auto* command : sorted)
    rows.push_back({"  " + command->name, command->summary});
  output.table({{"Commands"}, {""}}, rows);
  output.line();
  output.line("openclaw help COMMAND tells more. Start with: openclaw gateway");
}

void show_options(const std::vector<Option>& options, std::string_view title, Output& output) {
  if (options.empty()) return;
  std::vector<std::vector<std::string>> rows;
  for (const auto& option : options)
    rows.push_back({fmt::format("  {}--{}{}", option.letter ? fmt::format("-{}, ", option.letter) : "", option.name,
                                option.value.empty() ? "" : " " + option.value),
                    option.help});
  output.line();
  output.table({{std::string(title)}, {""}}, rows);
}

json::value described(const Command& command) {
  json::array options;
  for (const auto& option : command.options)
    options.push_back(json::object{{"name", option.name},
                                   {"letter", std::string(option.letter ? 1 : 0, option.letter)},
                                   {"value", option.value},
                                   {"help", option.help}});
  return json::object{
      {"name", command.name}, {"summary", command.summary}, {"usage", command.usage}, {"options", options}};
}

} // namespace

std::string plain_markdown(std::string_view markdown, const Output& output) {
  std::string out;
  bool code = false;
  for (auto line : split(markdown, '\n')) {
    if (line.starts_with("```")) {
      code = !code;
      continue;
    }
    if (code) {
      out += fmt::format("    {}\n", line);
      continue;
    }
    const bool heading = line.starts_with('#');
    while (heading && (line.starts_with('#') || line.starts_with(' ')))
      line.remove_prefix(1);
    std::string text;
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '`')
        quoted = !quoted;
      else if (!quoted && line.substr(i, 2) == "**")
        ++i;
      else
        text += line[i];
    }
    out += (heading ? output.styled(Style::bold, text) : text) + "\n";
  }
  while (out.ends_with("\n\n"))
    out.pop_back();
  return out;
}

int show_help(const CommandTable& table, std::string_view name, Output& output) {
  if (output.json()) {
    json::array commands;
    for (const auto& command : table.commands())
      if (name.empty() || command.name == name || command.group() == name) commands.push_back(described(command));
    output.value(json::object{{"commands", commands}});
    return 0;
  }
  if (name.empty()) {
    show_overview(table, output);
    return 0;
  }
  const auto* command = table.find(name);
  if (!command && !table.has_group(name)) {
    std::vector<std::string> names;
    for (const auto& known : table.commands())
      names.push_back(known.name);
    const auto near = nearest(name, names);
    const Error error{Kind::missing,
                      fmt::format("There is no command \"{}\"{}", printable(name, 60),
                                  near ? fmt::format("; did you mean \"{}\"?", *near) : "."),
                      "openclaw help lists all commands."};
    output.error(error);
    return exit_status(error.kind);
  }
  const auto group = std::string(name.substr(0, name.find(' ')));
  for (const auto& one : table.commands())
    if (one.name == name || (!command && one.group() == group))
      output.line(fmt::format("Usage: openclaw {} {}", one.name, one.usage));
  output.line();
  if (const auto text = find_embedded(embedded_texts(), fmt::format("cli/commands/{}.md", group)))
    output.write(plain_markdown(*text, output));
  for (const auto& one : table.commands())
    if (one.name == name || (!command && one.group() == group))
      show_options(one.options, "Options of " + one.name, output);
  show_options(common_options(), "Options of every command", output);
  return 0;
}

} // namespace openclaw::cli
