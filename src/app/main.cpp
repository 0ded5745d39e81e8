// The program's door: what it re-executes itself as, then the command line.
#include "app/gateway_program.hpp"
#include "cli/run.hpp"
#include "sandbox/confine.hpp"
#include <string_view>

int main(int argc, char** argv) {
  using namespace openclaw;
  if (argc > 1 && std::string_view(argv[1]) == sandbox::kSandboxInit) return sandbox::sandbox_init(argc, argv);
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  cli::Services services;
  services.run_gateway = app::run_gateway;
  auto output = cli::Output::standard();
  return cli::run(words, services, output);
}
