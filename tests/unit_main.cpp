#include "async/offload.hpp"
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const int status = RUN_ALL_TESTS();
  // As main() does: threads that outlive OpenSSL's own clean-up would look like leaks.
  openclaw::async::stop_pool();
  return status;
}
