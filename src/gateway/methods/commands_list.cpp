// The slash commands that chat.send answers.
#include "agent/chat_command.hpp"
#include "gateway/services.hpp"

namespace openclaw::gateway {
namespace {

Task<json::value> list_commands(Call) {
  json::array commands;
  for (const auto& command : agent::chat_commands().all()) {
    json::array spellings{json::value("/" + command.name)};
    for (const auto& alias : command.aliases)
      spellings.push_back(json::value("/" + alias));
    commands.push_back(json::object{{"name", command.name},
                                    {"textAliases", std::move(spellings)},
                                    {"description", command.help},
                                    {"usage", command.usage},
                                    {"source", "native"},
                                    {"scope", "text"},
                                    {"acceptsArgs", command.usage.find(' ') != std::string::npos}});
  }
  co_return json::value(json::object{{"commands", std::move(commands)}});
}

} // namespace

void register_commands_list(MethodTable& table) {
  table.add({"commands.list", Scope::read,
             R"({"type":"object","properties":{"agentId":{"type":"string"},"scope":{"type":"string"},
    "includeArgs":{"type":"boolean"}}})",
             list_commands});
}

} // namespace openclaw::gateway
