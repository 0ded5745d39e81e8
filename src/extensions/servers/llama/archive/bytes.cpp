#include "extensions/servers/llama/archive/archive.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::llama::archive {

Result<std::size_t> MemoryBytes::read(std::uint64_t offset, std::span<char> into) const {
  if (offset >= bytes_.size()) return 0;
  return bytes_.copy(into.data(), into.size(), static_cast<std::size_t>(offset));
}

Result<FileBytes> FileBytes::open(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat about{};
  if (!file || ::fstat(file.get(), &about) != 0)
    return fail(Kind::transient, fmt::format("{} cannot be read: {}.", path, std::strerror(errno)));
  if (!S_ISREG(about.st_mode)) return fail(Kind::invalid, fmt::format("{} is not a regular file.", path));
  return FileBytes(std::move(file), static_cast<std::uint64_t>(about.st_size));
}

Result<std::size_t> FileBytes::read(std::uint64_t offset, std::span<char> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const auto count = ::pread(file_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(Kind::transient, fmt::format("The archive cannot be read: {}.", std::strerror(errno)));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

} // namespace openclaw::llama::archive
