#include "ports/registry.hpp"

namespace openclaw::ports {

Tool* Registry::find_tool(std::string_view name_or_alias) const {
  for (const auto& tool : tools_) {
    if (tool->spec().name == name_or_alias) return tool.get();
    for (const auto& alias : tool->aliases())
      if (alias == name_or_alias) return tool.get();
  }
  return nullptr;
}

Dialect* Registry::find_dialect(std::string_view name) const {
  for (const auto& dialect : dialects_)
    if (dialect->name() == name) return dialect.get();
  return nullptr;
}

const ChannelType* Registry::find_channel(std::string_view id) const {
  for (const auto& channel : channels_)
    if (channel.id == id) return &channel;
  return nullptr;
}

Registry::Program Registry::find_program(std::string_view name) const {
  const auto found = programs_.find(name);
  return found == programs_.end() ? nullptr : found->second;
}

} // namespace openclaw::ports
