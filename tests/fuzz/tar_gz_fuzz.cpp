#include "extensions/servers/llama/archive/archive.hpp"
#include "extensions/servers/llama/archive/made_archive.hpp"
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
  const std::vector<archive::Wanted> wanted{{"package/LICENSE", 4}, {"package/bins/lib.so", 13}};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  // As it is, and as the tar inside: no mutation finds its way through a checksum.
  for (const auto& whole : {std::string(bytes), archive::testing::deflated(bytes, 15 + 16)}) {
    Bounded sink(wanted);
    (void)archive::read_tar_gz(archive::MemoryBytes(whole), wanted, 1 << 20, sink);
  }
  return 0;
}
