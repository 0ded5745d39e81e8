// Sets accounts of messengers up and takes them away. Credentials go to the vault; the configuration refers to them.
#include "base/clock.hpp"
#include "base/text.hpp"
#include "cli/channel_choice.hpp"
#include "cli/gateway_client.hpp"
#include "cli/terminal.hpp"
#include "config/secret_reference.hpp"
#include "config/vault.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fmt/core.h>
#include <thread>

namespace openclaw::cli {
namespace {

constexpr std::size_t kLongestValue = 16 * 1024;
constexpr int kLooks = 50; // at the new account, five in a second

bool is_secret(std::string_view key) {
  const auto name = lowercase_ascii(key);
  return name.contains("token") || name.contains("password") || name.contains("secret");
}

Result<ports::ChannelType> type_of(const std::string& name) {
  ports::Registry registry;
  ports::register_extensions(registry);
  if (const auto* type = registry.find_channel(name)) return *type;
  std::vector<std::string> names;
  for (const auto& type : registry.channels())
    names.push_back(type.id);
  return fail(Kind::missing, fmt::format("The channel \"{}\" is not in this build.", terminal_safe(name)),
              fmt::format("It has: {}.", join(names, ", ")));
}

// NAME, or --channel as OpenClaw writes it.
Result<std::string> name_of(const Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 1));
  auto name = invocation.arguments().empty() ? invocation.value("channel").value_or("") : invocation.argument(0);
  if (name.empty())
    return fail(Kind::invalid, "Which channel?",
                "For instance: openclaw channels add telegram; all: openclaw channels list");
  return name;
}

Result<std::string> ask(Invocation& invocation, const ports::ChannelType& type, const std::string& key, bool first) {
  if (const auto given = invocation.value("bot-token"); given && first) return *given;
  auto& output = invocation.output();
  const auto question = fmt::format("{} {}", type.label, key);
  if (is_secret(key)) {
    const auto secret = read_secret(output, question + " (it is not shown), then Enter:", kLongestValue);
    return std::string(trim(secret.reveal()));
  }
  TRY_VOID(Terminal::check(fmt::format("openclaw config set channels.{}.{} VALUE", type.id, key)));
  return Terminal(output).line(question);
}

config::Path place_of(const json::value& config, const std::string& channel, const std::string& account) {
  const auto* accounts = find_path(config, fmt::format("channels.{}.accounts", channel));
  const bool several = accounts && accounts->is_object() && !accounts->get_object().empty();
  if (account == "default" && !several) return {"channels", channel};
  return {"channels", channel, "accounts", account};
}

// How the account is, once it has come so far; nothing when no gateway runs.
std::optional<json::value> look_at(Invocation& invocation, const std::string& channel, const std::string& account) {
  std::optional<json::value> seen;
  for (int look = 0; look < kLooks; ++look) {
    const auto answer = call_gateway(invocation, "channels.status", {});
    if (!answer) return seen;
    const auto* list = find_path(*answer, "channelAccounts." + channel);
    if (list && list->is_array())
      for (const auto& one : list->get_array())
        if (string_or(one, "accountId") == account) seen = one;
    const auto state = seen ? string_or(*seen, "state") : std::string();
    if (state == "up" || state == "failed" || state == "needs-login" || (seen && !bool_or(*seen, "configured", true)))
      return seen;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return seen;
}

Result<int> add(Invocation& invocation) {
  TRY(const auto name, name_of(invocation));
  TRY(const auto type, type_of(name));
  const auto account = invocation.value("account").value_or("default");
  TRY_VOID(check_id(account, "account name"));
  TRY(const auto setup, load_setup(invocation));
  TRY_VOID(setup.folder.prepare());
  TRY(const auto snapshot, setup.config.load());
  const config::Vault vault(setup.folder.path(), setup.environment);
  const auto place = place_of(snapshot.written, name, account);
  auto text = snapshot.raw.empty() ? std::string("{}") : snapshot.raw;
  // The account that the section itself was stays one when a second is named.
  if (place.size() == 4 && account != "default" && find_path(snapshot.written, "channels." + name) &&
      !find_path(snapshot.written, fmt::format("channels.{}.accounts", name))) {
    TRY(text, config::set_in_text(text, {"channels", name, "accounts", "default"}, json::object()));
  }
  const auto put = [&](std::string_view key, const json::value& value) -> Result<> {
    auto path = place;
    path.emplace_back(key);
    TRY(text, config::set_in_text(text, path, value));
    return {};
  };
  TRY_VOID(put("enabled", json::value(true)));
  if (const auto shown = invocation.value("name")) TRY_VOID(put("name", json::value(*shown)));
  bool first = true;
  for (const auto& key : type.setup_keys) {
    TRY(const auto value, ask(invocation, type, key, first && is_secret(key)));
    if (is_secret(key)) first = false;
    if (value.empty()) {
      if (!is_secret(key)) continue; // the channel's own default
      return fail(Kind::invalid, fmt::format("{} needs {}.", type.label, key), "Nothing was changed.");
    }
    if (!is_secret(key)) {
      TRY_VOID(put(key, json::value(value)));
      continue;
    }
    const auto id = fmt::format("channels.{}.{}.{}", name, account, key);
    TRY_VOID(vault.set(id, Secret(value), SystemClock().now_ms()));
    TRY_VOID(put(key, json::value(json::object{{"source", "vault"}, {"id", id}})));
  }
  TRY_VOID(setup.config.write(std::move(text), {.base_hash = snapshot.hash}));
  auto& output = invocation.output();
  const auto seen = look_at(invocation, name, account);
  const auto state = seen ? string_or(*seen, "state") : std::string("saved");
  if (output.json()) {
    output.value(json::object{{"ok", state != "failed"},
                              {"channel", name},
                              {"accountId", account},
                              {"state", state},
                              {"status", seen ? *seen : json::value()}});
    return state == "failed" ? 1 : 0;
  }
  const auto said = seen ? string_or(*seen, "lastError") : std::string();
  if (!seen)
    output.line(fmt::format("{} is set up. It connects when the gateway runs: openclaw gateway", type.label));
  else if (state == "up")
    output.line(terminal_safe(fmt::format("{} is connected as {}.", type.label, string_or(*seen, "who"))));
  else if (state == "needs-login")
    output.line(
        fmt::format("{} waits to be linked: openclaw channels login {} --account {}", type.label, name, account));
  else
    output.line(terminal_safe(
        fmt::format("{} is set up, and is {}. {} {}", type.label, state, said, string_or(*seen, "todo"))));
  return state == "failed" ? 1 : 0;
}

// What the account kept beside the configuration, and the key that sealed it.
Result<> remove_folder(const Setup& setup, const std::string& channel, const std::string& account) {
  TRY_VOID(check_id(channel, "channel"));
  TRY_VOID(check_id(account, "account name"));
  const auto folder = setup.folder.file(fmt::format("foreign/{}/{}", channel, account));
  std::error_code code;
  if (std::filesystem::remove_all(folder, code) == 0) return {};
  if (code)
    return fail(Kind::denied, fmt::format("{} cannot be removed: {}.", folder, code.message()),
                "Remove it by hand: it holds what the account kept.");
  const config::Vault vault(setup.folder.path(), setup.environment);
  TRY_VOID(vault.remove(ports::folder_key_name(channel, account)));
  return {};
}

Result<int> remove(Invocation& invocation) {
  TRY(const auto name, name_of(invocation));
  const auto account = invocation.value("account").value_or("default");
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  const auto place = place_of(snapshot.written, name, account);
  const auto* section = config::value_at(snapshot.written, place);
  if (!section)
    return fail(Kind::missing,
                fmt::format("There is no account {} of {}.", terminal_safe(account), terminal_safe(name)),
                "See: openclaw channels list");
  auto& output = invocation.output();
  const bool all = invocation.has("delete");
  if (!all) {
    auto path = place;
    path.emplace_back("enabled");
    TRY_VOID(setup.config.set(path, json::value(false), {.base_hash = snapshot.hash}));
  } else {
    // Its credentials first: without the section nobody would know of them.
    const config::Vault vault(setup.folder.path(), setup.environment);
    if (section->is_object())
      for (const auto& [key, value] : section->get_object())
        if (const auto id = string_or(value, "id");
            config::is_secret_reference(value) &&
            id == fmt::format("channels.{}.{}.{}", name, account, std::string_view(key)))
          TRY_VOID(vault.remove(id));
    TRY_VOID(setup.config.unset(place, {.base_hash = snapshot.hash, .force = true}));
  }
  bool forgotten = false;
  for (int look = 0; all && !forgotten && look < kLooks; ++look) {
    const auto answer = call_gateway(invocation, "channels.forget", {{"channel", name}, {"accountId", account}});
    forgotten = answer.has_value();
    if (!answer && answer.error().kind == Kind::missing) break; // no gateway runs
    if (!forgotten) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  if (all) TRY_VOID(remove_folder(setup, name, account));
  if (output.json())
    output.value(json::object{
        {"ok", true}, {"channel", name}, {"accountId", account}, {"deleted", all}, {"forgotten", forgotten}});
  else if (!all)
    output.line(fmt::format("The account {} of {} is off. --delete takes it away.", account, name));
  else
    output.line(fmt::format("The account {} of {} is gone, its credentials too.{}", account, name,
                            forgotten ? "" : " Who was let in is remembered until a gateway runs."));
  return 0;
}

} // namespace

void register_channels_setup(CommandTable& table) {
  const Option account{"account", 0, "ACCOUNT", "Its name, where there are several (default)."};
  const Option channel{"channel", 0, "NAME", "The channel, as in OpenClaw; the same as the first word."};
  table.add({"channels add", "Set an account of a messenger up.", "NAME",
             gateway_call_options({channel,
                                   account,
                                   {"name", 0, "TEXT", "What people call it."},
                                   {"bot-token", 0, "TOKEN",
                                    "Its first credential; asked for when it is not given, which others cannot see."}}),
             reporting(add)});
  table.add({"channels remove", "Switch an account off, or take it away.", "NAME",
             gateway_call_options(
                 {channel, account, {"delete", 0, "", "Take it away with its credentials and what is known of it."}}),
             reporting(remove)});
}

} // namespace openclaw::cli
