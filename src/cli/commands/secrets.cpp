#include "base/clock.hpp"
#include "base/file_descriptor.hpp"
#include "base/ids.hpp"
#include "base/text.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"
#include "config/files.hpp"
#include "config/json5.hpp"
#include "config/redact.hpp"
#include "config/secret_reference.hpp"
#include "config/vault.hpp"
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <unistd.h>

namespace openclaw::cli {
namespace {

constexpr std::size_t kLongestInput = 64 * 1024;
constexpr std::size_t kLongestRevision = 16 * 1024 * 1024;

config::Vault vault_of(const Setup& setup) {
  return {setup.folder.path(), setup.environment};
}

Result<Secret> read_value(Output& output, const std::string& name) {
  const auto given =
      read_secret(output, fmt::format("The value of {} (it is not shown), then Enter:", name), kLongestInput);
  std::string_view text = given.reveal();
  if (text.size() > kLongestInput) return fail(Kind::invalid, "The value is longer than 64 KB.");
  // The line end of echo and of Enter is no part of a token.
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return Secret(std::string(text));
}

// Where in the file references to this name stand.
std::vector<std::string> uses_of(const json::value& value, const std::string& name, const std::string& path = {}) {
  std::vector<std::string> uses;
  if (config::is_secret_reference(value)) {
    const auto source = string_or(value, "source");
    if ((source == "vault" || source == "store") && string_or(value, "id") == name) uses.push_back(path);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      const std::string key(member.key());
      for (auto& use : uses_of(member.value(), name, path.empty() ? key : path + "." + key))
        uses.push_back(std::move(use));
    }
  }
  return uses;
}

Result<int> list(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto entries, vault_of(setup).list());
  auto& output = invocation.output();
  json::array all;
  std::vector<std::vector<std::string>> rows;
  const auto now = SystemClock().now_ms();
  for (const auto& entry : entries) {
    all.push_back(json::object{{"name", entry.name}, {"changedAtMs", entry.changed_ms}});
    rows.push_back({entry.name, duration_text(now - entry.changed_ms)});
  }
  if (output.json())
    output.value(json::object{{"secrets", std::move(all)}});
  else if (rows.empty())
    output.line("The vault is empty. Store a secret with: openclaw secrets set NAME");
  else
    output.table({{"Name"}, {"Age", true}}, rows);
  return 0;
}

Result<int> set(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  const auto name = invocation.argument(0);
  TRY_VOID(check_id(name, "name of a secret"));
  TRY(const auto setup, load_setup(invocation));
  TRY_VOID(setup.folder.prepare());
  TRY(auto value, read_value(invocation.output(), name));
  TRY_VOID(vault_of(setup).set(name, std::move(value), SystemClock().now_ms()));
  auto& output = invocation.output();
  if (output.json())
    output.value(json::object{{"ok", true}, {"name", name}});
  else
    output.line(
        fmt::format("Stored {0}. The configuration refers to it by {{\"source\": \"vault\", \"id\": \"{0}\"}}.", name));
  return 0;
}

Result<int> remove(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(1, 1));
  const auto name = invocation.argument(0);
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  if (const auto uses = uses_of(snapshot.written, name); !uses.empty() && !invocation.has("force"))
    return fail(Kind::conflict,
                fmt::format("{} of the configuration refers to {}, so it was kept.", uses.front(), name),
                "Change that first, or repeat with --force.");
  TRY(const bool removed, vault_of(setup).remove(name));
  if (!removed)
    return fail(Kind::missing, fmt::format("The vault has no secret {}.", printable(name, 128)),
                "See what it has with: openclaw secrets list");
  auto& output = invocation.output();
  if (output.json())
    output.value(json::object{{"ok", true}, {"name", name}});
  else
    output.line(fmt::format("Removed {}.", name));
  return 0;
}

// `env` is where plain values are the point, and a text that names a variable is no secret.
bool can_move(const config::PlainSecret& secret, const Setup& setup) {
  return secret.path.front() != "env" && !setup.environment.find(secret.value);
}

std::vector<std::string> revisions_of(const config::Config& config) {
  const auto file = std::filesystem::path(config.path());
  std::vector<std::string> all;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path() / "revisions", ignored))
    if (entry.path().filename().string().starts_with(file.filename().string())) all.push_back(entry.path().string());
  std::sort(all.begin(), all.end());
  return all;
}

Result<int> audit(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  auto& output = invocation.output();
  json::array findings;
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](std::string where, std::string command) {
    findings.push_back(json::object{{"where", where}, {"command", command}});
    rows.push_back({std::move(where), std::move(command)});
  };
  for (const auto& secret : config::plain_secrets(snapshot.raw)) {
    if (!can_move(secret, setup)) continue;
    const auto path = config::path_text(secret.path);
    add(path, path.find_first_of("[\"' ") == std::string::npos ? fmt::format("openclaw secrets migrate {}", path)
                                                               : fmt::format("openclaw secrets migrate '{}'", path));
  }
  for (const auto& file : revisions_of(setup.config)) {
    const auto text = config::read_small_file(file, kLongestRevision);
    if (text && *text && !config::plain_secrets(**text).empty()) add(file, fmt::format("rm '{}'", file));
  }
  const int status = rows.empty() || !invocation.has("check") ? 0 : 1;
  if (output.json())
    output.value(json::object{{"ok", rows.empty()}, {"plain", std::move(findings)}});
  else if (rows.empty())
    output.line(fmt::format("No secret stands in {} as plain text.", snapshot.path));
  else
    output.table({{"Plain text"}, {"What moves it"}}, rows);
  return status;
}

// The path as a name, and another one when that is taken by another value.
Result<std::string> free_name(const config::Vault& vault, const config::PlainSecret& secret) {
  auto name = config::path_text(secret.path).substr(0, 120);
  for (auto& character : name)
    if (!valid_id(std::string_view(&character, 1))) character = '-';
  for (int number = 1; number < 100; ++number) {
    auto candidate = number == 1 ? name : fmt::format("{}-{}", name, number);
    TRY(const auto taken, vault.find(candidate));
    if (!taken || taken->matches(secret.value)) return candidate;
  }
  return fail(Kind::conflict, fmt::format("The vault has too many secrets called {}.", name), "Remove some.");
}

Result<int> migrate(Invocation& invocation) {
  TRY(const auto setup, load_setup(invocation));
  TRY(const auto snapshot, setup.config.load());
  const auto vault = vault_of(setup);
  auto secrets = config::plain_secrets(snapshot.raw);
  std::erase_if(secrets, [&](const auto& secret) { return !can_move(secret, setup); });
  if (!invocation.arguments().empty()) {
    const auto& wanted = invocation.arguments();
    for (const auto& path : wanted)
      if (std::none_of(secrets.begin(), secrets.end(),
                       [&](const auto& secret) { return config::path_text(secret.path) == path; }))
        return fail(Kind::missing, fmt::format("{} holds no plain secret in {}.", printable(path), snapshot.path),
                    "openclaw secrets audit lists them.");
    std::erase_if(secrets, [&](const auto& secret) {
      return std::find(wanted.begin(), wanted.end(), config::path_text(secret.path)) == wanted.end();
    });
  }
  auto text = snapshot.raw;
  json::array moved;
  // The vault first: if something stops us half-way, a secret is there twice and never lost.
  for (const auto& secret : secrets) {
    TRY(const auto name, free_name(vault, secret));
    TRY_VOID(vault.set(name, Secret(secret.value), SystemClock().now_ms()));
    TRY(text, config::set_in_text(text, secret.path, json::object{{"source", "vault"}, {"id", name}}));
    moved.push_back(json::object{{"path", config::path_text(secret.path)}, {"name", name}});
  }
  int deleted = 0;
  if (!secrets.empty()) {
    TRY_VOID(setup.config.write(std::move(text), {.base_hash = snapshot.hash, .force = true}));
    for (const auto& file : revisions_of(setup.config)) {
      const auto old = config::read_small_file(file, kLongestRevision);
      const bool holds = old && *old && std::any_of(secrets.begin(), secrets.end(), [&](const auto& secret) {
                           return (*old)->find(secret.value) != std::string::npos;
                         });
      if (holds && ::unlink(file.c_str()) == 0) ++deleted;
    }
  }
  auto& output = invocation.output();
  if (output.json()) {
    output.value(json::object{{"ok", true}, {"moved", std::move(moved)}, {"revisionsDeleted", deleted}});
    return 0;
  }
  if (moved.empty()) output.line(fmt::format("No secret stands in {} as plain text.", snapshot.path));
  for (const auto& each : moved)
    output.line(fmt::format("{} is now the secret {} of the vault.", string_or(each, "path"), string_or(each, "name")));
  if (deleted > 0)
    output.line(fmt::format("{} former version{} of the configuration that held them {} deleted.", deleted,
                            deleted == 1 ? "" : "s", deleted == 1 ? "was" : "were"));
  return 0;
}

} // namespace

void register_secrets(CommandTable& table) {
  const Option force{"force", 0, "", "Remove it although the configuration refers to it."};
  const Option check{"check", 0, "", "Exit with 1 when there is any."};
  table.add({"secrets list", "List the names of the secrets in the vault.", "", {}, reporting(list), true});
  table.add({"secrets set",
             "Store a secret; its value is asked for or read from standard input.",
             "NAME",
             {},
             reporting(set)});
  table.add({"secrets remove", "Remove a secret.", "NAME", {force}, reporting(remove)});
  table.add(
      {"secrets audit", "List secrets that stand in the configuration as plain text.", "", {check}, reporting(audit)});
  table.add({"secrets migrate",
             "Move plain secrets of the configuration into the vault.",
             "[PATH...]",
             {},
             reporting(migrate)});
}

} // namespace openclaw::cli
