#include "extensions/channels/discord/directory.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "extensions/channels/discord/session.hpp"
#include <algorithm>
#include <fmt/core.h>

namespace openclaw::extensions::discord {
namespace {

using ports::DirectoryEntry;

constexpr std::size_t kMostServers = 50;

Task<json::array> list(std::shared_ptr<RestApi> rest, std::string path) {
  RestCall call{"GET", std::move(path), {}, {}};
  call.patient = true;
  CO_TRY(const auto answer, co_await rest->call(std::move(call)));
  if (answer.problem) co_return std::unexpected(refusal(answer));
  co_return answer.body.is_array() ? answer.body.get_array() : json::array();
}

struct Server {
  std::string id, name;
};
Task<std::vector<Server>> servers(std::shared_ptr<RestApi> rest) {
  CO_TRY(const auto found, co_await list(rest, "/users/@me/guilds"));
  std::vector<Server> servers;
  for (const auto& guild : found)
    if (auto id = string_or(guild, "id"); is_snowflake(id) && servers.size() < kMostServers)
      servers.push_back({std::move(id), string_or(guild, "name")});
  co_return servers;
}

DirectoryEntry person(const json::value& user) {
  const auto handle = string_or(user, "username");
  const auto name = string_or(user, "global_name");
  return {"user:" + string_or(user, "id"), name.empty() ? handle : name, "@" + handle, ports::ChatKind::direct};
}

} // namespace

Task<std::vector<DirectoryEntry>> find_people(std::shared_ptr<RestApi> rest, std::string query, std::size_t limit) {
  std::vector<DirectoryEntry> people;
  if (query.starts_with('@')) query.erase(0, 1);
  if (is_snowflake(query)) {
    RestCall call{"GET", "/users/" + query, {}, {}};
    CO_TRY(const auto answer, co_await rest->call(std::move(call)));
    if (!answer.problem) people.push_back(person(answer.body));
    co_return people;
  }
  CO_TRY(const auto all, co_await servers(rest));
  for (const auto& server : all) {
    if (people.size() >= limit) break;
    const auto most = std::clamp<std::size_t>(limit, 1, 100);
    auto path = query.empty() ? fmt::format("/guilds/{}/members?limit={}", server.id, most)
                              : fmt::format("/guilds/{}/members/search?query={}&limit={}", server.id,
                                            percent_encoded(query), most);
    const auto members = co_await list(rest, std::move(path));
    if (!members && members.error().kind == Kind::denied && query.empty())
      co_return fail(Kind::denied, "Discord does not list the members of a server to this bot.",
                     "Enable \"Server Members Intent\" in https://discord.com/developers, or search for a name.");
    if (!members) co_return std::unexpected(members.error());
    for (const auto& member : *members) {
      const auto* user = find(member, "user");
      if (!user || !is_snowflake(string_or(*user, "id"))) continue;
      auto entry = person(*user);
      const bool known = std::any_of(people.begin(), people.end(), [&](const auto& one) { return one.id == entry.id; });
      if (!known && people.size() < limit) people.push_back(std::move(entry));
    }
  }
  co_return people;
}

Task<std::vector<DirectoryEntry>> find_channels(std::shared_ptr<RestApi> rest, std::string query, std::size_t limit) {
  std::vector<DirectoryEntry> found;
  const auto wanted = lowercase_ascii(query.starts_with('#') ? query.substr(1) : query);
  CO_TRY(const auto all, co_await servers(rest));
  for (const auto& server : all) {
    if (found.size() >= limit) break;
    auto path = fmt::format("/guilds/{}/channels", server.id);
    CO_TRY(const auto channels, co_await list(rest, std::move(path)));
    for (const auto& channel : channels) {
      const auto type = integer_or(channel, "type", -1);
      const auto id = string_or(channel, "id");
      if ((type != 0 && type != 5) || !is_snowflake(id) || found.size() >= limit) continue; // those with text
      const auto name = fmt::format("#{} ({})", string_or(channel, "name"), server.name);
      if (lowercase_ascii(name).find(wanted) != std::string::npos || id == wanted)
        found.push_back({"channel:" + id, name, "#" + string_or(channel, "name"), ports::ChatKind::channel});
    }
  }
  co_return found;
}

} // namespace openclaw::extensions::discord
