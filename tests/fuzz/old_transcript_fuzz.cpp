#include "cli/moving/old_transcript.hpp"
#include <cstdlib>

using namespace openclaw::cli;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = read_old_transcript({reinterpret_cast<const char*>(data), size}, "s");
  // What is written for other programs reads as itself.
  const auto again = read_old_transcript(read.text, "s");
  if (again.text != read.text || again.branch.size() != read.branch.size() || again.torn_bytes != 0) std::abort();
  return 0;
}
