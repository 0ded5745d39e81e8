// A command text from a model: what counts as plain must contain no zero byte and can never be empty.
#include "policy/command.hpp"
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto words = openclaw::policy::plain_arguments({reinterpret_cast<const char*>(data), size});
  if (!words) return 0;
  if (words->empty() || words->front().empty()) std::abort();
  for (const auto& word : *words)
    if (word.find('\0') != std::string::npos) std::abort();
  return 0;
}
