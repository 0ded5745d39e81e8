// A patch from a model: first the patch, after a zero byte the file. Whatever is parsed can be applied or refused, and
// lines that were not removed are all still there.
#include "extensions/tools/apply_patch/patch.hpp"
#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace openclaw::tools::apply_patch;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const auto zero = all.find('\0');
  const auto patch = parse_patch(all.substr(0, zero));
  if (!patch) return 0;
  const auto content = zero == std::string_view::npos ? std::string_view() : all.substr(zero + 1);
  const auto lines = [](std::string_view text) {
    return std::count(text.begin(), text.end(), '\n') + (text.empty() || text.ends_with('\n') ? 0 : 1);
  };
  if (patch->empty()) std::abort();
  for (const auto& file : *patch) {
    if (file.path.empty()) std::abort();
    const auto applied = apply_hunks(content, file);
    if (!applied) continue;
    std::ptrdiff_t change = 0;
    for (const auto& hunk : file.hunks)
      for (const auto& line : hunk.lines)
        change += line.mark == '+' ? 1 : line.mark == '-' ? -1 : 0;
    if (lines(*applied) != lines(content) + change) std::abort();
  }
  return 0;
}
