#include "cli/moving/show_items.hpp"

#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Style style_of(MoveItem::State state) {
  switch (state) {
  case MoveItem::State::taken:
    return Style::green;
  case MoveItem::State::changed:
    return Style::yellow;
  case MoveItem::State::kept:
    return Style::dim;
  case MoveItem::State::lost:
    return Style::red;
  }
  return Style::plain;
}

} // namespace

json::array items_as_json(const std::vector<MoveItem>& items) {
  json::array list;
  for (const auto& item : items) {
    json::object one{{"state", item.state == MoveItem::State::lost    ? "lost"
                               : item.state == MoveItem::State::taken ? "taken"
                                                                      : state_word(item.state)},
                     {"what", item.what},
                     {"why", item.why}};
    if (!item.command.empty()) one["command"] = item.command;
    if (!item.loss.empty()) one["loss"] = item.loss;
    list.push_back(std::move(one));
  }
  return list;
}

void show_items(const std::vector<MoveItem>& items, Output& output) {
  for (const auto& item : items) {
    auto line = output.styled(style_of(item.state), fmt::format("{:<11}", state_word(item.state))) + " " +
                terminal_safe(item.what) + (item.why.empty() ? "" : ": " + terminal_safe(item.why));
    if (!item.command.empty()) line += fmt::format(". To grant it: {}", terminal_safe(item.command));
    if (!item.loss.empty()) line += fmt::format(" [{}]", terminal_safe(item.loss));
    output.line(line);
  }
}

} // namespace openclaw::cli
