#include "sandbox/confine.hpp"
#include <gtest/gtest.h>
#include <string_view>

int main(int argc, char** argv) {
  // Sandboxes re-execute the running program, which here is the test program.
  if (argc > 1 && std::string_view(argv[1]) == openclaw::sandbox::kSandboxInit)
    return openclaw::sandbox::sandbox_init(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
