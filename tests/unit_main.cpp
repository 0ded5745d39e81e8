#include "async/offload.hpp"
#include "ports/registry.hpp"
#include "sandbox/confine.hpp"
#include <gtest/gtest.h>
#include <string_view>

int main(int argc, char** argv) {
  // Sandboxes re-execute the running program, which here is the test program.
  if (argc > 1 && std::string_view(argv[1]) == openclaw::sandbox::kSandboxInit)
    return openclaw::sandbox::sandbox_init(argc, argv);
  if (argc > 1) {
    openclaw::ports::Registry registry;
    openclaw::ports::register_extensions(registry);
    if (const auto program = registry.find_program(argv[1])) return program(argc - 1, argv + 1);
  }
  ::testing::InitGoogleTest(&argc, argv);
  const int status = RUN_ALL_TESTS();
  // As main() does: threads that outlive OpenSSL's own clean-up would look like leaks.
  openclaw::async::stop_pool();
  return status;
}
