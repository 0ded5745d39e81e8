// The program's door: from argv to the command line.
#include "cli/run.hpp"

int main(int argc, char** argv) {
  using namespace openclaw;
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const cli::Services services;
  auto output = cli::Output::standard();
  return cli::run(words, services, output);
}
