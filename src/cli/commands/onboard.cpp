#include "base/clock.hpp"
#include "base/version.hpp"
#include "cli/daemon/service.hpp"
#include "cli/gateway_client.hpp"
#include "cli/onboarding/sections.hpp"
#include "config/files.hpp"
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

constexpr std::string_view kRisk =
    "An agent reads files, runs commands and talks to people for you. It can be wrong, and what it reads can try to "
    "steer\n"
    "it. Commands run in a sandbox without network, and what cannot be undone waits for your answer; keep it that way\n"
    "until you know it. Only you should be able to reach the gateway.";

// OpenClaw's flags for keys, and the provider of each.
constexpr struct {
  const char* flag;
  const char* provider;
} kKeyFlags[] = {{"anthropic-api-key", "anthropic"},
                 {"openai-api-key", "openai"},
                 {"gemini-api-key", "google"},
                 {"openrouter-api-key", "openrouter"}};

Result<> read_auth_choice(const Invocation& invocation, Answers& answers) {
  for (const auto& [flag, provider] : kKeyFlags)
    if (auto key = invocation.value(flag)) {
      answers.provider = provider;
      answers.key = Secret(std::move(*key));
    }
  auto choice = invocation.value("auth-choice").value_or("");
  if (choice == "apiKey") choice = "anthropic";
  if (choice.ends_with("-api-key")) choice.resize(choice.size() - 8);
  if (choice == "gemini") choice = "google";
  if (!choice.empty() && !answers.provider.empty() && choice != answers.provider)
    return fail(Kind::invalid,
                fmt::format("--auth-choice {} and the key of {} do not belong together.", choice, answers.provider),
                "Give one of them.");
  if (!choice.empty()) answers.provider = choice;
  if (auto key = invocation.value("api-key")) answers.key = Secret(std::move(*key));
  if (answers.provider.empty() && !answers.key.empty())
    return fail(Kind::invalid, "--api-key needs to know whose key it is.", "Add --auth-choice PROVIDER.");
  answers.model = invocation.value("model").value_or("");
  return {};
}

Result<Answers> from_flags(const Invocation& invocation) {
  Answers answers;
  TRY_VOID(read_auth_choice(invocation, answers));
  answers.workspace = invocation.value("workspace").value_or("");
  if (invocation.has("gateway-port")) {
    TRY(const auto port, invocation.integer("gateway-port", 0, 0, 65'535));
    answers.port = static_cast<int>(port);
  }
  if (const auto bind = invocation.value("gateway-bind"); bind && *bind != "loopback")
    return fail(Kind::denied,
                fmt::format("--gateway-bind {}: setting up never opens the gateway to other machines.", *bind),
                "Do it afterwards, knowingly: openclaw config set gateway.bind " + *bind);
  if (const auto auth = invocation.value("gateway-auth"); auth && *auth != "token")
    return fail(Kind::invalid, fmt::format("--gateway-auth {}: the gateway is set up with a token.", *auth),
                "Leave it out, or say --gateway-auth token.");
  if (const auto mode = invocation.value("mode"); mode && *mode != "local")
    return fail(Kind::invalid, "Only a gateway on this machine is set up here.",
                "For one elsewhere: openclaw config set gateway.remote.url wss://HOST:PORT");
  answers.gateway_token = Secret(invocation.value("gateway-token").value_or(""));
  answers.daemon = invocation.has("install-daemon");
  return answers;
}

// The former file goes aside; nothing is deleted.
Result<> set_aside(const Setup& setup) {
  const auto aside = fmt::format("{}.before-{}", setup.config.path(), SystemClock().now_ms());
  std::error_code code;
  std::filesystem::rename(setup.config.path(), aside, code);
  if (code)
    return fail(Kind::denied, fmt::format("{} cannot be moved aside: {}.", setup.config.path(), code.message()));
  return {};
}

Result<std::optional<Answers>> ask(const Setup& setup, Terminal& terminal) {
  auto& output = terminal.output();
  output.line(std::string(kRisk));
  output.line();
  TRY(const bool understood, terminal.yes("Do you understand this, and go on?", false));
  if (!understood) return std::optional<Answers>{};
  Answers answers;
  TRY(const auto snapshot, setup.config.load());
  if (snapshot.exists) {
    output.line();
    TRY(const auto what, terminal.choose(fmt::format("There is a configuration in {}.", snapshot.path),
                                         {"Keep it as it is", "Change it", "Put it aside and begin afresh"}));
    if (what == 0) {
      TRY_VOID(snapshot.check());
      answers.provider = "skip";
      return std::optional(std::move(answers));
    }
    if (what == 2) TRY_VOID(set_aside(setup));
  }
  output.line();
  TRY_VOID(ask_model(setup, terminal, answers));
  output.line();
  TRY_VOID(ask_workspace(setup, terminal, answers));
  TRY_VOID(ask_gateway(setup, terminal, answers));
  output.line();
  output.line("Messengers (Telegram, Signal, WhatsApp and others) are set up below \"channels\" in the configuration; "
              "openclaw config schema shows what is there.");
  output.line();
  TRY(answers.daemon, terminal.yes("Shall the gateway run in the background from now on?", true));
  return std::optional(std::move(answers));
}

Result<> note_run(const Setup& setup, std::string_view command) {
  const json::object wizard{{"lastRunAt", iso_time(SystemClock().now_ms())},
                            {"lastRunVersion", std::string(kVersion)},
                            {"lastRunCommand", command},
                            {"lastRunMode", "local"}};
  TRY([[maybe_unused]] const auto after, setup.config.set({"wizard"}, wizard, {}));
  return {};
}

// The service where there is a systemd, else a process in the background.
Result<config::RunningGateway> begin(const Setup& setup, const Invocation& invocation, std::vector<std::string>& done) {
  Service service(setup, invocation.value("profile").value_or(""));
  if (service.has_systemd()) {
    TRY_VOID(service.install());
    done.push_back(fmt::format("The service {} runs the gateway.", service.unit_name()));
  }
  return service.start();
}

Result<int> finish(Invocation& invocation, const Setup& setup, const Answers& answers) {
  TRY(auto done, write_answers(setup, answers));
  TRY_VOID(note_run(setup, "onboard"));
  auto& output = invocation.output();
  std::optional<config::RunningGateway> gateway;
  std::string webchat;
  if (answers.daemon) {
    TRY(gateway, begin(setup, invocation, done));
    if (!invocation.has("skip-health")) {
      TRY([[maybe_unused]] const auto health, call_gateway(invocation, "health", {}));
      done.emplace_back("The gateway is well.");
    }
    TRY(const auto login, call_gateway(invocation, "gateway.login.create", {}));
    webchat = string_or(login, "url");
  }
  if (output.json()) {
    json::array sentences;
    for (const auto& sentence : done)
      sentences.emplace_back(sentence);
    output.value(
        json::object{{"ok", true},
                     {"config", setup.config.path()},
                     {"done", std::move(sentences)},
                     {"gateway", gateway ? json::value(json::object{{"pid", gateway->pid}, {"port", gateway->port}})
                                         : json::value(nullptr)},
                     {"webchat", webchat.empty() ? json::value(nullptr) : json::value(webchat)}});
    return 0;
  }
  output.line();
  for (const auto& sentence : done)
    output.line(sentence);
  output.line(webchat.empty() ? std::string("Start the gateway with: openclaw start")
                              : fmt::format("WebChat: {}", terminal_safe(webchat)));
  return 0;
}

Result<int> run_onboard(Invocation& invocation) {
  ::umask(077); // whatever is made here is its owner's alone
  TRY_VOID(invocation.expect_arguments(0, 0));
  TRY(const auto setup, load_setup(invocation));
  if (!invocation.has("non-interactive")) {
    TRY_VOID(Terminal::check("openclaw onboard --non-interactive --accept-risk, with the answers as options."));
    TRY_VOID(setup.folder.prepare());
    Terminal terminal(invocation.output());
    TRY(const auto answers, ask(setup, terminal));
    if (answers) return finish(invocation, setup, *answers);
    invocation.output().line("Nothing was set up.");
    return 1;
  }
  if (!invocation.has("accept-risk"))
    return fail(Kind::denied,
                "Setting up without questions needs your word that you know the risk.\n" + std::string(kRisk),
                "Add --accept-risk.");
  TRY_VOID(setup.folder.prepare());
  TRY(const auto answers, from_flags(invocation));
  TRY(const auto before, setup.config.load());
  if (invocation.has("reset") && before.exists) TRY_VOID(set_aside(setup));
  return finish(invocation, setup, answers);
}

} // namespace

void register_onboard(CommandTable& table) {
  std::vector<Option> options{
      {"non-interactive", 0, "", "Ask nothing; the answers are options."},
      {"accept-risk", 0, "", "You know what an agent can do; needed without questions."},
      {"reset", 0, "", "Put an existing configuration aside first."},
      {"mode", 0, "MODE", "local: a gateway on this machine."},
      {"auth-choice", 0, "CHOICE", "Whose model: a provider (anthropic, openai, ...), local, or skip."},
      {"api-key", 0, "KEY", "The key of that provider. Others can see it in the process list; its variable is safer."},
      {"model", 0, "MODEL", "The provider's model, where it is not its usual one."},
      {"workspace", 0, "DIR", "The folder of the agent's own files."},
      {"gateway-port", 0, "PORT", "The port of the gateway."},
      {"gateway-bind", 0, "WHERE", "loopback."},
      {"gateway-auth", 0, "HOW", "token."},
      {"gateway-token", 0, "TOKEN", "The token that clients must show; without, the gateway makes one."},
      {"install-daemon", 0, "", "Run the gateway in the background from now on."},
      {"skip-health", 0, "", "Do not ask the gateway whether it is well."},
      {"skip-channels", 0, "", "Messengers are never set up here; accepted for OpenClaw's scripts."},
      {"skip-skills", 0, "", "Skills are never set up here; accepted for OpenClaw's scripts."},
      {"skip-ui", 0, "", "Nothing is opened here; accepted for OpenClaw's scripts."},
      {"flow", 0, "FLOW", "There is one flow; accepted for OpenClaw's scripts."},
  };
  for (const auto& [flag, provider] : kKeyFlags)
    options.push_back({flag, 0, "KEY", fmt::format("The same as --auth-choice {} --api-key KEY.", provider)});
  for (auto& option : gateway_call_options())
    options.push_back(std::move(option));
  table.add({"onboard", "Set up model, workspace and gateway, and start it.", "", std::move(options),
             reporting(run_onboard)});
}

} // namespace openclaw::cli
