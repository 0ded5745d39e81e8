// For tests: archives made in memory, also wrong ones.
#pragma once
#include <cstdint>
#include <fmt/core.h>
#include <string>
#include <string_view>
#include <vector>
#include <zlib.h>

namespace openclaw::llama::archive::testing {

struct Made {
  std::string name;
  std::string content;
  char tar_type = '0';
  std::int64_t announced = -1; // the size that the archive states; -1: the true one
};

inline std::string deflated(std::string_view content, int window) {
  z_stream stream{};
  ::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string packed(::deflateBound(&stream, content.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ::deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  ::deflateEnd(&stream);
  return packed;
}

inline std::string little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i)
    text += static_cast<char>(value >> (8 * i));
  return text;
}

inline std::string make_zip(const std::vector<Made>& members, unsigned flags = 0) {
  std::string all;
  std::string directory;
  for (const auto& member : members) {
    const auto packed = deflated(member.content, -15);
    const auto crc =
        ::crc32(0, reinterpret_cast<const Bytef*>(member.content.data()), static_cast<uInt>(member.content.size()));
    const auto size = member.announced >= 0 ? static_cast<std::uint64_t>(member.announced) : member.content.size();
    const auto common = little(20, 2) + little(flags, 2) + little(8, 2) + little(0, 4) + little(crc, 4) +
                        little(packed.size(), 4) + little(size, 4) + little(member.name.size(), 2) + little(0, 2);
    directory += little(0x02014b50, 4) + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2) +
                 little(0, 4) + little(all.size(), 4) + member.name;
    all += little(0x04034b50, 4) + common + member.name + packed;
  }
  const auto start = all.size();
  return all + directory + little(0x06054b50, 4) + little(0, 4) + little(members.size(), 2) +
         little(members.size(), 2) + little(directory.size(), 4) + little(start, 4) + little(0, 2);
}

inline std::string make_tar(const std::vector<Made>& members) {
  std::string all;
  for (const auto& member : members) {
    const auto size = member.announced >= 0 ? static_cast<std::uint64_t>(member.announced) : member.content.size();
    std::string head(512, '\0');
    head.replace(0, member.name.size(), member.name);
    head.replace(124, 11, fmt::format("{:011o}", size));
    head[156] = member.tar_type;
    head.replace(257, 8,
                 std::string("ustar\0"
                             "00",
                             8));
    head.replace(148, 8, "        ");
    unsigned sum = 0;
    for (const char c : head)
      sum += static_cast<unsigned char>(c);
    head.replace(148, 7, fmt::format("{:06o}", sum) + std::string(1, '\0'));
    all += head + member.content;
    all.append((512 - member.content.size() % 512) % 512, '\0');
  }
  return all + std::string(1024, '\0');
}

inline std::string make_tar_gz(const std::vector<Made>& members) {
  return deflated(make_tar(members), 15 + 16);
}

} // namespace openclaw::llama::archive::testing
