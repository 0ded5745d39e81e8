#include "extensions/servers/llama/archive/archive.hpp"
#include "extensions/servers/llama/archive/inflate.hpp"

#include "base/text.hpp"
#include <array>
#include <fmt/core.h>
#include <optional>
#include <vector>

namespace openclaw::llama::archive {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kPiece = 256 * 1024;

std::unexpected<Error> damaged(std::string_view why) {
  return fail(Kind::invalid, fmt::format("The archive is damaged: {}.", why));
}

std::string_view field(std::string_view block, std::size_t at, std::size_t length) {
  const auto bytes = block.substr(at, length);
  return bytes.substr(0, bytes.find('\0'));
}

// Octal digits between spaces and zero bytes. The binary form for sizes above 8 GB is not for us.
std::optional<std::uint64_t> octal(std::string_view text) {
  std::uint64_t value = 0;
  bool any = false;
  for (const char c : text) {
    if (c == ' ' || c == '\0') {
      if (any) break;
      continue;
    }
    if (c < '0' || c > '7' || value >> 60 != 0) return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  return value;
}

bool checksum_fits(std::string_view block) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += i >= 148 && i < 156 ? std::uint64_t{' '} : static_cast<unsigned char>(block[i]);
  return octal(block.substr(148, 8)) == sum;
}

class TarReader {
public:
  TarReader(std::span<const Wanted> wanted, std::uint64_t most_bytes, Sink& sink)
      : wanted_(wanted), left_(most_bytes), sink_(sink), found_(wanted.size()) {}

  Result<> take(std::string_view bytes) {
    if (bytes.size() > left_)
      return fail(Kind::denied, "The archive unpacks to more than it may; it was not made for this program.");
    left_ -= bytes.size();
    while (!bytes.empty() && !ended_) {
      if (content_ > 0) {
        const auto part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(content_, bytes.size())));
        if (current_) TRY_VOID(sink_.write(part));
        content_ -= part.size();
        bytes.remove_prefix(part.size());
        if (content_ == 0 && current_) TRY_VOID(end_member());
      } else if (padding_ > 0) {
        const auto part = std::min(padding_, bytes.size());
        padding_ -= part;
        bytes.remove_prefix(part);
      } else {
        const auto part = std::min(kBlock - header_.size(), bytes.size());
        header_ += bytes.substr(0, part);
        bytes.remove_prefix(part);
        if (header_.size() == kBlock) TRY_VOID(begin_member());
      }
    }
    return {};
  }

  Result<> finish() const {
    if (content_ > 0 || !header_.empty()) return damaged("it ends in the middle of a member");
    for (std::size_t i = 0; i < found_.size(); ++i)
      if (!found_[i]) return damaged(fmt::format("it has no {}", wanted_[i].name));
    return {};
  }

private:
  Result<> begin_member() {
    const auto block = std::exchange(header_, {});
    if (block.find_first_not_of('\0') == std::string::npos) {
      ended_ = true;
      return {};
    }
    if (!checksum_fits(block)) return damaged("the checksum of a member's head is wrong");
    const auto size = octal(std::string_view(block).substr(124, 12));
    if (!size) return damaged("the size of a member cannot be read");
    content_ = *size;
    padding_ = static_cast<std::size_t>((kBlock - *size % kBlock) % kBlock);
    const char type = block[156];
    if (type != '0' && type != '\0') return {};
    std::string name(field(block, 0, 100));
    const auto prefix = field(block, 345, 155);
    if (field(block, 257, 5) == "ustar" && !prefix.empty()) name = fmt::format("{}/{}", prefix, name);
    for (std::size_t i = 0; i < wanted_.size(); ++i)
      if (wanted_[i].name == name) return begin_wanted(i);
    return {};
  }
  Result<> begin_wanted(std::size_t index) {
    const auto& wanted = wanted_[index];
    if (found_[index]) return damaged(fmt::format("it has {} twice", wanted.name));
    if (content_ != wanted.bytes)
      return fail(Kind::denied,
                  fmt::format("{} has {} bytes in the archive instead of {}.", wanted.name, content_, wanted.bytes));
    found_[index] = true;
    current_ = true;
    TRY_VOID(sink_.begin(index));
    return content_ == 0 ? end_member() : Result<>{};
  }
  Result<> end_member() {
    current_ = false;
    return sink_.finish();
  }

  std::span<const Wanted> wanted_;
  std::uint64_t left_;
  Sink& sink_;
  std::vector<bool> found_;
  std::string header_;
  std::uint64_t content_ = 0; // of the present member, still to come
  std::size_t padding_ = 0;
  bool current_ = false; // the present member is a wanted one
  bool ended_ = false;
};

} // namespace

Result<> read_tar_gz(const Bytes& archive, std::span<const Wanted> wanted, std::uint64_t most_bytes, Sink& sink) {
  TarReader reader(wanted, most_bytes, sink);
  Inflate inflate(Inflate::Wrapping::gzip);
  std::vector<char> buffer(kPiece);
  std::uint64_t offset = 0;
  while (!inflate.ended()) {
    TRY(const auto count, archive.read(offset, buffer));
    if (count == 0) return damaged("it is cut off");
    offset += count;
    TRY_VOID(inflate.feed({buffer.data(), count}, [&](std::string_view bytes) { return reader.take(bytes); }));
  }
  return reader.finish();
}

} // namespace openclaw::llama::archive
