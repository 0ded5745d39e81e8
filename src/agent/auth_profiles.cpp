#include "agent/auth_profiles.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include <algorithm>
#include <fmt/core.h>
#include <set>
#include <sys/stat.h>

namespace openclaw::agent {
namespace {

constexpr std::size_t kLargestFile = 1024 * 1024;
constexpr std::size_t kMostProfiles = 200;

std::vector<std::string> strings(const json::value& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const auto& item : list.get_array())
      if (item.is_string() && out.size() < kMostProfiles) out.emplace_back(item.get_string());
  return out;
}

Credential credential_of(const AuthProfile& profile, std::int64_t now_ms) {
  Credential credential;
  credential.id = "profile:" + profile.id;
  credential.name = fmt::format("the profile {}", printable(profile.id, 100));
  credential.source = "config";
  const auto otherwise = fmt::format("Add a key with: openclaw models auth add {}", profile.provider);
  if (!profile.key) {
    credential.problem =
        Error{profile.key.error().kind,
              fmt::format("{} cannot be used: {}", printable(profile.id, 100), profile.key.error().message),
              profile.key.error().hint.empty() ? otherwise : profile.key.error().hint,
              {}};
    return credential;
  }
  if (profile.expires_ms > 0 && profile.expires_ms <= now_ms) {
    credential.problem =
        Error{Kind::denied,
              fmt::format("The login {} expired at {}.", printable(profile.id, 100), iso_time(profile.expires_ms)),
              "Log in again with the program that made it. " + otherwise,
              {}};
    return credential;
  }
  credential.key = *profile.key;
  log::redact(credential.key);
  if (profile.provider == "anthropic" && profile.type != "api_key") {
    // A login's token is not a key: Anthropic takes it in another header, and only when told so.
    credential.flags.insert("bearer");
    credential.headers["anthropic-beta"] = "oauth-2025-04-20";
  }
  return credential;
}

std::string stamp_of(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return fmt::format("{} {} {}.{}", about.st_ino, about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
}

} // namespace

Result<AuthProfiles> parse_auth_profiles(std::string_view text, const std::map<std::string, std::string>& environment) {
  TRY(const auto root, parse_json(text, "auth-profiles.json"));
  if (!root.is_object()) return fail(Kind::invalid, "auth-profiles.json is no JSON object.");
  AuthProfiles out;
  if (const auto* profiles = find(root, "profiles"); profiles && profiles->is_object())
    for (const auto& [id, value] : profiles->get_object()) {
      if (out.profiles.size() >= kMostProfiles) break;
      AuthProfile profile;
      profile.id = std::string(id);
      profile.provider = lowercase_ascii(string_or(value, "provider"));
      profile.type = string_or(value, "type", string_or(value, "mode"));
      profile.expires_ms = std::max<std::int64_t>(integer_or(value, "expires", 0), 0);
      const char* field = profile.type == "api_key" ? "key"
                          : profile.type == "token" ? "token"
                          : profile.type == "oauth" ? "access"
                                                    : nullptr;
      if (!field || profile.provider.empty() || profile.id.empty()) continue;
      const auto* written = find(value, field);
      if (!written) written = find(value, std::string(field) + "Ref");
      profile.key = written ? credential_text(*written, environment)
                            : Result<Secret>(fail(Kind::missing, fmt::format("it has no \"{}\".", field)));
      out.profiles.push_back(std::move(profile));
    }
  if (const auto* order = find(root, "order"); order && order->is_object())
    for (const auto& [provider, list] : order->get_object())
      out.order[lowercase_ascii(provider)] = strings(list);
  return out;
}

std::map<std::string, std::vector<std::string>, std::less<>> configured_auth_order(const json::value& config) {
  std::map<std::string, std::vector<std::string>, std::less<>> order;
  if (const auto* listed = find_path(config, "auth.profiles"); listed && listed->is_object())
    for (const auto& [id, value] : listed->get_object())
      if (auto provider = lowercase_ascii(string_or(value, "provider")); !provider.empty())
        order[provider].emplace_back(id);
  if (const auto* written = find_path(config, "auth.order"); written && written->is_object())
    for (const auto& [provider, list] : written->get_object())
      order[lowercase_ascii(provider)] = strings(list);
  return order;
}

StoredCredentials
stored_credentials(const std::vector<AuthProfiles>& files,
                   const std::map<std::string, std::vector<std::string>, std::less<>>& configured_order,
                   std::int64_t now_ms) {
  StoredCredentials out;
  for (const auto& file : files) {
    std::map<std::string, std::vector<const AuthProfile*>> by_provider;
    for (const auto& profile : file.profiles)
      by_provider[profile.provider].push_back(&profile);
    for (auto& [provider, profiles] : by_provider) {
      if (out.contains(provider)) continue;
      auto configured = configured_order.find(provider);
      const auto* order =
          configured != configured_order.end() && !configured->second.empty() ? &configured->second : nullptr;
      if (!order)
        if (const auto own = file.order.find(provider); own != file.order.end() && !own->second.empty())
          order = &own->second;
      std::vector<const AuthProfile*> sorted;
      if (order)
        for (const auto& id : *order) {
          const auto found = std::ranges::find(profiles, id, &AuthProfile::id);
          if (found != profiles.end() && std::ranges::find(sorted, *found) == sorted.end()) sorted.push_back(*found);
        }
      if (sorted.empty()) { // an order that names nobody is somebody else's
        for (const auto* type : {"oauth", "token", "api_key"})
          std::ranges::copy_if(profiles, std::back_inserter(sorted),
                               [&](const AuthProfile* profile) { return profile->type == type; });
      }
      for (const auto* profile : sorted)
        out[provider].push_back(credential_of(*profile, now_ms));
    }
  }
  return out;
}

std::vector<std::string> auth_profile_files(std::string_view agent_id) {
  return {fmt::format("{}/agent/auth-profiles.json", agent_id), fmt::format("{}/auth-profiles.json", agent_id)};
}

std::vector<AuthProfiles> AuthProfileFiles::of(const std::string& agent_id, const std::string& default_agent) {
  std::vector<std::string> names = auth_profile_files(agent_id);
  if (agent_id != default_agent)
    for (auto& name : auth_profile_files(default_agent))
      names.push_back(std::move(name));
  std::vector<AuthProfiles> found;
  for (const auto& name : names) {
    const auto path = folder_ + "/" + name;
    auto stamp = stamp_of(path);
    if (stamp.empty()) {
      known_.erase(name);
      continue;
    }
    auto& known = known_[name];
    if (known.stamp != stamp) {
      known = {std::move(stamp), {}};
      auto text = config::read_small_file(path, kLargestFile);
      auto parsed = !text ? Result<AuthProfiles>(std::unexpected(text.error()))
                          : parse_auth_profiles(text->value_or("{}"), environment_);
      if (parsed)
        known.profiles = std::move(*parsed);
      else
        log::warn("agent", fmt::format("{} is not used: {}", path, parsed.error().text()));
    }
    found.push_back(known.profiles);
  }
  return found;
}

} // namespace openclaw::agent
