// What sandbox-init reads on descriptor 3: whatever decodes must encode to the same bytes.
#include "sandbox/instructions.hpp"
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto decoded = openclaw::sandbox::decode(bytes);
  if (decoded && openclaw::sandbox::decode(openclaw::sandbox::encode(*decoded)).has_value() == false) std::abort();
  return 0;
}
