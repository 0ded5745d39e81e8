#include "extensions/servers/llama/archive/archive.hpp"
#include "extensions/servers/llama/archive/inflate.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <vector>
#include <zlib.h>

namespace openclaw::llama::archive {
namespace {

constexpr std::uint32_t kEndSignature = 0x06054b50;
constexpr std::uint32_t kEntrySignature = 0x02014b50;
constexpr std::uint32_t kMemberSignature = 0x04034b50;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kEntryBytes = 46;
constexpr std::size_t kMemberBytes = 30;
constexpr std::size_t kLongestComment = 65535;
constexpr std::size_t kLargestDirectory = 1024 * 1024;
constexpr std::size_t kPiece = 256 * 1024;
constexpr unsigned kEncrypted = 1;
constexpr unsigned kStored = 0;
constexpr unsigned kDeflated = 8;

std::unexpected<Error> damaged(std::string_view why) {
  return fail(Kind::invalid, fmt::format("The archive is damaged: {}.", why));
}

// Callers see to it that the bytes are there.
std::uint32_t number(std::string_view bytes, std::size_t at, std::size_t length) {
  std::uint32_t value = 0;
  for (std::size_t i = length; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

Result<std::string> read_exactly(const Bytes& archive, std::uint64_t offset, std::size_t count) {
  std::string bytes(count, '\0');
  TRY(const auto read, archive.read(offset, bytes));
  if (read != count) return damaged("it is cut off");
  return bytes;
}

Result<std::string> read_directory(const Bytes& archive) {
  const auto tail_bytes = std::min<std::uint64_t>(archive.size(), kEndBytes + kLongestComment);
  TRY(const auto tail, read_exactly(archive, archive.size() - tail_bytes, static_cast<std::size_t>(tail_bytes)));
  for (std::size_t at = tail.size() < kEndBytes ? 0 : tail.size() - kEndBytes + 1; at-- > 0;) {
    if (number(tail, at, 4) != kEndSignature || number(tail, at + 20, 2) != tail.size() - at - kEndBytes) continue;
    const auto size = number(tail, at + 12, 4);
    const auto offset = number(tail, at + 16, 4);
    if (size > kLargestDirectory) return damaged("its list of members is too long");
    return read_exactly(archive, offset, size);
  }
  return damaged("it has no list of members");
}

struct Entry {
  unsigned flags = 0;
  unsigned method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;
};

Result<Entry> find_entry(std::string_view directory, std::string_view name) {
  std::optional<Entry> found;
  while (directory.size() >= kEntryBytes) {
    if (number(directory, 0, 4) != kEntrySignature) break;
    const std::size_t name_bytes = number(directory, 28, 2);
    const std::size_t all = kEntryBytes + name_bytes + number(directory, 30, 2) + number(directory, 32, 2);
    if (all > directory.size()) return damaged("its list of members is cut off");
    if (directory.substr(kEntryBytes, name_bytes) == name) {
      if (found) return damaged(fmt::format("it has {} twice", name));
      found = Entry{.flags = number(directory, 8, 2),
                    .method = number(directory, 10, 2),
                    .crc = number(directory, 16, 4),
                    .packed = number(directory, 20, 4),
                    .size = number(directory, 24, 4),
                    .offset = number(directory, 42, 4)};
    }
    directory.remove_prefix(all);
  }
  if (!found) return damaged(fmt::format("it has no {}", name));
  return *found;
}

// Counts and checks what comes out of a member on its way to the sink.
class Member {
public:
  Member(const Wanted& wanted, Sink& sink) : wanted_(wanted), left_(wanted.bytes), sink_(sink) {}
  Result<> take(std::string_view bytes) {
    if (bytes.size() > left_)
      return fail(Kind::denied, fmt::format("{} unpacks to more than its {} bytes.", wanted_.name, wanted_.bytes));
    left_ -= bytes.size();
    crc_ = ::crc32(crc_, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size()));
    return sink_.write(bytes);
  }
  Result<> finish(std::uint32_t crc) {
    if (left_ > 0) return damaged(fmt::format("{} is cut off", wanted_.name));
    if (crc_ != crc) return damaged(fmt::format("the checksum of {} is wrong", wanted_.name));
    return sink_.finish();
  }

private:
  const Wanted& wanted_;
  std::uint64_t left_;
  Sink& sink_;
  uLong crc_ = 0;
};

Result<> read_member(const Bytes& archive, const Entry& entry, const Wanted& wanted, Sink& sink) {
  TRY(const auto head, read_exactly(archive, entry.offset, kMemberBytes));
  if (number(head, 0, 4) != kMemberSignature) return damaged(fmt::format("{} is not where it should be", wanted.name));
  const auto name_bytes = number(head, 26, 2);
  TRY(const auto name, read_exactly(archive, entry.offset + kMemberBytes, name_bytes));
  if (name != wanted.name) return damaged(fmt::format("{} is not where it should be", wanted.name));
  Member member(wanted, sink);
  Inflate inflate(Inflate::Wrapping::raw);
  std::uint64_t at = entry.offset + kMemberBytes + name_bytes + number(head, 28, 2);
  std::vector<char> buffer(kPiece);
  for (auto left = entry.packed; left > 0;) {
    const std::span<char> part(buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
    TRY(const auto count, archive.read(at, part));
    if (count == 0) return damaged("it is cut off");
    at += count;
    left -= count;
    const std::string_view bytes(buffer.data(), count);
    if (entry.method == kStored)
      TRY_VOID(member.take(bytes));
    else
      TRY_VOID(inflate.feed(bytes, [&](std::string_view piece) { return member.take(piece); }));
  }
  if (entry.method == kDeflated && !inflate.ended()) return damaged(fmt::format("{} is cut off", wanted.name));
  return member.finish(entry.crc);
}

} // namespace

Result<> read_zip(const Bytes& archive, std::span<const Wanted> wanted, Sink& sink) {
  TRY(const auto directory, read_directory(archive));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    TRY(const auto entry, find_entry(directory, wanted[i].name));
    if ((entry.flags & kEncrypted) != 0 || (entry.method != kStored && entry.method != kDeflated))
      return damaged(fmt::format("{} is packed in a way that is not known here", wanted[i].name));
    if (entry.size != wanted[i].bytes)
      return fail(Kind::denied, fmt::format("{} has {} bytes in the archive instead of {}.", wanted[i].name, entry.size,
                                            wanted[i].bytes));
    TRY_VOID(sink.begin(i));
    TRY_VOID(read_member(archive, entry, wanted[i], sink));
  }
  return {};
}

} // namespace openclaw::llama::archive
