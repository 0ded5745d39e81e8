#include "extensions/tools/apply_patch/apply_patch.hpp"

#include "async/offload.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/tools/apply_patch/patch.hpp"
#include "ports/registry.hpp"
#include <algorithm>
#include <fmt/core.h>
#include <optional>

namespace openclaw::tools {
namespace {

using namespace apply_patch;
using Action = FilePatch::Action;

constexpr std::size_t kFileBytes = 10 * 1024 * 1024;
constexpr std::size_t kTotalBytes = 64 * 1024 * 1024;

constexpr const char* kSchema =
    R"({"type":"object","properties":{"input":{"type":"string","minLength":1,"maxLength":1048576,
"description":"The patch, from *** Begin Patch to *** End Patch."}},"required":["input"]})";

constexpr const char* kDescription =
    "Change several files of the workspace at once, all or none. The input is a patch:\n"
    "*** Begin Patch\n*** Add File: PATH (then lines that begin with +)\n*** Delete File: PATH\n"
    "*** Update File: PATH (optionally *** Move to: PATH, then hunks)\n*** End Patch\n"
    "A hunk is @@ with an optional line that comes before, then lines that begin with a space (context), - or +; give "
    "about three lines of context. *** End of File after a hunk ties it to the file's end.";

// One file's former and new content; what is absent does not exist.
struct Change {
  std::string path; // as the permit names it
  std::optional<std::string> before;
  std::optional<std::string> after;
};

std::string own(const std::string& path) {
  return "./" + path;
}

// The paths of a patch in a fixed order: each file's, then where it moves to.
Result<std::vector<std::string>> resolved_paths(const std::vector<FilePatch>& files,
                                                const sandbox::Workspace& workspace) {
  std::vector<std::string> paths;
  for (const auto& file : files) {
    for (const auto* written : {&file.path, &file.move_to}) {
      if (written->empty()) continue;
      TRY(auto relative, workspace.relative(*written));
      if (std::find(paths.begin(), paths.end(), relative) != paths.end())
        return fail(Kind::invalid,
                    fmt::format("Line {} of the patch: {} is named twice.", file.line, printable(relative, 200)),
                    "Put all changes of a file under one heading.");
      paths.push_back(std::move(relative));
    }
  }
  return paths;
}

std::string summary_of(const std::vector<FilePatch>& files, const std::vector<std::string>& paths) {
  std::string text = "apply_patch:";
  std::size_t at = 0;
  for (const auto& file : files) {
    const auto* word = file.action == Action::add ? "add" : file.action == Action::remove ? "delete" : "update";
    text += fmt::format("{} {} {}", at == 0 ? "" : ",", word, printable(paths[at], 200));
    ++at;
    if (file.move_to.empty()) continue;
    text += fmt::format(" and move it to {}", printable(paths[at], 200));
    ++at;
  }
  return printable(text, 2000);
}

Result<std::vector<Change>> plan(const std::vector<FilePatch>& files, const std::vector<std::string>& paths,
                                 const sandbox::Workspace& workspace) {
  std::vector<Change> changes;
  std::size_t total = 0;
  std::size_t at = 0;
  const auto absent = [&](const std::string& path, std::size_t line) -> Result<> {
    if (!workspace.exists(own(path))) return {};
    return fail(Kind::conflict, fmt::format("Line {} of the patch: {} already exists.", line, printable(path, 200)),
                "Use *** Update File for it, or another name.");
  };
  for (const auto& file : files) {
    Change change;
    change.path = paths[at++];
    if (file.action == Action::add) {
      TRY_VOID(absent(change.path, file.line));
      change.after = file.content;
    } else {
      TRY(change.before, workspace.read_file(own(change.path), kFileBytes));
      if (file.action == Action::update) {
        TRY(change.after, apply_hunks(*change.before, file));
      }
    }
    total += change.before.value_or("").size() + change.after.value_or("").size();
    if (total > kTotalBytes)
      return fail(Kind::invalid, "The patch changes more than 64 MB at once.", "Send it in parts.");
    if (!file.move_to.empty()) {
      Change target;
      target.path = paths[at++];
      TRY_VOID(absent(target.path, file.line));
      target.after = std::exchange(change.after, std::nullopt);
      changes.push_back(std::move(target));
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

Result<> put(const sandbox::Workspace& workspace, const std::string& path, const std::optional<std::string>& content) {
  return content ? workspace.write_file(own(path), *content) : workspace.remove_file(own(path));
}

// All, or what was done is taken back.
Result<bool> carry_out(const std::vector<Change>& changes, const sandbox::Workspace& workspace) {
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto done = put(workspace, changes[i].path, changes[i].after);
    if (done) continue;
    std::string left;
    while (i-- > 0)
      if (!put(workspace, changes[i].path, changes[i].before)) left += " " + printable(changes[i].path, 200);
    auto error = done.error();
    error.message += left.empty() ? " Nothing was changed." : " These could not be put back:" + left + ".";
    return std::unexpected(std::move(error));
  }
  return true;
}

class ApplyPatchTool final : public ports::Tool {
public:
  ports::ToolSpec spec() const override { return {"apply_patch", kDescription, kSchema}; }
  std::vector<std::string> aliases() const override { return {"apply-patch"}; }
  std::vector<std::pair<std::string, std::string>> argument_aliases() const override { return {{"patch", "input"}}; }
  std::optional<policy::Risk> greatest_risk() const override { return policy::Risk::write; }

  Task<policy::Effect> preview(std::string arguments_json, const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of apply_patch"));
    CO_TRY(const auto files, parse_patch(string_or(arguments, "input")));
    policy::Effect effect;
    effect.risk = policy::Risk::write;
    effect.tool = "apply_patch";
    CO_TRY(effect.paths, resolved_paths(files, context.workspace));
    effect.summary = summary_of(files, effect.paths);
    co_return effect;
  }

  Task<ports::ToolResult> run(std::string arguments_json, policy::Permit permit,
                              const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of apply_patch"));
    CO_TRY(const auto files, parse_patch(string_or(arguments, "input")));
    const auto paths = permit.effect().paths;
    std::size_t named = 0;
    for (const auto& file : files)
      named += file.move_to.empty() ? 1 : 2;
    if (named != paths.size()) co_return fail(Kind::bug, "The permit is for another patch.");
    // The workspace outlives this call, and the call waits for the pool.
    std::function<Result<bool>()> work = [files, paths, workspace = &context.workspace]() -> Result<bool> {
      TRY(const auto changes, plan(files, paths, *workspace));
      return carry_out(changes, *workspace);
    };
    CO_TRY([[maybe_unused]] const bool done, co_await async::offload<bool>(std::move(work)));
    co_return report(files, paths);
  }

private:
  static ports::ToolResult report(const std::vector<FilePatch>& files, const std::vector<std::string>& paths) {
    std::string text = "Success. Updated the following files:\n";
    json::array added;
    json::array modified;
    json::array deleted;
    std::size_t at = 0;
    for (const auto& file : files) {
      const auto path = to_valid_utf8(paths[at++]);
      if (file.action == Action::add) {
        text += fmt::format("A {}\n", printable(path, 300));
        added.emplace_back(path);
      } else if (file.action == Action::remove) {
        text += fmt::format("D {}\n", printable(path, 300));
        deleted.emplace_back(path);
      } else if (file.move_to.empty()) {
        text += fmt::format("M {}\n", printable(path, 300));
        modified.emplace_back(path);
      } else {
        const auto target = to_valid_utf8(paths[at++]);
        text += fmt::format("M {} (was {})\n", printable(target, 300), printable(path, 300));
        modified.emplace_back(target);
        deleted.emplace_back(path);
      }
    }
    auto result = ports::text_result(std::move(text));
    json::object summary{
        {"added", std::move(added)}, {"modified", std::move(modified)}, {"deleted", std::move(deleted)}};
    result.details_json = to_text(json::object{{"status", "completed"}, {"summary", std::move(summary)}});
    return result;
  }
};

} // namespace

std::unique_ptr<ports::Tool> make_apply_patch_tool() {
  return std::make_unique<ApplyPatchTool>();
}

} // namespace openclaw::tools

namespace openclaw::ports {

void register_tools_apply_patch(Registry& registry);
void register_tools_apply_patch(Registry& registry) {
  registry.add_tool(tools::make_apply_patch_tool());
}

} // namespace openclaw::ports
