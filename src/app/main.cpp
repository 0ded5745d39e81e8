// The program's door: what it re-executes itself as, then the command line.
#include "app/gateway_program.hpp"
#include "cli/run.hpp"
#include "ports/registry.hpp"
#include "sandbox/confine.hpp"
#include <string_view>

int main(int argc, char** argv) {
  using namespace openclaw;
  if (argc > 1 && std::string_view(argv[1]) == sandbox::kSandboxInit) return sandbox::sandbox_init(argc, argv);
  // Workers of extensions; by the ending of their names, so that no other start pays for the registry.
  if (argc > 1 && std::string_view(argv[1]).ends_with("-worker")) {
    ports::Registry registry;
    ports::register_extensions(registry);
    if (const auto program = registry.find_program(argv[1])) return program(argc - 1, argv + 1);
  }
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  cli::Services services;
  services.run_gateway = app::run_gateway;
  auto output = cli::Output::standard();
  return cli::run(words, services, output);
}
