// Any bytes: the parser ends, and what it accepts can be edited without changing anything else.
#include "config/edit.hpp"
#include "config/json5.hpp"
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace openclaw;
  using namespace openclaw::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto document = parse_json5(text, "fuzz");
  if (!document) {
    if (document.error().message.empty()) std::abort();
    return 0;
  }
  if (document->root.type != Json5Node::Type::object || !document->duplicates.empty()) return 0;
  auto expected = document->root.value();
  const Path path{"added by the fuzzer"};
  if (expected.get_object().contains(path[0])) return 0; // it has guessed the name
  const auto set = set_in_text(text, path, 1);
  if (!set) std::abort();
  const auto again = parse_json5(*set, "edited");
  if (!again) std::abort();
  expected.get_object()[path[0]] = 1;
  if (again->root.value() != expected) std::abort();
  const auto unset = unset_in_text(*set, path);
  if (!unset) std::abort();
  const auto back = parse_json5(*unset, "unset");
  if (!back || back->root.value() != document->root.value()) std::abort();
  for (const auto& member : document->root.children) {
    const auto without = unset_in_text(text, {member.key});
    if (!without || !parse_json5(*without, "without")) std::abort();
  }
  return 0;
}
