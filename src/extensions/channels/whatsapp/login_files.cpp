#include "extensions/channels/whatsapp/login_files.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "extensions/channels/whatsapp/events.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/core.h>

namespace openclaw::extensions::whatsapp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostFiles = 200'000;
constexpr std::size_t kLargestFile = 8 * 1024 * 1024;
constexpr std::size_t kLongestName = 240;
constexpr std::string_view kCredentials = "creds";
constexpr std::string_view kEnding = ".json";
// OpenClaw copies creds.json there before each change.
constexpr std::string_view kBackup = "creds.json.bak";
constexpr std::string_view kTypes[] = {"pre-key-",     "session-",     "sender-key-", "app-state-sync-",
                                       "lid-mapping-", "device-list-", "tctoken-"};

bool is_login_file(std::string_view file) {
  if (file == kBackup) return true;
  return file.ends_with(kEnding) && is_login_file_name(file.substr(0, file.size() - kEnding.size()));
}

// A creds.json that was cut off while it was written gives way to its backup, as OpenClaw does it.
const std::string* credentials_in(const std::map<std::string, std::string>& files) {
  for (const auto& name : {std::string(kCredentials) + std::string(kEnding), std::string(kBackup)})
    if (const auto found = files.find(name); found != files.end())
      if (const auto value = parse_json(found->second, name); value && value->is_object()) return &found->second;
  return nullptr;
}

Result<std::map<std::string, std::string>> read_folder(const std::string& folder) {
  std::map<std::string, std::string> files;
  std::error_code code;
  for (auto it = fs::directory_iterator(folder, code); !code && it != fs::directory_iterator(); it.increment(code)) {
    auto name = it->path().filename().string();
    std::error_code ignored;
    if (!is_login_file(name) || !it->is_regular_file(ignored)) continue;
    if (files.size() >= kMostFiles)
      return fail(Kind::invalid, fmt::format("{} holds more than {} keys.", folder, kMostFiles));
    TRY(auto content, config::read_small_file(it->path().string(), kLargestFile));
    if (content) files.emplace(std::move(name), std::move(*content));
  }
  if (code && code != std::errc::no_such_file_or_directory)
    return fail(Kind::denied, fmt::format("{} cannot be read: {}.", folder, code.message()));
  return files;
}

Result<std::string> look_at(const std::string& files, const std::string& folder) {
  TRY(const auto found, read_folder(files));
  TRY(const auto keys, keys_from_files(found));
  std::error_code ignored;
  if (fs::file_size(KeyLog(folder, {}).path(), ignored) > 0 && !ignored)
    return fail(Kind::conflict, "This account is linked here already, and that link stays.");
  const auto others =
      std::count_if(found.begin(), found.end(), [](const auto& file) { return !file.first.starts_with(kCredentials); });
  const auto damaged = static_cast<std::size_t>(others) + 1 - keys.size();
  if (damaged == 0) return describe(keys);
  return fmt::format("{}; {} {} damaged and left out", describe(keys), damaged, damaged == 1 ? "file is" : "files are");
}

Result<> take(const std::string& files, const std::string& folder, const ports::KeySource& key) {
  TRY(const auto found, read_folder(files));
  TRY(const auto keys, keys_from_files(found));
  KeyLog log(folder, key);
  TRY(const auto own, log.read());
  // Also when a former run was stopped after this: two programs on one link would spoil its sessions.
  if (!own.contains(std::string(kCredentials))) TRY_VOID(log.replace(keys));
  std::error_code ignored;
  for (const auto& [name, content] : found)
    fs::remove(fs::path(files) / name, ignored);
  if (fs::is_empty(files, ignored)) fs::remove(files, ignored);
  return {};
}

Result<std::string> write(const std::string& folder, const ports::KeySource& key, const std::string& files) {
  KeyLog log(folder, key);
  TRY(const auto keys, log.read());
  if (!keys.contains(std::string(kCredentials))) return std::string();
  std::error_code code;
  fs::create_directories(files, code);
  if (!code) fs::permissions(files, fs::perms::owner_all, code);
  if (code) return fail(Kind::denied, fmt::format("{} cannot be made: {}.", files, code.message()));
  for (const auto& [name, value] : keys)
    if (is_login_file_name(name)) TRY_VOID(config::replace_file(fmt::format("{}/{}{}", files, name, kEnding), value));
  return describe(keys);
}

} // namespace

std::string login_file_name(std::string_view type, std::string_view id) {
  std::string name;
  for (const char c : fmt::format("{}-{}", type, id)) {
    if (c == '/')
      name += "__";
    else
      name += c == ':' ? '-' : c;
  }
  return name;
}

bool is_login_file_name(std::string_view name) {
  if (name == kCredentials) return true;
  if (name.size() > kLongestName || name.find('/') != name.npos || name.find('\0') != name.npos) return false;
  return std::any_of(std::begin(kTypes), std::end(kTypes), [&](auto type) { return name.starts_with(type); });
}

Result<Keys> keys_from_files(const std::map<std::string, std::string>& files) {
  Keys keys;
  const auto* credentials = credentials_in(files);
  const auto value = credentials ? parse_json(*credentials, "creds.json") : json::value();
  const auto* me = find(*value, "me");
  if (!me || string_or(*me, "id").empty() || !find(*value, "noiseKey") || !find(*value, "signedIdentityKey"))
    return fail(Kind::missing, "It is no link of a device to WhatsApp.");
  for (const auto& [file, content] : files) {
    if (file == kBackup || !is_login_file(file)) continue;
    // A session that was cut off is begun anew by WhatsApp's protocol.
    if (const auto one = parse_json(content, file); one && !one->is_null())
      keys.emplace(file.substr(0, file.size() - kEnding.size()), content);
  }
  keys.insert_or_assign(std::string(kCredentials), *credentials);
  return keys;
}

std::string describe(const Keys& keys) {
  const auto found = keys.find(std::string(kCredentials));
  const auto credentials =
      found == keys.end() ? json::value() : parse_json(found->second, "creds.json").value_or(json::value());
  const auto* me = find(credentials, "me");
  const auto number = person_id(without_device(me ? string_or(*me, "id") : std::string()));
  const auto count = keys.empty() ? 0 : keys.size() - 1;
  return fmt::format("{}, {} {}", printable(number, 40), count, count == 1 ? "key" : "keys");
}

ports::LoginFolder login_folder() {
  return {look_at, take, write};
}

} // namespace openclaw::extensions::whatsapp
