#include "cli/moving/channel_logins.hpp"

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "config/vault.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <filesystem>
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

namespace fs = std::filesystem;
using State = MoveItem::State;

// The names of accounts that have a folder there.
std::vector<std::string> accounts_in(const std::string& folder) {
  std::vector<std::string> accounts;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    auto name = entry.path().filename().string();
    if (entry.is_directory(ignored) && valid_id(name)) accounts.push_back(std::move(name));
  }
  std::sort(accounts.begin(), accounts.end());
  return accounts;
}

std::string own_folder(const std::string& state, const std::string& channel, const std::string& account) {
  return fmt::format("{}/foreign/{}/{}", state, channel, account);
}

ports::KeySource key_of(const std::string& state, const config::Environment& environment, const std::string& channel,
                        const std::string& account) {
  return [vault = config::Vault(state, environment), name = ports::folder_key_name(channel, account)] {
    return vault.random_key(name, SystemClock().now_ms());
  };
}

// Where an account's files may lie, the first place that has some counts: older versions knew one account only.
std::vector<std::string> places_of(const std::string& channel, const std::string& account) {
  std::vector<std::string> places{fmt::format("credentials/{}/{}", channel, account)};
  if (account == "default") {
    places.push_back(fmt::format("credentials/{}", channel));
    places.emplace_back("credentials");
  }
  return places;
}

} // namespace

Result<std::vector<OldLogin>> find_channel_logins(const MovePlace& place, const config::Environment& environment) {
  ports::Registry registry;
  ports::register_extensions(registry);
  std::vector<OldLogin> found;
  for (const auto& type : registry.channels()) {
    if (!type.login_folder) continue;
    auto accounts = accounts_in(fmt::format("{}/credentials/{}", place.source, type.id));
    if (std::find(accounts.begin(), accounts.end(), "default") == accounts.end()) accounts.emplace_back("default");
    for (const auto& account : accounts)
      for (const auto& files : places_of(type.id, account)) {
        const auto own = own_folder(place.target, type.id, account);
        const auto seen = type.login_folder->look(fmt::format("{}/{}", place.source, files), own);
        if (!seen && seen.error().kind == Kind::missing) continue;
        if (!seen && seen.error().kind != Kind::conflict) return std::unexpected(seen.error());
        OldLogin login;
        login.item.what = fmt::format("login {} {}", type.label, account);
        login.item.state = seen ? State::taken : State::kept;
        login.item.why = seen ? fmt::format("{}; sealed by the vault here, in clear in the {}", printable(*seen, 100),
                                            place.in_place ? "backup, until you remove that" : "old folder")
                              : fmt::format("{} The other one is in the {}.", seen.error().message,
                                            place.in_place ? "backup" : "old folder");
        login.take = [take = type.login_folder->take, from = fmt::format("{}/{}", place.target, files), own,
                      key = key_of(place.target, environment, type.id, account)] {
          std::error_code ignored;
          return fs::exists(from, ignored) ? take(from, own, key) : Result<>{};
        };
        found.push_back(std::move(login));
        break;
      }
  }
  return found;
}

Result<std::vector<MoveItem>> write_channel_logins(const std::string& state, const config::Environment& environment,
                                                   const std::string& folder) {
  ports::Registry registry;
  ports::register_extensions(registry);
  std::vector<MoveItem> items;
  for (const auto& type : registry.channels()) {
    if (!type.login_folder) continue;
    for (const auto& account : accounts_in(fmt::format("{}/foreign/{}", state, type.id))) {
      TRY(const auto what,
          type.login_folder->write(own_folder(state, type.id, account), key_of(state, environment, type.id, account),
                                   fmt::format("{}/credentials/{}/{}", folder, type.id, account)));
      if (what.empty()) continue;
      items.push_back({State::taken,
                       fmt::format("login {} {}", type.label, account),
                       fmt::format("{}; in clear, as that program reads it. Let one program at a time use it",
                                   printable(what, 100)),
                       {},
                       {}});
    }
  }
  return items;
}

} // namespace openclaw::cli
