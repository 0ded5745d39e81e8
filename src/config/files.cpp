#include "config/files.hpp"

#include "base/ids.hpp"
#include <cstring>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace openclaw::config {
namespace {

std::unexpected<Error> failed(std::string_view doing, const std::string& path) {
  const int code = errno;
  const bool refused = code == EACCES || code == EPERM || code == EROFS;
  return fail(refused ? Kind::denied : Kind::transient, fmt::format("{} {} failed: {}.", doing, path, strerror(code)),
              code == ENOSPC ? "Free some disk space and try again."
                             : "Check the owner and the mode of that file and its folder.");
}

Result<> write_all(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const auto written = ::write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("Writing", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(descriptor) != 0) return failed("Writing", path);
  return {};
}

} // namespace

Result<std::optional<std::string>> read_small_file(const std::string& path, std::size_t limit) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<std::string>{};
    return failed("Reading", path);
  }
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return failed("Reading", path);
  if (!S_ISREG(info.st_mode)) return fail(Kind::invalid, fmt::format("{} is not a regular file.", path));
  std::string content;
  std::array<char, 16384> buffer{};
  while (true) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("Reading", path);
    if (got == 0) return std::optional<std::string>(std::move(content));
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > limit)
      return fail(Kind::invalid, fmt::format("{} is larger than {} KB.", path, limit / 1024),
                  "It is surely not the file that was meant.");
  }
}

Result<> replace_file(const std::string& path, std::string_view content) {
  SystemRandom random;
  const auto temporary = fmt::format("{}.{}.new", path, random_hex(random, 6));
  {
    const FileDescriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return failed("Writing", temporary);
    if (auto written = write_all(file.get(), content, temporary); !written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const auto problem = failed("Replacing", path);
    ::unlink(temporary.c_str());
    return problem;
  }
  const auto folder = std::filesystem::path(path).parent_path().string();
  const FileDescriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());
  return {};
}

Result<FileDescriptor> lock_folder(const std::string& folder) {
  FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor)
    return fail(Kind::missing, fmt::format("The folder {} cannot be opened: {}.", folder, strerror(errno)),
                "Run: openclaw doctor");
  for (int i = 0; i < 100; ++i) {
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) == 0) return descriptor;
    ::usleep(20'000);
  }
  return fail(Kind::busy, fmt::format("Another program is writing in {}.", folder), "Try again in a moment.");
}

} // namespace openclaw::config
