#include "cli/moving/move_out.hpp"
#include "cli/moving/show_items.hpp"
#include <fmt/core.h>
#include <sys/stat.h>

namespace openclaw::cli {
namespace {

Result<int> run_export(Invocation& invocation) {
  ::umask(077); // whatever is made here is its owner's alone
  TRY_VOID(invocation.expect_arguments(0, 0));
  const auto folder = invocation.value("to").value_or("");
  if (folder.empty())
    return fail(Kind::invalid, "openclaw export needs a folder to write into.", "openclaw export --to DIR");
  TRY(const auto setup, load_setup(invocation));
  if (!setup.folder.exists())
    return fail(Kind::missing, fmt::format("There is no state folder {}.", setup.folder.path()),
                "Name another one with --profile or OPENCLAW_STATE_DIR.");
  TRY(const auto items, move_out(setup, folder));
  auto& output = invocation.output();
  if (output.json()) {
    output.value(json::object{{"to", folder}, {"items", items_as_json(items)}});
    return 0;
  }
  show_items(items, output);
  output.line();
  output.line(fmt::format("Written. OpenClaw 2026.1.30 uses it with OPENCLAW_STATE_DIR={}", terminal_safe(folder)));
  return 0;
}

} // namespace

void register_export(CommandTable& table) {
  table.add({"export",
             "Write a state folder that OpenClaw 2026.1.30 reads.",
             "--to DIR",
             {{"to", 0, "DIR", "The folder to write; it must be empty or not there."}},
             reporting(run_export)});
}

} // namespace openclaw::cli
