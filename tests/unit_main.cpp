#include "async/offload.hpp"
#include "sandbox/confine.hpp"
#include <gtest/gtest.h>
#include <string_view>

int main(int argc, char** argv) {
  // Sandboxes re-execute the running program, which here is the test program.
  if (argc > 1 && std::string_view(argv[1]) == openclaw::sandbox::kSandboxInit)
    return openclaw::sandbox::sandbox_init(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  const int status = RUN_ALL_TESTS();
  // As main() does: threads that outlive OpenSSL's own clean-up would look like leaks.
  openclaw::async::stop_pool();
  return status;
}
