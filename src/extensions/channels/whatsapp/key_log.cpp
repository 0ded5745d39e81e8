#include "extensions/channels/whatsapp/key_log.hpp"

#include "base/file_descriptor.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "config/seal.hpp"
#include "extensions/channels/whatsapp/login_files.hpp"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::extensions::whatsapp {
namespace {

constexpr std::size_t kLargest = 256 * 1024 * 1024;
constexpr std::string_view kPurpose = "openclaw whatsapp keys 1";
constexpr std::string_view kPlainStart = R"({"k")"; // of a file that was written before keys were sealed

std::unexpected<Error> disk_problem(const std::string& path) {
  return fail(Kind::transient,
              fmt::format("The keys of WhatsApp cannot be kept in {}: {}.", path, std::strerror(errno)),
              "Look at the disk: without them no message can be read or written.");
}

// Before they were sealed, keys had the names "TYPE/ID".
std::string file_name_of(std::string name) {
  if (const auto slash = name.find('/'); slash != std::string::npos)
    return login_file_name(name.substr(0, slash), name.substr(slash + 1));
  return name;
}

} // namespace

Result<> KeyLog::make_folder() const {
  std::error_code code;
  std::filesystem::create_directories(folder_, code);
  if (!code) std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, code);
  if (code) return fail(Kind::transient, fmt::format("The folder {} cannot be made: {}.", folder_, code.message()));
  return {};
}

Result<> KeyLog::need_key() {
  if (!key_.empty()) return {};
  TRY(key_, key_source_());
  return {};
}

Result<std::string> KeyLog::sealed_line(const std::string& name, const std::optional<std::string>& value) {
  TRY_VOID(need_key());
  json::object change{{"k", name}};
  change["v"] = value ? json::value(*value) : json::value();
  const Secret plain(to_text(change));
  const auto sealed = config::seal(key_, plain.reveal(), kPurpose);
  const auto text = to_base64({reinterpret_cast<const std::uint8_t*>(sealed.data()), sealed.size()});
  return to_text(json::object{{"sealed", text}}) + "\n";
}

Result<KeyLog::Change> KeyLog::change_of(std::string_view line, bool plain) {
  const auto damaged = [&](std::string_view why) {
    return fail(Kind::denied, fmt::format("{} is damaged: {}", path(), why),
                "Restore it and the vault from a backup, or remove it and link the device again.");
  };
  auto change = parse_json(line, "keys of WhatsApp");
  if (!change) return damaged(change.error().message);
  if (!plain) {
    TRY_VOID(need_key());
    const auto sealed = from_base64(string_or(*change, "sealed")).value_or(std::vector<std::uint8_t>());
    const auto opened =
        config::open_seal(key_, {reinterpret_cast<const char*>(sealed.data()), sealed.size()}, kPurpose);
    if (!opened) return damaged("a line does not fit the key that the vault holds for it.");
    change = parse_json(opened->reveal(), "keys of WhatsApp");
    if (!change) return damaged(change.error().message);
  }
  auto name = string_or(*change, "k");
  const auto* value = find(*change, "v");
  return Change{plain ? file_name_of(std::move(name)) : std::move(name),
                value && value->is_string() ? std::optional(std::string(value->get_string())) : std::nullopt};
}

Result<KeyLog::Content> KeyLog::read_file() {
  Content content;
  TRY(const auto file, config::read_small_file(path(), kLargest));
  if (!file) {
    content.outdated = true;
    return content;
  }
  const bool plain = file->starts_with(kPlainStart);
  std::size_t lines = 0;
  std::string_view rest = *file;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    // A line that was being written at a crash was never relied on.
    if (end == std::string_view::npos) break;
    TRY(auto change, change_of(rest.substr(0, end), plain));
    rest.remove_prefix(end + 1);
    ++lines;
    if (change.second)
      content.keys.insert_or_assign(std::move(change.first), std::move(*change.second));
    else
      content.keys.erase(change.first);
  }
  content.outdated = plain || !rest.empty() || lines != content.keys.size();
  return content;
}

Result<Keys> KeyLog::read() {
  TRY(auto content, read_file());
  return std::move(content.keys);
}

Result<Keys> KeyLog::load() {
  TRY(auto content, read_file());
  if (content.outdated) TRY_VOID(replace(content.keys));
  appended_ = 0;
  return std::move(content.keys);
}

Result<> KeyLog::replace(const Keys& all) {
  TRY_VOID(make_folder());
  std::string whole;
  for (const auto& [name, value] : all) {
    TRY(const auto line, sealed_line(name, value));
    whole += line;
  }
  return config::replace_file(path(), whole);
}

Result<> KeyLog::append(const std::vector<Change>& changes) {
  std::string lines;
  for (const auto& [name, value] : changes) {
    TRY(const auto line, sealed_line(name, value));
    lines += line;
  }
  TRY_VOID(make_folder());
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
