// The parts of setting up, each of them a question with an answer that is written at once: model, workspace, gateway,
// daemon. `onboard` asks them in a row, `configure` one at a time.
#pragma once
#include "agent/model_catalog.hpp"
#include "cli/setup.hpp"
#include "cli/terminal.hpp"

namespace openclaw::cli {

struct Answers {
  std::string provider; // "" : not asked for; "skip"; "local"; else a provider of the catalogue
  Secret key;
  std::string model;
  std::string workspace;
  std::optional<int> port;
  Secret gateway_token;
  bool daemon = false;
};

// Providers that want a key, in the order of the catalogue.
Result<std::vector<agent::Provider>> providers_with_keys(const Setup& setup);

Result<> ask_model(const Setup& setup, Terminal& terminal, Answers& answers);
Result<> ask_workspace(const Setup& setup, Terminal& terminal, Answers& answers);
Result<> ask_gateway(const Setup& setup, Terminal& terminal, Answers& answers);

// Writes what was answered: the configuration in place, a key into the .env file of the state folder, the files of the
// workspace. Gives the sentences that say what was done.
Result<std::vector<std::string>> write_answers(const Setup& setup, const Answers& answers);

// Puts NAME=value into a .env file; another line of that name gives way.
std::string with_variable(std::string_view file, std::string_view name, std::string_view value);

} // namespace openclaw::cli
