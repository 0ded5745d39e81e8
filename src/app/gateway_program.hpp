// `openclaw gateway`: puts all layers together, serves until it is told to stop, and leaves everything on disk.
#pragma once
#include "cli/command.hpp"

namespace openclaw::app {

// The exit status. Prints what people need to know on standard output, problems on standard error.
int run_gateway(const cli::GatewayOptions& options);

} // namespace openclaw::app
