// Files linked into the binary (command help, tables of data, the web interface), found by name. Made by
// cmake/layers.cmake.
#pragma once
#include <optional>
#include <span>
#include <string_view>

namespace openclaw {

struct EmbeddedFile {
  std::string_view name; // path below src/ (texts) or ui/dist/ (web interface)
  std::string_view content;
};

std::span<const EmbeddedFile> embedded_texts();
std::span<const EmbeddedFile> embedded_ui();

inline std::optional<std::string_view> find_embedded(std::span<const EmbeddedFile> files, std::string_view name) {
  for (const auto& file : files)
    if (file.name == name) return file.content;
  return std::nullopt;
}

} // namespace openclaw
