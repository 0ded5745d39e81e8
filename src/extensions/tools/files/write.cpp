#include "async/offload.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "extensions/tools/files/files.hpp"
#include <fmt/core.h>

namespace openclaw::tools {
namespace {

constexpr const char* kSchema = R"({"type":"object","properties":{
"path":{"type":"string","minLength":1,"description":"Path of the file, relative to the workspace or absolute below it."},
"content":{"type":"string","description":"The whole new content."}},
"required":["path","content"]})";

class WriteTool final : public ports::Tool {
public:
  ports::ToolSpec spec() const override {
    return {"write", "Write a file of the workspace: creates it and its folders, or replaces its whole content.",
            kSchema};
  }
  std::vector<std::pair<std::string, std::string>> argument_aliases() const override { return {{"file_path", "path"}}; }
  std::optional<policy::Risk> greatest_risk() const override { return policy::Risk::write; }
  Task<policy::Effect> preview(std::string arguments_json, const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of write"));
    CO_TRY(auto effect, file_effect(policy::Risk::write, "write", string_or(arguments, "path"), context.workspace));
    effect.summary += fmt::format(" ({} bytes)", string_or(arguments, "content").size());
    co_return effect;
  }

  Task<ports::ToolResult> run(std::string arguments_json, policy::Permit permit,
                              const ports::ToolContext& context) override {
    CO_TRY(const auto arguments, parse_json(arguments_json, "arguments of write"));
    const auto content = std::make_shared<const std::string>(string_or(arguments, "content"));
    const auto path = permitted_path(permit);
    const bool present = context.workspace.exists(path);
    // The workspace outlives this call, and the call waits for the pool.
    std::function<Result<bool>()> work = [content, path, workspace = &context.workspace]() -> Result<bool> {
      TRY_VOID(workspace->write_file(path, *content));
      return true;
    };
    const auto written = co_await async::offload<bool>(std::move(work));
    if (!written) co_return error_result(written.error());
    const auto& shown = permit.effect().paths.front();
    auto result = ports::text_result(
        fmt::format("{} {} ({} bytes).", present ? "Replaced" : "Created", printable(shown, 300), content->size()));
    json::object details{{"path", to_valid_utf8(shown)}, {"bytes", content->size()}, {"created", !present}};
    result.details_json = to_text(details);
    co_return result;
  }
};

} // namespace

std::unique_ptr<ports::Tool> make_write_tool() {
  return std::make_unique<WriteTool>();
}

} // namespace openclaw::tools
