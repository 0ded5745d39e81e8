#include "extensions/channels/whatsapp/key_log.hpp"

#include "base/file_descriptor.hpp"
#include "base/json.hpp"
#include "config/files.hpp"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::extensions::whatsapp {
namespace {

constexpr std::size_t kLargest = 256 * 1024 * 1024;

std::unexpected<Error> disk_problem(const std::string& path) {
  return fail(Kind::transient,
              fmt::format("The keys of WhatsApp cannot be kept in {}: {}.", path, std::strerror(errno)),
              "Look at the disk: without them no message can be read or written.");
}

std::string line_of(const std::string& name, const std::optional<std::string>& value) {
  json::object line{{"k", name}};
  line["v"] = value ? json::value(*value) : json::value();
  return to_text(line) + "\n";
}

Result<> make_folder(const std::string& folder) {
  std::error_code code;
  const auto owner = std::filesystem::perms::owner_all;
  std::filesystem::create_directories(folder, code);
  if (!code) std::filesystem::permissions(folder, owner, code);
  if (code) return fail(Kind::transient, fmt::format("The folder {} cannot be made: {}.", folder, code.message()));
  return {};
}

} // namespace

Result<std::map<std::string, std::string>> KeyLog::load() {
  TRY_VOID(make_folder(folder_));
  TRY(const auto content, config::read_small_file(path(), kLargest));
  std::map<std::string, std::string> all;
  if (!content) {
    TRY_VOID(config::replace_file(path(), ""));
    return all;
  }
  std::string_view rest = *content;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    // A line that was being written at a crash was never relied on.
    if (end == std::string_view::npos) break;
    const auto line = parse_json(rest.substr(0, end), "keys of WhatsApp");
    rest.remove_prefix(end + 1);
    if (!line)
      return fail(Kind::denied, fmt::format("{} is damaged: {}", path(), line.error().message),
                  "Restore it from a backup, or remove it and link the device again.");
    const auto name = string_or(*line, "k");
    const auto* value = find(*line, "v");
    if (value && value->is_string())
      all[name] = std::string(value->get_string());
    else
      all.erase(name);
  }
  std::string whole;
  for (const auto& [name, value] : all)
    whole += line_of(name, value);
  if (whole.size() != content->size()) TRY_VOID(config::replace_file(path(), whole));
  appended_ = 0;
  return all;
}

Result<> KeyLog::append(const std::vector<Change>& changes) {
  std::string lines;
  for (const auto& [name, value] : changes)
    lines += line_of(name, value);
  TRY_VOID(make_folder(folder_));
  const FileDescriptor file(::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return disk_problem(path());
  struct stat before{};
  if (::fstat(file.get(), &before) != 0) return disk_problem(path());
  for (std::string_view rest = lines; !rest.empty();) {
    const auto count = ::write(file.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int problem = errno;
      // Half a line would swallow the next one.
      if (::ftruncate(file.get(), before.st_size) == 0) errno = problem;
      return disk_problem(path());
    }
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::fdatasync(file.get()) != 0) return disk_problem(path());
  appended_ += lines.size();
  return {};
}

Result<> KeyLog::erase() {
  if (::unlink(path().c_str()) != 0 && errno != ENOENT) return disk_problem(path());
  appended_ = 0;
  return {};
}

} // namespace openclaw::extensions::whatsapp
