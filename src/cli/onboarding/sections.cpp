#include "cli/onboarding/sections.hpp"

#include "agent/prompt.hpp"
#include "agent/settings.hpp"
#include "base/text.hpp"
#include "config/files.hpp"
#include "sandbox/workspace.hpp"
#include <charconv>
#include <filesystem>
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

constexpr int kDefaultPort = 18789;

Result<json::value> current(const Setup& setup) {
  TRY(auto snapshot, setup.config.load());
  TRY_VOID(snapshot.check());
  return std::move(snapshot.value);
}

std::string home_of(const Setup& setup) {
  return setup.environment.find("HOME").value_or("/");
}

Result<> set(const Setup& setup, const config::Path& path, const json::value& value) {
  TRY([[maybe_unused]] const auto after, setup.config.set(path, value, {}));
  return {};
}

// A key must not make a line of its own.
Result<> check_key(const Secret& key) {
  const auto& text = key.reveal();
  if (text.empty() || text.size() > 4096 || std::any_of(text.begin(), text.end(), [](unsigned char c) {
        return c <= ' ' || c == 0x7f || c == '"' || c == '\'';
      }))
    return fail(Kind::invalid, "That is no key: it is empty, or has blanks or quotes in it.", "Copy it once more.");
  return {};
}

Result<> write_model(const Setup& setup, const Answers& answers, std::vector<std::string>& done) {
  if (answers.provider.empty() || answers.provider == "skip") return {};
  if (answers.provider == "local") {
    done.emplace_back("A model of this machine answers: a server that runs, else the built-in one.");
    return {};
  }
  TRY(const auto providers, providers_with_keys(setup));
  const auto found = std::find_if(providers.begin(), providers.end(),
                                  [&](const auto& provider) { return provider.id == answers.provider; });
  if (found == providers.end())
    return fail(Kind::missing,
                fmt::format("There is no provider \"{}\" that wants a key.", printable(answers.provider, 60)),
                "openclaw onboard shows those that are known.");
  if (!answers.key.empty()) {
    TRY_VOID(check_key(answers.key));
    const auto path = setup.folder.file(".env");
    TRY(const auto before, config::read_small_file(path, 64 * 1024));
    TRY_VOID(config::replace_file(
        path, with_variable(before.value_or(""), found->key_variables.front(), answers.key.reveal())));
    done.push_back(fmt::format("The key of {} is {} in {}.", found->name, found->key_variables.front(), path));
  }
  const auto model = answers.model.empty() ? found->default_model : answers.model;
  if (model.empty()) return {};
  const auto reference = model.starts_with(found->id + "/") ? model : found->id + "/" + model;
  TRY_VOID(set(setup, {"agents", "defaults", "model", "primary"}, json::value(json::string(reference))));
  done.push_back(fmt::format("{} answers.", reference));
  return {};
}

Result<> write_workspaces(const Setup& setup, const Answers& answers, std::vector<std::string>& done) {
  if (!answers.workspace.empty())
    TRY_VOID(set(setup, {"agents", "defaults", "workspace"}, json::value(json::string(answers.workspace))));
  TRY(const auto config, current(setup));
  TRY(const auto settings, agent::read_settings(config, home_of(setup), setup.folder.path()));
  for (const auto& one : settings.agents) {
    std::error_code code;
    std::filesystem::create_directories(one.workspace, code);
    TRY(const auto workspace, sandbox::Workspace::open(one.workspace));
    TRY_VOID(agent::prepare_workspace(workspace));
    done.push_back(fmt::format("The workspace of {} is {}.", one.id, one.workspace));
  }
  return {};
}

Result<> write_gateway(const Setup& setup, const Answers& answers, std::vector<std::string>& done) {
  TRY(const auto config, current(setup));
  if (!find_path(config, "gateway.mode")) TRY_VOID(set(setup, {"gateway", "mode"}, "local"));
  if (answers.port) {
    TRY_VOID(set(setup, {"gateway", "port"}, *answers.port));
    done.push_back(fmt::format("The gateway listens on port {} of this machine.", *answers.port));
  }
  if (!answers.gateway_token.empty()) {
    TRY_VOID(check_key(answers.gateway_token));
    TRY_VOID(set(setup, {"gateway", "auth", "mode"}, "token"));
    TRY_VOID(set(setup, {"gateway", "auth", "token"}, json::value(json::string(answers.gateway_token.reveal()))));
    done.emplace_back("Clients log in with the token that you gave.");
  }
  return {};
}

} // namespace

Result<std::vector<agent::Provider>> providers_with_keys(const Setup& setup) {
  TRY(const auto catalog, agent::ModelCatalog::create(json::value(json::object()), {}));
  std::vector<agent::Provider> out;
  for (const auto& provider : catalog.providers())
    if (!provider.key_variables.empty() && !agent::is_private_url(provider.base_url)) out.push_back(provider);
  (void)setup;
  return out;
}

Result<> ask_model(const Setup& setup, Terminal& terminal, Answers& answers) {
  TRY(const auto providers, providers_with_keys(setup));
  std::vector<std::string> choices{"Leave it as it is",
                                   "A model on this machine (a server that runs, or the built-in one)"};
  for (const auto& provider : providers)
    choices.push_back(fmt::format("{}{}", provider.name,
                                  setup.environment.find(provider.key_variables.front()) ? " (a key is there)" : ""));
  TRY(const auto chosen, terminal.choose("Which model shall answer?", choices, 1));
  if (chosen == 0) answers.provider = "skip";
  if (chosen == 1) answers.provider = "local";
  if (chosen < 2) return {};
  const auto& provider = providers[chosen - 2];
  answers.provider = provider.id;
  const bool there = setup.environment.find(provider.key_variables.front()).has_value();
  TRY(answers.key, terminal.hidden(there ? fmt::format("Key of {}; nothing keeps the one that is there", provider.name)
                                         : fmt::format("Key of {}", provider.name)));
  if (!answers.key.empty() || !there) TRY_VOID(check_key(answers.key));
  TRY(answers.model, terminal.line("Model", provider.default_model));
  return {};
}

Result<> ask_workspace(const Setup& setup, Terminal& terminal, Answers& answers) {
  TRY(const auto config, current(setup));
  TRY(const auto settings, agent::read_settings(config, home_of(setup), setup.folder.path()));
  TRY(const auto path, terminal.line("Folder of the agent's own files", settings.agents.front().workspace));
  if (path != settings.agents.front().workspace) answers.workspace = path;
  return {};
}

Result<> ask_gateway(const Setup& setup, Terminal& terminal, Answers& answers) {
  TRY(const auto config, current(setup));
  const auto* gateway = find(config, "gateway");
  const auto before = gateway ? integer_or(*gateway, "port", kDefaultPort) : kDefaultPort;
  TRY(const auto text, terminal.line("Port of the gateway on this machine", std::to_string(before)));
  int port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || port < 0 || port > 65'535)
    return fail(Kind::invalid, fmt::format("\"{}\" is no port.", printable(text, 40)),
                "Give a number from 0 to 65535.");
  if (port != before) answers.port = port;
  TRY(const auto how, terminal.choose("How do clients log in?",
                                      {"With a token that the gateway makes (openclaw dashboard shows a link)",
                                       "With a token that you type"}));
  if (how == 1) {
    TRY(answers.gateway_token, terminal.hidden("Token of the gateway"));
    TRY_VOID(check_key(answers.gateway_token));
  }
  return {};
}

Result<std::vector<std::string>> write_answers(const Setup& setup, const Answers& answers) {
  std::vector<std::string> done;
  TRY_VOID(setup.folder.prepare());
  TRY_VOID(write_gateway(setup, answers, done));
  TRY_VOID(write_model(setup, answers, done));
  TRY_VOID(write_workspaces(setup, answers, done));
  return done;
}

std::string with_variable(std::string_view file, std::string_view name, std::string_view value) {
  std::string out;
  for (const auto line : split(file, '\n')) {
    auto rest = trim(line);
    if (rest.starts_with("export ")) rest = trim(rest.substr(7));
    const bool same = rest.starts_with(name) && trim(rest.substr(name.size())).starts_with('=');
    if (!same && !(line.empty() && (out.empty() || out.ends_with("\n\n")))) out += std::string(line) + "\n";
  }
  while (out.ends_with("\n\n"))
    out.pop_back();
  if (out == "\n") out.clear();
  return out + fmt::format("{}={}\n", name, value);
}

} // namespace openclaw::cli
