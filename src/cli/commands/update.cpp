#include "base/version.hpp"
#include "cli/command.hpp"
#include <fmt/core.h>

namespace openclaw::cli {
namespace {

Result<int> run_update(Invocation& invocation) {
  TRY_VOID(invocation.expect_arguments(0, 0));
  constexpr std::string_view kHow = "git pull && ./run --build";
  auto& output = invocation.output();
  if (output.json()) {
    output.value(json::object{{"version", std::string(kVersion)}, {"selfUpdate", false}, {"how", kHow}});
    return 0;
  }
  output.line(fmt::format("This is openclaw {}. It does not replace itself: it has no server that it trusts for that.",
                          kVersion));
  output.line(fmt::format("In the folder it was built from: {}", kHow));
  output.line(
      "Then: openclaw restart. The state is brought to the new version at the start, after a copy of state.db.");
  return 0;
}

} // namespace

void register_update(CommandTable& table) {
  table.add({"update", "Say how this program is updated.", "", {}, reporting(run_update)});
}

} // namespace openclaw::cli
