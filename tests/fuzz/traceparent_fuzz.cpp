#include "base/trace.hpp"
#include <cstdlib>

using namespace openclaw::trace;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto context = parse_traceparent({reinterpret_cast<const char*>(data), size});
  if (context && parse_traceparent(traceparent(*context)) != context) std::abort();
  return 0;
}
