#include "extensions/servers/llama/archive/archive.hpp"
#include <cstdlib>

using namespace openclaw;
using namespace openclaw::llama;

namespace {
class Bounded final : public archive::Sink {
public:
  explicit Bounded(std::span<const archive::Wanted> wanted) : wanted_(wanted) {}
  Result<> begin(std::size_t index) override {
    left_ = wanted_[index].bytes;
    return {};
  }
  Result<> write(std::string_view piece) override {
    if (piece.size() > left_) std::abort();
    left_ -= piece.size();
    return {};
  }
  Result<> finish() override {
    if (left_ != 0) std::abort();
    return {};
  }

private:
  std::span<const archive::Wanted> wanted_;
  std::uint64_t left_ = 0;
};
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<archive::Wanted> wanted{{"data/part00", 120}, {"data/NOTICE.md", 7}};
  Bounded sink(wanted);
  (void)archive::read_zip(archive::MemoryBytes({reinterpret_cast<const char*>(data), size}), wanted, sink);
  return 0;
}
