// What a process printed, bounded: its first 20 KB and its last 90 to 180 KB, however much there was. Nothing goes to
// disk.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace openclaw::tools {

class Output {
public:
  void append(std::string_view bytes);
  std::uint64_t total() const { return total_; }
  // Valid UTF-8 of at most about `limit` bytes, with a sentence where something is missing; the end is kept rather than
  // the start.
  std::string text(std::size_t limit) const;
  std::string tail(std::size_t limit) const;
  // What came after the byte number `from`, as far as it is still kept.
  std::string since(std::uint64_t from, std::size_t limit) const;

private:
  std::string head_;
  std::string tail_;
  std::uint64_t total_ = 0;
};

} // namespace openclaw::tools
