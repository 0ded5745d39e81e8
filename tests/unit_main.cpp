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
  return RUN_ALL_TESTS();
}
