#include "cli/moving/folder_copy.hpp"

#include "config/files.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <functional>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;

constexpr int kDepth = 64;

std::unexpected<Error> failed(const std::string& path, const std::error_code& code) {
  return fail(Kind::transient, fmt::format("Copying {} failed: {}.", path, code.message()),
              "Free some disk space or correct its mode, then run the command again: it goes on where it stopped.");
}

using Wanted = std::function<bool(const fs::path&)>;

Result<> copy(const fs::path& from, const fs::path& to, const Wanted& wanted, int depth) {
  std::error_code code;
  const auto status = fs::symlink_status(from, code);
  if (code) return failed(from.string(), code);
  if (fs::is_directory(status)) {
    if (depth > kDepth) return fail(Kind::invalid, fmt::format("{} is nested too deeply.", from.string()));
    if (fs::create_directories(to, code); code) return failed(to.string(), code);
    ::chmod(to.c_str(), 0700);
    for (const auto& entry : fs::directory_iterator(from, code))
      if (wanted(entry.path())) TRY_VOID(copy(entry.path(), to / entry.path().filename(), wanted, depth + 1));
    if (code) return failed(from.string(), code);
    return {};
  }
  if (fs::exists(fs::symlink_status(to, code))) return {};
  if (fs::is_symlink(status)) {
    fs::copy_symlink(from, to, code);
  } else if (fs::is_regular_file(status)) {
    const auto aside = to.string() + ".copying";
    fs::copy_file(from, aside, fs::copy_options::overwrite_existing, code);
    if (code) return failed(from.string(), code);
    struct stat info{};
    if (::stat(aside.c_str(), &info) == 0) ::chmod(aside.c_str(), info.st_mode & 0700);
    fs::rename(aside, to, code);
  }
  if (code) return failed(from.string(), code);
  return {};
}

bool same_content(const fs::path& a, const fs::path& b) {
  std::error_code code;
  if (fs::file_size(a, code) != fs::file_size(b, code) || code) return false;
  constexpr std::size_t kCompared = 64 * 1024 * 1024;
  const auto left = config::read_small_file(a.string(), kCompared),
             right = config::read_small_file(b.string(), kCompared);
  return left && right && *left == *right;
}

} // namespace

bool is_own_file(std::string_view name) {
  if (name.starts_with("state.db") || name.starts_with("migration")) return true;
  static constexpr std::string_view kOwn[] = {"gateway.lock", "gateway.token", "gateway.log", "servers", "revisions",
                                              "backups",      "logs",          "home",        "foreign"};
  return std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn);
}

bool stays_untouched(std::string_view name) {
  if (name.starts_with("workspace") || name.ends_with(".sock")) return true;
  static constexpr std::string_view kLarge[] = {"media", "canvas", "sandboxes", "extensions", "plugins", "browser",
                                                "tools", "skills", "memory",    "tmp",        "hooks",   "cache"};
  return std::find(std::begin(kLarge), std::end(kLarge), name) != std::end(kLarge);
}

std::size_t count_files(const std::string& path) {
  std::error_code code;
  if (!fs::is_directory(fs::symlink_status(path, code))) return 1;
  std::size_t count = 0;
  for (auto it = fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, code);
       !code && it != fs::recursive_directory_iterator(); it.increment(code))
    if (!it->is_directory(code)) ++count;
  return count;
}

std::vector<std::string> clashes(const std::string& from, const std::string& to) {
  std::vector<std::string> out;
  std::error_code code;
  const auto look = [&](const fs::path& one, const fs::path& other) {
    if (fs::is_regular_file(one, code) && fs::is_regular_file(other, code) && !same_content(one, other))
      out.push_back(other.string());
  };
  if (!fs::exists(to, code)) return out;
  if (!fs::is_directory(from, code)) {
    look(from, to);
    return out;
  }
  for (auto it = fs::recursive_directory_iterator(from, fs::directory_options::skip_permission_denied, code);
       !code && it != fs::recursive_directory_iterator(); it.increment(code))
    look(it->path(), fs::path(to) / fs::relative(it->path(), from, code));
  return out;
}

Result<> copy_tree(const std::string& from, const std::string& to) {
  return copy(from, to, [](const fs::path&) { return true; }, 0);
}

Result<> copy_agents(const std::string& from, const std::string& to) {
  std::error_code code;
  if (!fs::exists(from, code)) return {};
  return copy(
      from, to,
      [](const fs::path& path) {
        const auto name = path.filename().string();
        return name != "sessions.json" && name.find(".sqlite") == std::string::npos && !name.ends_with(".lock");
      },
      0);
}

} // namespace openclaw::cli
