#include "base/version.hpp"
#include "cli/command.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

int run_version(Invocation& invocation) {
  if (invocation.output().json())
    invocation.output().value(json::object{{"version", kVersion}});
  else
    invocation.output().line(fmt::format("openclaw {}", kVersion));
  return 0;
}

} // namespace

void register_version(CommandTable& table) {
  table.add({"version", "Print the version.", "", {}, run_version});
}

} // namespace openclaw::cli
