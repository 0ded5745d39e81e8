// The program's door: the sandbox's other half, which must run before anything is set up, else the command line.
#include "cli/run.hpp"
#include "sandbox/confine.hpp"

int main(int argc, char** argv) {
  using namespace openclaw;
  if (argc > 1 && std::string_view(argv[1]) == sandbox::kSandboxInit) return sandbox::sandbox_init(argc, argv);
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const cli::Services services;
  auto output = cli::Output::standard();
  return cli::run(words, services, output);
}
